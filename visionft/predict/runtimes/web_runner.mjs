// Runs the network of an exported page as the page does, for `WebEngine`: canvases on stdin, outputs on stdout.
//
// Each message is 4 bytes, its length (of canvases: their number), and as many bytes. An answer is JSON, which tells names,
// types and shapes of outputs, or an error, and then the outputs' numbers one after the other.

import { readFileSync, readSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, height, width, threads] = process.argv.slice(2);

/** Return so many bytes, null at the end of the input. */
function read(size) {
  const data = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const got = readSync(0, data, at, size - at);
    if (got === 0) return null;
    at += got;
  }
  return data;
}

function write(data) {
  for (let at = 0; at < data.length; ) at += writeSync(1, data, at, data.length - at);
}

function answer(head, arrays = []) {
  const text = Buffer.from(JSON.stringify(head)), size = Buffer.alloc(4);
  size.writeUInt32LE(text.length);
  for (const part of [size, text, ...arrays]) write(part);
}

async function open() {
  const runtime = `${folder}/runtime/`;
  const ort = await import(pathToFileURL(`${runtime}ort.wasm.min.mjs`));
  ort.env.wasm.numThreads = Number(threads);
  ort.env.wasm.wasmBinary = readFileSync(`${runtime}ort-wasm-simd-threaded.wasm`);
  ort.env.wasm.wasmPaths = { mjs: pathToFileURL(`${runtime}ort-wasm-simd-threaded.mjs`).href };
  ort.env.logLevel = "fatal";
  const session = await ort.InferenceSession.create(readFileSync(`${folder}/model.onnx`), { executionProviders: ["wasm"] });
  return { ort, session };
}

async function run({ ort, session }, batch, data) {
  const shape = [batch, Number(height), Number(width), 3];
  const found = await session.run({ images: new ort.Tensor("uint8", data, shape) });
  const outputs = session.outputNames.map((name) => ({ name, type: found[name].type, shape: found[name].dims }));
  const bytes = ({ data: numbers }) => Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  answer({ outputs }, session.outputNames.map((name) => bytes(found[name])));
}

try {
  const opened = await open();
  answer({ outputs: [] });
  for (let size = read(4); size !== null; size = read(4)) {
    const batch = size.readUInt32LE();
    const data = read(batch * height * width * 3);
    try {
      await run(opened, batch, new Uint8Array(data));
    } catch (error) {
      answer({ error: String(error?.message ?? error) });
    }
  }
} catch (error) {
  answer({ error: String(error?.message ?? error) });
}
process.exit(0); // threads of the runtime would go on
