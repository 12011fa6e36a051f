"""Which part of a graph fewer bits may compute."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

from visionft.export.writers.weighted_part import (
    between_weights,
    last_weighted,
    layer_title,
    multiplies_activations,
    weighted_nodes,
)


def graph(*nodes, weights=()):
    """Return a graph of nodes written as ``"name: operator a b -> c"``."""
    made = []
    for node in nodes:
        name, rest = node.split(": ")
        (operator, *inputs), outputs = (side.split() for side in rest.split(" -> "))
        made.append(helper.make_node(operator, inputs, outputs, name=name))
    values = [numpy_helper.from_array(np.ones((2, 2), np.float32), weight) for weight in weights]
    return helper.make_graph(made, "g", [], [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)], values)


def names(nodes):
    return [node.name for node in nodes]


PLAIN = graph(
    "bytes: Cast x -> a",
    "norm: Mul a s -> b",
    "first: MatMul b network.body.w.weight -> c",
    "act: Relu c -> d",
    "side: Add d d -> e",
    "last: Gemm e v -> f",
    "other: Gemm d u -> h",
    "answer: Softmax f -> y",
    weights=("s", "network.body.w.weight", "v", "u"),
)


def test_what_is_before_and_behind_all_weights_is_left_out():
    assert names(weighted_nodes(PLAIN)) == ["first", "last", "other"]
    assert names(between_weights(PLAIN)) == ["first", "act", "side", "last", "other"]


def test_the_last_layers_are_those_that_no_layer_follows():
    assert names(last_weighted(PLAIN)) == ["last", "other"]


def test_a_layer_is_called_as_its_module():
    assert layer_title(PLAIN, PLAIN.node[2]) == "body.w"


def test_the_mean_of_a_distribution_is_no_layer():
    decoded = graph(
        "layer: MatMul x w -> a",
        "fractions: Softmax a -> b",
        "turn: Transpose b -> c",
        "mean: MatMul c bins -> y",
        weights=("w", "bins"),
    )
    assert names(weighted_nodes(decoded)) == ["layer"]
    assert names(between_weights(decoded)) == ["layer"]


def test_attention_multiplies_activations():
    attention = graph(
        "query: MatMul x q -> a",
        "key: MatMul x k -> b",
        "scores: MatMul a b -> c",
        "out: MatMul c o -> y",
        weights=("q", "k", "o"),
    )
    assert multiplies_activations(attention)
    assert names(weighted_nodes(attention)) == ["query", "key", "out"]
    assert not multiplies_activations(PLAIN)
