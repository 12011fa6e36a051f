"""Runtimes whose converters need an environment of their own: ExecuTorch, LiteRT."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from visionft.errors import ExportError
from visionft.export.writers.base import Writer
from visionft.export.writers.torch_program import TorchExportWriter
from visionft.predict.runtimes.file_engine import SPEC_FILE
from visionft.predict.runtimes.isolated import python_with, run_script
from visionft.spec import ModelSpec

_SCRIPT = Path(__file__).with_name("convert_isolated.py")


class IsolatedWriter(Writer):
    """Hands the network over as a torch program to the Python that has the converter.

    Attributes:
        file: the name of the runtime's file.
        package: the converter, as that Python imports it.
        install: what pip installs.
    """

    file: ClassVar[str]
    package: ClassVar[str]
    install: ClassVar[str]

    def write(
        self,
        network: nn.Module,
        spec: ModelSpec,
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None = None,  # noqa: ARG002  # float32 has the range of everything
    ) -> None:
        """Write the folder; see ``Writer.write``."""
        python = python_with(self.package, self.install, f"export to {self.kind}")
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "model.pt2"
            TorchExportWriter().write(network, spec, program)
            path.mkdir()
            if reason := run_script(python, _SCRIPT, self.kind, str(program), str(path / self.file)):
                raise ExportError(f"{self.package} cannot convert the network: {reason}; take onnx or openvino")
        (path / SPEC_FILE).write_text(spec.to_json(), encoding="utf-8")


class ExecutorchWriter(IsolatedWriter):
    """An ExecuTorch program for XNNPACK, for phones."""

    kind: ClassVar[str] = "executorch"
    suffix: ClassVar[str] = ".executorch"
    file: ClassVar[str] = "model.pte"
    package: ClassVar[str] = "executorch"
    install: ClassVar[str] = "executorch"


class LitertWriter(IsolatedWriter):
    """A LiteRT model (TensorFlow Lite), for Android and microcontrollers: one image at a time."""

    kind: ClassVar[str] = "litert"
    suffix: ClassVar[str] = ".litert"
    file: ClassVar[str] = "model.tflite"
    package: ClassVar[str] = "litert_torch"
    install: ClassVar[str] = "litert-torch"
