"""Headless Chromium on an exported page, and what the page says of images."""

import json
import os
import shutil
import subprocess
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from visionft.errors import ExportError
from visionft.export.writers.web import find_runtime
from visionft.predict.runtimes.web import WebEngine

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SECONDS = 90


def missing_for_pages() -> str | None:
    """Return what is not installed that pages need here, None where nothing is."""
    try:
        find_runtime()
    except ExportError as error:
        return str(error)
    return None if shutil.which("node") else "Node.js is not installed"


def link_runtime(package: Path, target: Path) -> tuple[str, bool]:
    """Stand in for the copying of the runtime, which is large and the same in all pages."""
    target.mkdir()
    for name in WebEngine.files[1:]:
        (target / Path(name).name).symlink_to(package / "dist" / Path(name).name)
    return "linked", False


HARNESS = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module">
const images = %s;
const send = (value) => fetch("/result", { method: "POST", body: JSON.stringify(value) });
const wait = async (ready) => { while (!ready()) await new Promise((done) => setTimeout(done, 20)); };
const text = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const plain = (key, value) => (value instanceof Uint8Array ? text(value) : value);
try {
  const { openModel } = await import("./model.js");
  const { decode } = await import("./decode.js");
  const model = await openModel(), answers = [];
  for (const name of images) {
    const file = new File([await (await fetch(`/images/${name}`)).blob()], name);
    try {
      answers.push(JSON.parse(JSON.stringify(await model.predict(await decode(file, model.spec.input)), plain)));
    } catch (error) {
      answers.push({ error: error.message });
    }
  }
  const first = await decode(await (await fetch(`/images/${images[0]}`)).blob(), model.spec.input);
  await Promise.all([model.predict(first), model.predict(first)]); // which must not be in each other's way
  const frame = document.createElement("iframe");
  frame.src = "./index.html";
  frame.width = 800;
  frame.height = 800;
  const refused = [];
  document.body.append(frame);
  await new Promise((done) => { frame.onload = done; });
  const page = frame.contentDocument, find = (id) => page.getElementById(id);
  page.addEventListener("securitypolicyviolation", (event) => refused.push(event.blockedURI));
  await wait(() => find("state").textContent.startsWith("Ready") || find("state").className === "error");
  const before = find("state").textContent, transfer = new DataTransfer();
  transfer.items.add(new File([await (await fetch(`/images/${images[0]}`)).blob()], "chosen"));
  find("file").files = transfer.files;
  find("file").dispatchEvent(new Event("change"));
  await wait(() => find("state").textContent === "chosen" || find("state").className === "error");
  const [summary, after] = ["summary", "state"].map((id) => find(id).textContent);
  await send({ answers, refused, before, summary, after, title: page.title });
} catch (error) {
  await send({ failure: `${error.message} ${error.stack}` });
}
</script><body></body>"""


def ask_page(folder: Path, images: list[Path]) -> dict[str, Any]:
    """Return what an exported page says of images, in headless Chromium.

    Args:
        folder: the page.
        images: files that a browser reads.
    """
    named = {f"{number}{image.suffix}": image for number, image in enumerate(images)}
    arrived, asked = threading.Event(), []
    result: dict[str, Any] = {}

    class Handler(SimpleHTTPRequestHandler):
        def guess_type(self, path):
            kinds = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}
            return kinds.get(Path(path).suffix) or super().guess_type(path)

        def do_GET(self):
            asked.append(self.path)
            if self.path == "/harness.html":
                self.answer("text/html", (HARNESS % json.dumps(list(named))).encode())
            elif self.path.startswith("/images/"):
                self.answer("application/octet-stream", named[self.path.removeprefix("/images/")].read_bytes())
            else:
                super().do_GET()

        def do_POST(self):
            result.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer("text/plain", b"")
            arrived.set()

        def answer(self, kind, data):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/harness.html"
    with tempfile.TemporaryDirectory() as profile:
        # nothing outside the page's own server can be reached
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            f"--user-data-dir={profile}",
        ]
        offline = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        process = subprocess.Popen(
            [CHROMIUM, *options, offline, address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            assert arrived.wait(SECONDS), f"the page did not answer; it asked for {asked}"
        finally:
            os.killpg(process.pid, 9)
            process.wait()
            server.shutdown()
            server.server_close()
    assert "failure" not in result, result
    return {**result, "asked": asked}
