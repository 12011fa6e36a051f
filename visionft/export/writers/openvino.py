"""OpenVINO: a folder with its model.xml and model.bin, for Intel's CPUs, GPUs and NPUs, and for ARM."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from visionft.errors import ExportError, MissingExtra
from visionft.export.parity import Limits
from visionft.export.writers.base import Attempt, Writer, fp16_limits, int8_limits
from visionft.export.writers.onnx import OnnxWriter
from visionft.export.writers.onnx_int8 import quantized
from visionft.export.writers.reduced_precision import ReducedPrecisionWriter
from visionft.predict.runtimes.file_engine import SPEC_FILE
from visionft.spec import ModelSpec
from visionft.tasks.learner import Learner


class OpenVinoWriter(Writer):
    """Writes what OpenVINO reads of the ONNX file, in its own format."""

    kind: ClassVar[str] = "openvino"
    suffix: ClassVar[str] = ".openvino"
    halved: ClassVar[bool] = False

    def write(
        self,
        network: nn.Module,
        spec: ModelSpec,
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None = None,  # noqa: ARG002  # these numbers need no ranges
    ) -> None:
        """Write the folder; see ``Writer.write``."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "model.onnx"
            OnnxWriter().write(network, spec, source)
            write_openvino(source, spec, path, halved=self.halved)

    def try_out(self, network: nn.Module, spec: ModelSpec) -> None:
        """Find out whether there will be an ONNX file."""
        OnnxWriter().try_out(network, spec)


class OpenVinoFp16Writer(OpenVinoWriter):
    """Stores the weights in half as many bytes. CPUs compute in float32 all the same, GPUs and NPUs need not."""

    kind: ClassVar[str] = "openvino-fp16"
    variant: ClassVar[str] = "fp16"
    halved: ClassVar[bool] = True

    def limits(self, task: Learner) -> Limits:
        """Return how far its files may be from the network: weights have 11 bits."""
        return fp16_limits(task)


class OpenVinoInt8Writer(ReducedPrecisionWriter):
    """Writes what OpenVINO reads of the ONNX file in 8 bits, which it runs faster than onnxruntime does."""

    kind: ClassVar[str] = "openvino-int8"
    suffix: ClassVar[str] = ".openvino"
    variant: ClassVar[str] = "int8"

    def limits(self, task: Learner) -> Limits:
        """Return how far its files may be from the network: as those of onnx-int8."""
        return int8_limits(task)

    def convert(
        self, source: Path, spec: ModelSpec, path: Path, calibration: Iterable[NDArray[np.uint8]] | None
    ) -> Iterator[Attempt]:
        """Write the folder with fewer and fewer layers in 8 bits."""
        smaller = source.with_name("int8.onnx")
        for attempt in quantized(source, smaller, calibration):
            if path.exists():  # new files: those of the attempt before may still be mapped into memory
                shutil.rmtree(path)
            write_openvino(smaller, spec, path, halved=False)
            yield attempt


def write_openvino(source: Path, spec: ModelSpec, path: Path, *, halved: bool) -> None:
    """Write an ONNX file as an OpenVINO folder.

    Raises:
        MissingExtra: OpenVINO is not installed.
        ExportError: OpenVINO does not take an operation; the message names it.
    """
    try:
        import openvino as ov
    except ModuleNotFoundError as error:
        raise MissingExtra("openvino", "openvino", "export to OpenVINO") from error
    path.mkdir()
    try:
        ov.save_model(ov.Core().read_model(source), path / "model.xml", compress_to_fp16=halved)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ExportError(f"OpenVINO cannot read the network: {reason}") from error
    (path / SPEC_FILE).write_text(spec.to_json(), encoding="utf-8")
