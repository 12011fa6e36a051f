"""Exported pages, run as a browser runs them: by onnxruntime-web, in Node.js.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

import json
import shutil
import struct
import subprocess
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from visionft.errors import CheckpointError
from visionft.predict.runtimes.file_engine import FolderEngine, require_cpu

RUNTIME = "runtime"
"""The sub-folder of a page that holds onnxruntime-web."""

_RUNNER = Path(__file__).with_name("web_runner.mjs")
_NODE = "node"


class WebEngine(FolderEngine):
    """A page's network that has been opened, in a process of Node.js that lives as long as this does."""

    kind: ClassVar[str] = "web"
    runtime: ClassVar[str] = "onnxruntime-web"
    files: ClassVar[tuple[str, ...]] = (
        "model.onnx",
        f"{RUNTIME}/ort.wasm.min.mjs",
        f"{RUNTIME}/ort-wasm-simd-threaded.mjs",
        f"{RUNTIME}/ort-wasm-simd-threaded.wasm",
    )

    def load(self, threads: int | None, providers: Sequence[str]) -> None:
        """Start the process."""
        require_cpu(providers)
        node = shutil.which(_NODE)
        if node is None:
            raise CheckpointError(f"{self._path}: is run by Node.js, which is not installed; a browser needs none")
        size = self.spec.input
        arguments = [str(self.folder.absolute()), str(size.height), str(size.width), str(threads or 1)]
        self._lock = threading.Lock()
        process = subprocess.Popen(  # noqa: S603  # our own program, and no shell
            [node, str(_RUNNER), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._requests, self._answers = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        weakref.finalize(self, _stop, process)
        self._answer()

    def infer(self, images_BHW3: NDArray[np.uint8]) -> Sequence[NDArray[Any]]:
        """Send canvases to the process, one batch at a time."""
        with self._lock:
            try:
                self._requests.write(struct.pack("<I", len(images_BHW3)))
                self._requests.write(images_BHW3.data)
                self._requests.flush()
            except OSError as error:
                raise RuntimeError("its process has ended") from error
            found = self._answer()
        return [found[name] for name in self.names]

    def _answer(self) -> dict[str, NDArray[Any]]:
        """Read the outputs of one run.

        Raises:
            RuntimeError: it has failed.
        """
        (length,) = struct.unpack("<I", self._read(4))
        head = json.loads(self._read(length))
        if "error" in head:
            raise RuntimeError(head["error"])
        outputs = {}
        for output in head["outputs"]:
            shape, dtype = output["shape"], np.dtype(output["type"])
            data = self._read(int(np.prod(shape)) * dtype.itemsize)
            outputs[output["name"]] = np.frombuffer(data, dtype).reshape(shape).copy()
        return outputs

    def _read(self, size: int) -> bytes:
        data = self._answers.read(size)
        if len(data) < size:
            raise RuntimeError("its process has ended")
        return data


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    process.kill()
    process.wait()
