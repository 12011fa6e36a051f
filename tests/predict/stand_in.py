"""Model files made without the exporter.

The classifier answers with the softmax of the mean colour over ten, the segmenter with that of each pixel's colour.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from visionft.spec import InputSpec, ModelSpec

# not square, so that swapped axes show
SPEC = ModelSpec("classification", ("red", "green", "blau"), InputSpec(12, 16, fit="pad"), {"origin": "test"})

SEGMENTATION = ModelSpec("segmentation", SPEC.class_names, SPEC.input)


def write_model(path: Path, spec: ModelSpec | None = SPEC, metadata: str | None = None) -> Path:
    """Write the file; ``metadata`` replaces the spec's own JSON, and no spec means no entry at all."""
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 12, 16, 3])
    probabilities = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 3])
    constants = [
        helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2]),
        helper.make_tensor("ten", TensorProto.FLOAT, [], [10.0]),
    ]
    nodes = [
        helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels", "axes"], ["colour"], keepdims=0),
        helper.make_node("Div", ["colour", "ten"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(nodes, "mean_colour", [images], [probabilities], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    if spec is not None:
        helper.set_model_props(model, {"visionft.spec": metadata or spec.to_json()})
    onnx.save(model, path)
    return path


def write_segmenter(path: Path, spec: ModelSpec = SEGMENTATION) -> Path:
    """Write a file with the outputs of a segmentation; red, green and blue are the classes."""
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 12, 16, 3])
    probabilities = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 3, 12, 16])
    labels = helper.make_tensor_value_info("labels", TensorProto.UINT8, ["batch", 12, 16])
    nodes = [
        helper.make_node("Transpose", ["images"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["planes"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["pixels", "ten"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", ["probabilities"], ["indices"], axis=1, keepdims=0),
        helper.make_node("Cast", ["indices"], ["labels"], to=TensorProto.UINT8),
    ]
    ten = helper.make_tensor("ten", TensorProto.FLOAT, [], [10.0])
    graph = helper.make_graph(nodes, "pixel_colour", [images], [probabilities, labels], [ten])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {"visionft.spec": spec.to_json()})
    onnx.save(model, path)
    return path


def expected_probabilities(images_BHW3: np.ndarray) -> np.ndarray:
    """Compute what the file answers, in float64."""
    powers_B3 = np.exp(images_BHW3.astype(np.float64).mean((1, 2)) / 10)
    return powers_B3 / powers_B3.sum(1, keepdims=True)
