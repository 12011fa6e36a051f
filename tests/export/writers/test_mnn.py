"""Graphs are made such that MNN reads them right."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from visionft.errors import ExportError
from visionft.export.writers.mnn import convert, without_vectors


def graph_of(nodes, constants, output):
    return onnx.helper.make_model(
        onnx.helper.make_graph(
            nodes,
            "g",
            [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["b", 5, 4])],
            [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, output)],
            [onnx.numpy_helper.from_array(values, name) for name, values in constants.items()],
        ),
        opset_imports=[onnx.helper.make_opsetid("", 18)],
        ir_version=10,
    )


def test_products_with_a_vector_stay_what_they_are():
    vector = np.arange(4, dtype=np.float32)
    model = graph_of([onnx.helper.make_node("MatMul", ["x", "v"], ["y"])], {"v": vector}, ["b", 5])
    changed = without_vectors(model)
    onnx.checker.check_model(changed, full_check=True)
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype(np.float32)
    session = ort.InferenceSession(changed.SerializeToString(), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(["y"], {"x": x})[0], x @ vector, rtol=1e-5)
    assert [node.op_type for node in changed.graph.node] == ["MatMul", "Squeeze"]


def test_operations_that_it_lacks_are_named(tmp_path):
    model = graph_of([onnx.helper.make_node("Unheard", ["x"], ["y"], domain="far")], {}, ["b", 5, 4])
    onnx.save(model, tmp_path / "m.onnx")
    with pytest.raises(ExportError, match=r"MNN cannot convert the network: \S"):
        convert(tmp_path / "m.onnx", tmp_path / "m.mnn")
