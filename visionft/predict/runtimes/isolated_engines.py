"""Exported models of runtimes that need an environment, or at least a process, of their own.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.predict.runtimes.file_engine import FolderEngine, require_cpu
from visionft.predict.runtimes.isolated import ScriptProcess, python_with


class IsolatedEngine(FolderEngine):
    """A model that a process of the Python runs which has its runtime.

    Attributes:
        package: as that Python imports it.
        install: what pip installs.
    """

    package: ClassVar[str]
    install: ClassVar[str]

    def load(self, threads: int | None, providers: Sequence[str]) -> None:
        """Start the process."""
        require_cpu(providers)
        python = python_with(self.package, self.install, f"{self.runtime}")
        model = self.folder / self.files[0]
        self._process = ScriptProcess(python, self.kind, str(model), str(threads or 0), outputs=self.names)

    def infer(self, images_BHW3: NDArray[np.uint8]) -> Sequence[NDArray[Any]]:
        """Let the process run the canvases."""
        return self._process(images_BHW3)


class ExecutorchEngine(IsolatedEngine):
    """An ExecuTorch program."""

    kind: ClassVar[str] = "executorch"
    runtime: ClassVar[str] = "ExecuTorch"
    files: ClassVar[tuple[str, ...]] = ("model.pte",)
    package: ClassVar[str] = "executorch"
    install: ClassVar[str] = "executorch"


class LitertEngine(IsolatedEngine):
    """A LiteRT model."""

    kind: ClassVar[str] = "litert"
    runtime: ClassVar[str] = "LiteRT"
    files: ClassVar[tuple[str, ...]] = ("model.tflite",)
    package: ClassVar[str] = "ai_edge_litert"
    install: ClassVar[str] = "ai-edge-litert"


class MnnEngine(IsolatedEngine):
    """An MNN model. MNN prints, and ends its process where a model is not as it expects."""

    kind: ClassVar[str] = "mnn"
    runtime: ClassVar[str] = "MNN"
    files: ClassVar[tuple[str, ...]] = ("model.mnn",)
    package: ClassVar[str] = "MNN"
    install: ClassVar[str] = "MNN"
