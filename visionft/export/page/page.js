// What the person sees: drops and chooses images, opens the camera, reads the answers.

import { decode, pixelsOf } from "./decode.js";
import { openModel } from "./model.js";
import * as task from "./task.js";

const find = (id) => document.getElementById(id);
const MOST_ROWS = 12;

let model = null, busy = false, wanted = false, stream = null, last = null;

function say(text, isError = false) {
  find("state").textContent = text;
  find("state").classList.toggle("error", isError);
}

async function open(webgpu) {
  busy = true;
  say("Loading the model …");
  try {
    model = await openModel({ webgpu });
    say("Ready. Nothing that you open leaves this device.");
  } catch (error) {
    find("webgpu").checked = false;
    say(`The model cannot be loaded: ${error.message}`, true);
  }
  busy = false;
}

function describe() {
  const { spec, title, runtime, takes_threshold: thresholds } = model;
  document.title = find("title").textContent = title;
  find("facts").textContent = `${spec.task.replaceAll("_", " ")}: ${spec.class_names.join(", ")}`;
  find("runtime").textContent = runtime;
  find("origin").textContent = JSON.stringify(spec.provenance, null, 2);
  find("threshold-row").hidden = !thresholds;
  find("webgpu-row").hidden = !("gpu" in navigator) || !model.webgpu;
}

const threshold = () => (find("own").checked ? null : Number(find("threshold").value));

/** Predict for pixels and show them; `source` is what a canvas draws. */
async function look(image, source) {
  const began = performance.now();
  const prediction = await model.predict(image, threshold());
  const seconds = (performance.now() - began) / 1000;
  const canvas = find("picture"), context = canvas.getContext("2d", { willReadFrequently: true });
  canvas.width = image.width;
  canvas.height = image.height;
  context.drawImage(source, 0, 0, image.width, image.height);
  task.draw?.(context, prediction, model);
  show(prediction, seconds);
}

function show(prediction, seconds) {
  const { summary, rows } = task.told(prediction, model);
  find("result").hidden = false;
  find("summary").textContent = summary;
  find("seconds").textContent = `${seconds.toFixed(2)} s`;
  find("rows").replaceChildren(...rows.slice(0, MOST_ROWS).map(rowOf));
  find("more").textContent = rows.length > MOST_ROWS ? `and ${rows.length - MOST_ROWS} more` : "";
}

function rowOf({ name, share, text, colour, strong }) {
  const row = document.createElement("tr"), head = document.createElement("th"), bar = document.createElement("td");
  head.scope = "row";
  head.textContent = name;
  if (strong) row.className = "strong";
  if (colour) {
    const patch = document.createElement("span");
    patch.className = "patch";
    patch.style.setProperty("--class", `rgb(${colour.join(" ")})`);
    head.prepend(patch);
  }
  bar.textContent = text ?? `${(100 * share).toFixed(1)} %`;
  if (share !== undefined) bar.style.setProperty("--share", share);
  row.append(head, bar);
  return row;
}

async function openFile(file) {
  if (busy || !model) return;
  closeCamera();
  busy = true;
  try {
    say(`Looking at ${file.name} …`);
    const image = await decode(file, model.spec.input);
    last = { image, source: await createImageBitmap(file, { imageOrientation: "from-image" }) };
    await look(last.image, last.source);
    say(file.name);
  } catch (error) {
    say(`${file.name}: ${error.message}`, true);
  }
  busy = false;
}

/** Look at the same image once more, and again where something has changed meanwhile. */
async function again() {
  wanted = true;
  if (busy || !last || stream) return;
  busy = true;
  try {
    while (wanted) {
      wanted = false;
      await look(last.image, last.source);
    }
  } catch (error) {
    say(error.message, true);
  }
  busy = false;
}

function closeCamera() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  find("camera").textContent = "Open the camera";
}

async function toggleCamera() {
  if (busy || !model) return;
  if (stream) {
    closeCamera();
    return;
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (error) {
    say(`The camera cannot be opened: ${error.message}`, true);
    return;
  }
  const video = find("video");
  video.srcObject = stream;
  await video.play();
  find("camera").textContent = "Close the camera";
  say("Camera");
  while (stream) {
    try {
      await look(pixelsOf(video, video.videoWidth, video.videoHeight, model.spec.input), video);
    } catch (error) {
      say(error.message, true);
      closeCamera();
    }
    await new Promise(requestAnimationFrame);
  }
}

function listen() {
  const zone = find("zone");
  find("file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    event.target.value = ""; // so that the same file can be chosen once more
    if (file) openFile(file);
  });
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) document.addEventListener(name, () => zone.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) openFile(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => event.clipboardData.files[0] && openFile(event.clipboardData.files[0]));
  find("camera").addEventListener("click", toggleCamera);
  find("camera").hidden = !navigator.mediaDevices;
  find("threshold").addEventListener("input", () => {
    find("own").checked = false;
    find("threshold-value").textContent = Number(find("threshold").value).toFixed(2);
    again();
  });
  find("own").addEventListener("change", again);
  find("webgpu").addEventListener("change", async () => { await open(find("webgpu").checked); await again(); });
}

listen();
await open(false);
if (model) describe();
