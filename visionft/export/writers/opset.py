"""ONNX graphs in older versions of the operators, which compilers of small devices ask for."""

import onnx
from onnx import version_converter

from visionft.errors import ExportError

# Attributes that came with a later version, at the value that says what was always so.
_DEFAULTS = {"noop_with_empty_axes": 0, "allowzero": 0, "start": 0}


def to_opset(model: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    """Return a graph in an older opset, one version after the other.

    Where onnx has no conversion for an operator, the version is lowered as it stands and the graph checked: most
    versions only add number types or attributes. What an operator then does is for the gate to measure.

    Args:
        model: a graph of ours.
        opset: version of the operators, not above the graph's.

    Raises:
        ExportError: an operator cannot be had in that version; the message names it.
    """
    for version in range(_version(model).version - 1, opset - 1, -1):
        _leave_out_defaults(model)
        try:
            lowered = version_converter.convert_version(model, version)
            onnx.checker.check_model(lowered, full_check=True)
        except (RuntimeError, onnx.checker.ValidationError):
            lowered = onnx.ModelProto()
            lowered.CopyFrom(model)
            _version(lowered).version = version
        try:
            onnx.checker.check_model(lowered, full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            reason = " ".join(str(error).split())
            raise ExportError(
                f"the network cannot be had in opset {version}: {reason}; ask for --opset {version + 1}, or for "
                "--batch 1, which leaves less to compute"
            ) from error
        model = lowered
    return model


def _version(model: onnx.ModelProto) -> onnx.OperatorSetIdProto:
    found: onnx.OperatorSetIdProto = next(entry for entry in model.opset_import if not entry.domain)
    return found


def _leave_out_defaults(model: onnx.ModelProto) -> None:
    empty = {tensor.name for tensor in model.graph.initializer if not onnx.numpy_helper.to_array(tensor).all()}
    for node in model.graph.node:
        for attribute in list(node.attribute):
            says_nothing = attribute.type == attribute.INT and _DEFAULTS.get(attribute.name) == attribute.i
            # a 0 among the lengths is what this is about, and none of the graph's own are
            no_zeros = attribute.name == "allowzero" and node.input[1] not in empty
            if says_nothing or no_zeros:
                node.attribute.remove(attribute)
