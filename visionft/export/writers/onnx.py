"""ONNX: one file for onnxruntime, which also OpenVINO and TensorRT read."""

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from visionft import __version__
from visionft.errors import ExportError
from visionft.export.writers.base import Writer
from visionft.export.writers.onnx_operations import TRANSLATED
from visionft.export.writers.program import BATCH, trace
from visionft.models.conversion import require_room, to_onnx
from visionft.predict.runtimes.onnx_runtime import INPUT, SPEC_KEY
from visionft.spec import ModelSpec
from visionft.tasks import TASKS, target_of


class OnnxWriter(Writer):
    """Writes one ONNX file with a dynamic batch and the spec in its metadata."""

    kind: ClassVar[str] = "onnx"
    suffix: ClassVar[str] = ".onnx"

    def write(
        self,
        network: nn.Module,
        spec: ModelSpec,
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None = None,  # noqa: ARG002  # float32 has the range of everything
    ) -> None:
        """Write the file; see ``Writer.write``."""
        model = _convert(network, spec)
        _strip_debug_info(model)
        model.producer_name, model.producer_version = "visionft", __version__
        model.doc_string = _describe(spec)
        onnx.helper.set_model_props(model, {SPEC_KEY: spec.to_json()})
        onnx.save(model, path)
        try:
            onnx.checker.check_model(path, full_check=True)
        except onnx.checker.ValidationError as error:
            raise ExportError(f"torch wrote an invalid graph ({error}); please report it") from error

    def try_out(self, network: nn.Module, spec: ModelSpec) -> None:
        """Trace the network, and convert it as well where an operation is not known to have a translation."""
        require_room(network)
        program = trace(network, _example(spec))
        used = {str(node.target) for node in program.graph.nodes if node.op == "call_function"}
        if not used <= TRANSLATED:
            _convert(network, spec)


def _example(spec: ModelSpec) -> torch.Tensor:
    # Two images, since torch.export takes a dimension of 0 or 1 for a constant. They lie in memory as NCHW,
    # since a network that permutes an NHWC tensor would be traced in channels_last, where torch turns global
    # pooling into a gather over computed indices.
    return torch.zeros(2, 3, spec.input.height, spec.input.width, dtype=torch.uint8).permute(0, 2, 3, 1)


def _convert(network: nn.Module, spec: ModelSpec) -> onnx.ModelProto:
    return to_onnx(network, _example(spec), [INPUT], _output_names(spec), BATCH)


def _strip_debug_info(model: onnx.ModelProto) -> None:
    """Drop the stack traces of every node: they name files of the machine that exported."""
    del model.graph.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]


def _output_names(spec: ModelSpec) -> list[str]:
    return [output.name for output in TASKS[spec.task].outputs]


def _describe(spec: ModelSpec) -> str:
    size = f"{spec.input.width} x {spec.input.height}"
    return (
        f"{spec.task} into {len(spec.class_names)} {target_of(spec.task).named[1]}. {INPUT}: uint8 RGB, NHWC, {size}, "
        f"by '{spec.input.fit}'; normalisation is inside. Outputs: {', '.join(_output_names(spec))}. "
        f"The metadata entry {SPEC_KEY} has the details as JSON."
    )
