"""Model files made without the exporter.

The classifier answers with the softmax of the mean colour over ten, the segmenter with that of each pixel's colour. The
detector finds the box around the pixels in which a channel is above 127, for each of the three; the score is the
channel's largest value over 255. With masks, red objects fill their box, green ones its left half, and blue ones what
is left of and below the diagonal.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from visionft.annotations.object_mask import MASK_SIDE
from visionft.spec import InputSpec, ModelSpec

# not square, so that swapped axes show
SPEC = ModelSpec("classification", ("red", "green", "blau"), InputSpec(12, 16, fit="pad"), {"origin": "test"})

SEGMENTATION = ModelSpec("segmentation", SPEC.class_names, SPEC.input)

DETECTION = ModelSpec("detection", SPEC.class_names, SPEC.input, thresholds=(0.6, 0.9, 0.5))

INSTANCES = replace(DETECTION, task="instance_segmentation")

CELLS = np.stack(
    [
        np.ones((MASK_SIDE, MASK_SIDE), np.float32),
        np.repeat(np.arange(MASK_SIDE) < MASK_SIDE // 2, MASK_SIDE).reshape(MASK_SIDE, MASK_SIDE).T,
        np.tri(MASK_SIDE),
    ]
).astype(np.float32)


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


def write_detector(path: Path, spec: ModelSpec = DETECTION, rows: int | str = 3, side: int = MASK_SIDE) -> Path:
    """Write a file with the outputs of a detection, with masks where the spec has them.

    Where ``rows`` is a name, there are as many as are found; ``side`` is that of the masks.
    """
    float_, int_ = TensorProto.FLOAT, TensorProto.INT64
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 12, 16, 3])
    outputs = [
        helper.make_tensor_value_info("boxes", float_, ["batch", rows, 4]),
        helper.make_tensor_value_info("scores", float_, ["batch", rows]),
        helper.make_tensor_value_info("labels", int_, ["batch", rows]),
        helper.make_tensor_value_info("count", int_, ["batch"]),
    ]
    numbers = {"first": [1], "second": [2], "last": [-1], "both": [1, 2], "three": [3], "one": [1], "quad": [1, 1, 4]}
    constants = [helper.make_tensor(name, int_, [len(values)], values) for name, values in numbers.items()]
    constants += [helper.make_tensor(name, float_, [], [value]) for name, value in (("half", 127.0), ("full", 255.0))]
    node = helper.make_node
    nodes = [
        node("Cast", ["images"], ["pixels"], to=float_),
        node("Greater", ["pixels", "half"], ["bright"]),
        node("Cast", ["bright"], ["mask"], to=float_),
        node("ReduceMax", ["mask", "first"], ["columns"], keepdims=0),
        node("ReduceMax", ["mask", "second"], ["rows"], keepdims=0),
        *(node("ArgMax", [side], [f"start_{side}"], axis=1, keepdims=0) for side in ("columns", "rows")),
        *(
            node("ArgMax", [side], [f"end_{side}"], axis=1, keepdims=0, select_last_index=1)
            for side in ("columns", "rows")
        ),
        *(node("Add", [f"end_{side}", "one"], [f"stop_{side}"]) for side in ("columns", "rows")),
    ]
    sides = ("start_columns", "start_rows", "stop_columns", "stop_rows")
    nodes += [node("Unsqueeze", [side, "last"], [f"{side}_"]) for side in sides]
    nodes += [
        node("Concat", [f"{side}_" for side in sides], ["whole_boxes"], axis=2),
        node("Cast", ["whole_boxes"], ["unsorted"], to=float_),
        node("ReduceMax", ["columns", "first"], ["present"], keepdims=0),
        node("ReduceMax", ["pixels", "both"], ["peak"], keepdims=0),
        node("Div", ["peak", "full"], ["share"]),
        node("Mul", ["share", "present"], ["strength"]),
        node("ReduceSum", ["present", "first"], ["found"], keepdims=0),
        node("ReduceMax", ["found"], ["most"], keepdims=1),
        node("Cast", ["most"], ["as_found"], to=int_),
        node("TopK", ["strength", "as_found" if isinstance(rows, str) else "three"], ["scores", "labels"], axis=1),
        node("Unsqueeze", ["labels", "last"], ["labels_"]),
        node("Expand", ["labels_", "quad"], ["order"]),
        node("GatherElements", ["unsorted", "order"], ["boxes"], axis=1),
        node("Cast", ["found"], ["count"], to=int_),
    ]
    if spec.task == "instance_segmentation":
        outputs.append(helper.make_tensor_value_info("masks", float_, ["batch", rows, side, side]))
        constants.append(helper.make_tensor("cells", float_, [3, side, side], CELLS[:, :side, :side].ravel()))
        nodes.append(node("Gather", ["cells", "labels"], ["masks"], axis=0))
    graph = helper.make_graph(nodes, "boxes_around_colours", [images], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {"visionft.spec": spec.to_json()})
    onnx.save(model, path)
    return path


def expected_detections(image_HW3: np.ndarray) -> list[list[float]]:
    """Look for what the detector's file finds, pixel by pixel: left, top, right, bottom, score, class."""
    found = []
    for channel in range(3):
        bright = [(x, y) for y, row in enumerate(image_HW3) for x, pixel in enumerate(row) if pixel[channel] > 127]
        if bright:
            (xs, ys), score = zip(*bright, strict=True), image_HW3[..., channel].max() / 255
            found.append([min(xs), min(ys), max(xs) + 1, max(ys) + 1, score, channel])
    return sorted(found, key=lambda row: -row[4])


def expected_probabilities(images_BHW3: np.ndarray) -> np.ndarray:
    """Compute what the file answers, in float64."""
    powers_B3 = np.exp(images_BHW3.astype(np.float64).mean((1, 2)) / 10)
    return powers_B3 / powers_B3.sum(1, keepdims=True)
