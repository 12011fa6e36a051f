"""Exported ncnn models, run by ncnn.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.errors import MissingExtra
from visionft.predict.runtimes.file_engine import FolderEngine, require_cpu, silence

try:
    import ncnn
except ModuleNotFoundError as error:
    raise MissingExtra("ncnn", "ncnn", "running ncnn models") from error


class NcnnEngine(FolderEngine):
    """An ncnn model that has been opened. It takes one image at a time, and computes in float32."""

    kind: ClassVar[str] = "ncnn"
    runtime: ClassVar[str] = "ncnn"
    files: ClassVar[tuple[str, ...]] = ("model.param", "model.bin")

    def load(self, threads: int | None, providers: Sequence[str]) -> None:
        """Load the layers and their weights."""
        require_cpu(providers)
        self._net = ncnn.Net()
        options = self._net.opt
        options.use_vulkan_compute = False
        for halved in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):  # by itself on many CPUs
            setattr(options, f"use_{halved}", False)
        if threads is not None:
            options.num_threads = threads
        param, weights = (self.folder / name for name in self.files)
        with silence():
            failed = self._net.load_param(str(param)) or self._net.load_model(str(weights))
        if failed:
            raise RuntimeError("a layer that this ncnn does not know, or missing weights")

    def infer(self, images_BHW3: NDArray[np.uint8]) -> Sequence[NDArray[Any]]:
        """Run the images one after the other."""
        rows = [self._infer(image_HW3) for image_HW3 in images_BHW3]
        return [np.stack(values) for values in zip(*rows, strict=True)]

    def _infer(self, image_HW3: NDArray[np.uint8]) -> list[NDArray[Any]]:
        planes_3HW = np.ascontiguousarray(image_HW3.transpose(2, 0, 1), dtype=np.float32)
        with self._net.create_extractor() as extractor:
            extractor.input("in0", ncnn.Mat(planes_3HW))
            results = [extractor.extract(f"out{index}") for index in range(len(self.names))]
            if any(code for code, _ in results):
                raise RuntimeError("an output cannot be computed")
            return [np.array(values) for _, values in results]
