"""The part of an ONNX graph that has been learned, which fewer bits may compute; what is around it stays in float32.

Before it, bytes become normalised colours; behind it, answers become probabilities, boxes and masks, where a rounded
coordinate or a rounded score near another is another answer.
"""

from collections.abc import Iterable

import onnx

_WEIGHTED = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
_MOVING = frozenset({"Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze"})


def weighted_nodes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the layers that multiply by weights, in the order in which they run.

    The mean of a distribution, by which boxes are decoded, is a product with constants too, and not among them.
    """
    constants = {tensor.name for tensor in graph.initializer}
    fractions: set[str] = set()
    found = []
    for node in graph.node:
        if node.op_type == "Softmax" or (node.op_type in _MOVING and node.input[0] in fractions):
            fractions.update(node.output)
        given = [name in constants for name in node.input[:2]]
        if node.op_type in _WEIGHTED and any(given) and not fractions.intersection(node.input):
            found.append(node)
    return found


def between_weights(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the layers with weights, and all that lies between two of them."""
    weighted = weighted_nodes(graph)
    first = {name for node in weighted for name in node.output}
    behind = _reached(graph.node, first, forwards=True)
    needed = {name for node in weighted for name in node.input}
    before = _reached(reversed(graph.node), needed, forwards=False)
    names = {node.name for node in weighted}
    return [
        node
        for node in graph.node
        if node.name in names or (not behind.isdisjoint(node.input) and not before.isdisjoint(node.output))
    ]


def last_weighted(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the layers with weights behind which there are none: what the network says before it is decoded."""
    weighted = weighted_nodes(graph)
    needed = _reached(reversed(graph.node), {name for node in weighted for name in node.input}, forwards=False)
    return [node for node in weighted if not any(name in needed for name in node.output)]


def layer_title(graph: onnx.GraphProto, layer: onnx.NodeProto) -> str:
    """Return what torch calls a layer, which its weights are named after, such as ``backbone.layer1.0.conv1``."""
    constants = {tensor.name for tensor in graph.initializer}
    weights = str(next(name for name in layer.input if name in constants))
    return weights.removeprefix("network.").removesuffix(".weight")


def multiplies_activations(graph: onnx.GraphProto) -> bool:
    """Return whether activations are multiplied by activations between the layers: attention, as of transformers."""
    constants = {tensor.name for tensor in graph.initializer}
    return any(node.op_type == "MatMul" and not constants.intersection(node.input) for node in between_weights(graph))


def _reached(nodes: Iterable[onnx.NodeProto], start: set[str], *, forwards: bool) -> set[str]:
    """Return the values that follow from some values, or those from which they follow; nodes in that order."""
    reached = set(start)
    for node in nodes:
        here, there = (node.input, node.output) if forwards else (node.output, node.input)
        if any(name in reached for name in here):
            reached.update(there)
    return reached
