// Runs the modules of exported pages in Node.js: `node page_in_node.mjs FILE`, FILE being JSON of what to do, results on stdout.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { pages, canvases, imaging } = JSON.parse(readFileSync(process.argv[2]));
const open = (file) => import(pathToFileURL(file));
const image = ({ file, width, height }) => ({ pixels: new Uint8Array(readFileSync(file)), width, height });
const plain = (key, value) => (value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value);

const { toCanvas } = await open(imaging);
const fitted = canvases.map((each) => Buffer.from(toCanvas(image(each), each.input)).toString("base64"));

const answers = [];
for (const { folder, images, threshold } of pages) {
  const ort = await open(`${folder}/runtime/ort.wasm.min.mjs`);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = readFileSync(`${folder}/runtime/ort-wasm-simd-threaded.wasm`);
  ort.env.wasm.wasmPaths = { mjs: pathToFileURL(`${folder}/runtime/ort-wasm-simd-threaded.mjs`).href };
  const session = await ort.InferenceSession.create(readFileSync(`${folder}/model.onnx`));
  const spec = JSON.parse(readFileSync(`${folder}/spec.json`)), { predict } = await open(`${folder}/task.js`);
  const { height, width } = spec.input;
  const run = (batch) => session.run({
    images: new ort.Tensor("uint8", new Uint8Array(Buffer.concat(batch)), [batch.length, height, width, 3]),
  });
  const said = [];
  for (const each of images) said.push(await predict(image(each), { spec }, run, threshold));
  answers.push(said);
}
process.stdout.write(JSON.stringify({ fitted, answers }, plain));
process.exitCode = 0;
