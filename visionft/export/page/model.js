// The model of this folder, run in the browser.

import { predict } from "./task.js";

/** Open it; nothing is asked of any other place. With `webgpu` the network runs on the graphics chip. */
export async function openModel({ webgpu = false } = {}) {
  const [spec, page] = await Promise.all(["./spec.json", "./page.json"].map(async (name) => (await ask(name)).json()));
  const ort = await import(webgpu ? "./runtime/ort.webgpu.min.mjs" : "./runtime/ort.wasm.min.mjs");
  ort.env.wasm.wasmPaths = new URL("./runtime/", import.meta.url).href;
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  ort.env.logLevel = "error";
  const bytes = new Uint8Array(await (await ask("./model.onnx")).arrayBuffer());
  const session = await ort.InferenceSession.create(bytes, { executionProviders: [webgpu ? "webgpu" : "wasm"] });
  const { height, width } = spec.input;

  let before = Promise.resolve(); // a session runs one batch at a time

  function run(canvases) {
    const images = new Uint8Array(canvases.length * height * width * 3);
    canvases.forEach((canvas, number) => images.set(canvas, number * canvas.length));
    const input = { images: new ort.Tensor("uint8", images, [canvases.length, height, width, 3]) };
    const now = before.then(() => session.run(input));
    before = now.catch(() => {});
    return now;
  }

  const model = { spec, ...page };
  return { ...model, predict: (image, threshold = null) => predict(image, model, run, threshold) };
}

async function ask(name) {
  const answer = await fetch(new URL(name, import.meta.url));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}; the folder is not whole`);
  return answer;
}
