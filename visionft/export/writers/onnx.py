"""ONNX: one file for onnxruntime, which also OpenVINO and TensorRT read."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from visionft import __version__
from visionft.errors import ExportError
from visionft.export.writers.base import GraphForm, Writer
from visionft.export.writers.onnx_operations import TRANSLATED
from visionft.export.writers.opset import to_opset
from visionft.export.writers.program import BATCH, trace
from visionft.models.conversion import OPSET, require_room, to_onnx
from visionft.predict.engine import EXPORTED
from visionft.predict.runtimes.onnx_runtime import INPUT, SPEC_KEY
from visionft.spec import ModelSpec
from visionft.tasks import TASKS, target_of

USUAL_FORM = GraphForm()


class OnnxWriter(Writer):
    """Writes one ONNX file with the spec in its metadata.

    Args:
        form: of the graph.
    """

    kind: ClassVar[str] = "onnx"
    suffix: ClassVar[str] = ".onnx"
    takes_form: ClassVar[bool] = True

    def __init__(self, form: GraphForm = USUAL_FORM) -> None:
        self._form = form

    @property
    def file_name(self) -> str:
        """What its file is called in a run folder."""
        title = self._form.title
        return f"{EXPORTED}-{title}{self.suffix}" if title else super().file_name

    def write(
        self,
        network: nn.Module,
        spec: ModelSpec,
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None = None,  # noqa: ARG002  # float32 has the range of everything
    ) -> None:
        """Write the file; see ``Writer.write``."""
        model = _convert(network, spec, self._form)
        _strip_debug_info(model)
        model.producer_name, model.producer_version = "visionft", __version__
        model.doc_string = _describe(spec, self._form)
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


def _convert(network: nn.Module, spec: ModelSpec, form: GraphForm = USUAL_FORM) -> onnx.ModelProto:
    example = _example(spec)
    if form.batch is not None:
        example = example[:1].expand(form.batch, -1, -1, -1)
    if form.floats:
        network, example = _FloatImages(network), example.permute(0, 3, 1, 2).float()
    shapes = BATCH if form.batch is None else None
    model = to_onnx(network, example, [INPUT], _output_names(spec), shapes, max(form.opset, OPSET))
    axis = model.graph.input[0].type.tensor_type.shape.dim[0]
    if form.batch is None and axis.HasField("dim_value"):  # what torch makes of code that counts the images
        raise ExportError(
            f"its code works for {axis.dim_value} images at once and no other number; write it for any, or fix the "
            "number with --batch"
        )
    return to_opset(model, form.opset)


class _FloatImages(nn.Module):
    """A network that takes floats, channels first.

    Args:
        network: takes images_BHW3.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images_B3HW: Tensor) -> Any:
        """Return the outputs for RGB canvases from 0 to 255."""
        return self.network(images_B3HW.permute(0, 2, 3, 1))


def _strip_debug_info(model: onnx.ModelProto) -> None:
    """Drop the stack traces of every node: they name files of the machine that exported."""
    del model.graph.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]


def _output_names(spec: ModelSpec) -> list[str]:
    return [output.name for output in TASKS[spec.task].outputs]


def _describe(spec: ModelSpec, form: GraphForm) -> str:
    images = "float32 RGB from 0 to 255, NCHW" if form.floats else "uint8 RGB, NHWC"
    size = f"{spec.input.width} x {spec.input.height}"
    return (
        f"{spec.task} into {len(spec.class_names)} {target_of(spec.task).named[1]}. {INPUT}: {images}, {size}, "
        f"by '{spec.input.fit}'; normalisation is inside. Outputs: {', '.join(_output_names(spec))}. "
        f"The metadata entry {SPEC_KEY} has the details as JSON."
    )
