"""From a module to an ONNX graph, by torch's exporter."""

import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, cast

import onnx
import torch
from torch import Tensor, nn

from visionft.errors import ExportError

# What torch's exporter writes without converting, and old enough for the runtimes of small devices.
OPSET = 18
MAX_BYTES = 2**31 - 2**20  # a protobuf message ends at 2 GiB; some room for the graph itself


def to_onnx(
    module: nn.Module,
    example: Tensor,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    dynamic_shapes: Any = None,
    opset: int = OPSET,
) -> onnx.ModelProto:
    """Return a module's graph.

    Args:
        module: takes one tensor.
        example: such a tensor.
        inputs: what the graph calls it; empty for names of torch's own.
        outputs: what it calls the results, likewise.
        dynamic_shapes: which dimensions may differ from the example's, as ``torch.export`` takes them; none by default.
        opset: version of the operators, at least OPSET.

    Raises:
        ExportError: torch cannot convert it; the message is the reason.
    """
    require_room(module)
    try:
        with quiet():
            program = torch.onnx.export(
                module,
                (example,),
                dynamo=True,
                verbose=False,
                opset_version=opset,
                input_names=list(inputs) or None,
                output_names=list(outputs) or None,
                dynamic_shapes=dynamic_shapes,
                custom_translation_table={torch.ops.aten._is_all_true.default: _is_all_true},
            )
    except torch.onnx.OnnxExporterError as error:
        raise ExportError(f"torch cannot convert the network to ONNX: {innermost_reason(error)}") from error
    return cast("torch.onnx.ONNXProgram", program).model_proto  # None is for dynamo=False


def require_room(module: nn.Module) -> None:
    """Check that a module's weights fit one file.

    Raises:
        ExportError: they do not.
    """
    size = sum(tensor.nbytes for tensor in module.state_dict().values())
    if size > MAX_BYTES:
        raise ExportError(f"its weights take {size:,} bytes, one ONNX file holds {MAX_BYTES:,}; use a smaller backbone")


def innermost_reason(error: BaseException) -> str:
    """Return the first line of the innermost error; the outer messages are advice for torch's developers."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).partition("\n")[0]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep progress, deprecations and printed graphs off the user's terminal; failures are raised as well."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _is_all_true(values: Any) -> Any:
    """Translate what becomes of checks of tensors such as transformers makes, for which torch has no ONNX."""
    from onnxscript import opset18  # takes seconds, and torch has loaded it by now

    op: Any = opset18  # its types know no values that are being traced
    return op.Cast(op.ReduceMin(op.Cast(values, to=onnx.TensorProto.INT32), keepdims=0), to=onnx.TensorProto.BOOL)
