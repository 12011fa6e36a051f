"""Exported MNN models, run by MNN.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Sequence
from threading import Lock
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.cores import usable_cores
from visionft.errors import MissingExtra
from visionft.predict.runtimes.file_engine import FolderEngine, require_cpu, silence

try:
    import MNN.expr
    import MNN.nn
except ModuleNotFoundError as error:
    raise MissingExtra("MNN", "mnn", "running MNN models") from error


class MnnEngine(FolderEngine):
    """An MNN model that has been opened; it computes in float32, for one caller at a time."""

    kind: ClassVar[str] = "mnn"
    runtime: ClassVar[str] = "MNN"
    files: ClassVar[tuple[str, ...]] = ("model.mnn",)
    fails: ClassVar[tuple[type[Exception], ...]] = (RuntimeError, SystemError)

    def load(self, threads: int | None, providers: Sequence[str]) -> None:
        """Load the module; its precision is ``high`` since what MNN calls normal is half where a CPU has it."""
        require_cpu(providers)
        self._lock = Lock()  # a module has one set of tensors
        options = {"backend": "CPU", "precision": "high", "numThread": threads or usable_cores()}
        with silence():
            # a module runs on its manager, which nothing else keeps
            self._manager = MNN.nn.create_runtime_manager((options,))
            self._module = MNN.nn.load_module_from_file(
                str(self.folder / self.files[0]), ["images"], self.names, runtime_manager=self._manager
            )

    def infer(self, images_BHW3: NDArray[np.uint8]) -> Sequence[NDArray[Any]]:
        """Run the module."""
        with self._lock, silence():
            images = MNN.expr.const(images_BHW3, list(images_BHW3.shape), MNN.expr.NCHW, MNN.expr.uint8)
            outputs = self._module.forward([images])
            if len(outputs) != len(self.names):
                raise RuntimeError("an operation fails")
            return [np.array(values.read()) for values in outputs]
