"""ONNX files for compilers that take no other than older operators, a fixed batch, or floats."""

import numpy as np
import onnx
import pytest

from tests.export.tiny import SPEC, TASK, tiny
from visionft.api.exporting import writer_of
from visionft.errors import ExportError, RecipeError
from visionft.export.gate import export_verified
from visionft.export.writers.base import GraphForm
from visionft.export.writers.opset import to_opset
from visionft.predict.engine import open_engine

IMAGES_NHW3 = np.random.default_rng(0).integers(0, 256, (7, 24, 32, 3), dtype=np.uint8)
BATCHES = [(IMAGES_NHW3, np.arange(7) % 3)]


def written(folder, form):
    writer = writer_of("onnx", form)
    path = folder / writer.file_name
    assert export_verified(writer, tiny(), TASK, SPEC, path, BATCHES).passed
    return path


def facts(path):
    """Return opset, and number type and axes of the input."""
    model = onnx.load(path)
    (images,) = model.graph.input
    axes = [axis.dim_value or axis.dim_param for axis in images.type.tensor_type.shape.dim]
    return model.opset_import[0].version, onnx.TensorProto.DataType.Name(images.type.tensor_type.elem_type), axes


@pytest.mark.parametrize(
    ("form", "name", "expected"),
    [
        (GraphForm(), "model.onnx", (18, "UINT8", ["batch", 24, 32, 3])),
        (GraphForm(opset=13), "model-opset13.onnx", (13, "UINT8", ["batch", 24, 32, 3])),
        (GraphForm(opset=20), "model-opset20.onnx", (20, "UINT8", ["batch", 24, 32, 3])),
        (GraphForm(batch=1), "model-batch1.onnx", (18, "UINT8", [1, 24, 32, 3])),
        (GraphForm(batch=4), "model-batch4.onnx", (18, "UINT8", [4, 24, 32, 3])),
        (GraphForm(floats=True), "model-floats.onnx", (18, "FLOAT", ["batch", 3, 24, 32])),
        (GraphForm(13, 3, True), "model-opset13-batch3-floats.onnx", (13, "FLOAT", [3, 3, 24, 32])),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_form_passes_the_gate_and_is_what_was_asked(tmp_path, form, name, expected):
    path = written(tmp_path, form)
    assert path.name == name
    assert facts(path) == expected


def test_any_number_of_canvases_goes_through_a_fixed_batch(tmp_path):
    engine, usual = open_engine(written(tmp_path, GraphForm(batch=3))), open_engine(written(tmp_path, GraphForm()))
    for number in range(1, 8):
        found, expected = (each.run(IMAGES_NHW3[:number])["probabilities"] for each in (engine, usual))
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_operators_that_an_older_opset_does_not_have_are_told():
    gelu = onnx.helper.make_node("Gelu", ["x"], ["y"])
    x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [2]) for name in "xy")
    graph = onnx.helper.make_graph([gelu], "g", [x], [y])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9)
    with pytest.raises(ExportError, match=r"opset 19: .*Gelu.*--opset 20"):
        to_opset(model, 13)


@pytest.mark.parametrize("wrong", [{"opset": 12}, {"opset": 21}, {"batch": 0}])
def test_forms_that_there_are_not(wrong):
    with pytest.raises(RecipeError, match=r"opset|batch"):
        GraphForm(**wrong)


def test_other_runtimes_have_one_form():
    with pytest.raises(RecipeError, match=r"onnx-int8: its files have one form.*are for onnx"):
        writer_of("onnx-int8", GraphForm(opset=13))
