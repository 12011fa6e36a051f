"""ncnn: a folder with its model.param and model.bin, for phones and small boards."""

import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from visionft.errors import ExportError, MissingExtra
from visionft.export.writers.base import Writer
from visionft.models.conversion import to_onnx
from visionft.predict.runtimes.file_engine import SPEC_FILE
from visionft.spec import ModelSpec
from visionft.tasks import TASKS

_UNKNOWN = re.compile(r"ignore (\S+) \S+ param|(.*(?:unsupported|not supported).*)")
"""What pnnx says of operations that it leaves as they are, and of those that it writes wrongly."""


class NcnnWriter(Writer):
    """Writes what pnnx makes of the network, in float32: one image at a time, as ncnn has it."""

    kind: ClassVar[str] = "ncnn"
    suffix: ClassVar[str] = ".ncnn"

    def write(
        self,
        network: nn.Module,
        spec: ModelSpec,
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None = None,  # noqa: ARG002  # float32 has the range of everything
    ) -> None:
        """Write the folder; see ``Writer.write``."""
        try:
            import pnnx
        except ModuleNotFoundError as error:
            raise MissingExtra("pnnx", "ncnn", "export to ncnn") from error
        outputs = sum(not output.derived for output in TASKS[spec.task].outputs)
        shape = (1, 3, spec.input.height, spec.input.width)
        path.mkdir()
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "model.onnx"
            source.write_bytes(to_onnx(_Planes(network, outputs), torch.zeros(shape), ["in0"]).SerializeToString())
            _convert(pnnx.EXEC_PATH, source, shape, path)
        (path / SPEC_FILE).write_text(spec.to_json(), encoding="utf-8")


class _Planes(nn.Module):
    """A network for the one image of float32 planes that ncnn takes, without what follows from other outputs."""

    def __init__(self, network: nn.Module, outputs: int) -> None:
        super().__init__()
        self.network = network
        self.outputs = outputs

    def forward(self, images_BCHW: Tensor) -> tuple[Tensor, ...]:
        results: tuple[Tensor, ...] = self.network(images_BCHW.permute(0, 2, 3, 1))
        return results[: self.outputs]


def _convert(program: str, source: Path, shape: tuple[int, ...], path: Path) -> None:
    """Run pnnx.

    Raises:
        ExportError: it fails, or leaves operations that ncnn does not have; the message names them.
    """
    beside = source.parent  # what pnnx writes for its own use
    options = {
        "inputshape": f"[{','.join(map(str, shape))}]f32",
        "fp16": "0",
        "ncnnparam": path / "model.param",
        "ncnnbin": path / "model.bin",
        **{name: beside / name for name in ("pnnxparam", "pnnxbin", "pnnxpy", "pnnxonnx", "ncnnpy")},
    }
    command = [program, str(source), *(f"{name}={value}" for name, value in options.items())]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, cwd=beside)  # noqa: S603
    unknown = {
        found[1] or found[2].strip()
        for found in map(_UNKNOWN.search, (done.stdout + done.stderr).splitlines())
        if found
    }
    if unknown or done.returncode or not (path / "model.param").is_file():
        named = ", ".join(sorted(unknown)[:6]) or f"pnnx ends with {done.returncode}"
        raise ExportError(
            f"ncnn cannot do all that the network does: {named}; it has no sorting and gathering, hence no detections; "
            "take onnx, openvino or mnn"
        )
