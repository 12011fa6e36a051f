"""MNN: a folder with its model.mnn, for phones and small boards."""

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import onnx
from numpy.typing import NDArray
from torch import nn

from visionft.errors import ExportError
from visionft.export.writers.base import Writer
from visionft.export.writers.onnx import OnnxWriter
from visionft.predict.runtimes.file_engine import SPEC_FILE
from visionft.predict.runtimes.isolated import python_with
from visionft.spec import ModelSpec

# not MNN's own command, which reports to its makers and installs a package for that
_CONVERT = "import sys, MNN, _tools; _tools.mnnconvert(['mnnconvert', *sys.argv[1:]])"


class MnnWriter(Writer):
    """Writes what MNN's converter makes of the ONNX file, in float32."""

    kind: ClassVar[str] = "mnn"
    suffix: ClassVar[str] = ".mnn"

    def write(
        self,
        network: nn.Module,
        spec: ModelSpec,
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None = None,  # noqa: ARG002  # float32 has the range of everything
    ) -> None:
        """Write the folder; see ``Writer.write``."""
        python = python_with("MNN", "MNN", "export to MNN")
        path.mkdir()
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "model.onnx"
            OnnxWriter().write(network, spec, source)
            onnx.save(without_vectors(onnx.load(source)), source)
            convert(source, path / "model.mnn", python)
        (path / SPEC_FILE).write_text(spec.to_json(), encoding="utf-8")

    def try_out(self, network: nn.Module, spec: ModelSpec) -> None:
        """Find out whether there will be an ONNX file."""
        OnnxWriter().try_out(network, spec)


def without_vectors(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph whose products with a constant vector are with a matrix of one column.

    MNN takes the last axis of the other factor for one of one element where a vector stands behind it.
    """
    graph = model.graph
    vectors = {tensor.name: tensor for tensor in graph.initializer if len(tensor.dims) == 1}
    nodes = []
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in vectors:
            column, result = f"{node.output[0]}_column", node.output[0]
            values = onnx.numpy_helper.to_array(vectors[node.input[1]])
            graph.initializer.append(onnx.numpy_helper.from_array(values[:, None], column))
            axes = f"{result}_last_axis"
            graph.initializer.append(onnx.numpy_helper.from_array(np.array([-1]), axes))
            node.input[1], node.output[0] = column, f"{result}_matrix"
            nodes += [node, onnx.helper.make_node("Squeeze", [node.output[0], axes], [result])]
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    return model


def convert(source: Path, path: Path, python: str = sys.executable) -> None:
    """Run MNN's converter in a process of its own: it prints, and ends its process where it fails.

    Raises:
        ExportError: there is no model; the message has what the converter says.
    """
    options = ["-f", "ONNX", "--modelFile", str(source), "--MNNModel", str(path), "--bizCode", "visionft"]
    command = [python, "-c", _CONVERT, *options, "--keepInputFormat"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603  # ours
    if not path.is_file():
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise ExportError(f"MNN cannot convert the network: {_reason(said)}; take onnx or openvino")


def _reason(said: list[str]) -> str:
    telling = [
        line for line in said if "not support" in line.lower() or "error" in line.lower() or "can't" in line.lower()
    ]
    return (telling or said or ["no reason is given"])[-1]
