"""The frozen part by other engines: torch's numbers, for any number of images."""

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from visionft.errors import ExportError
from visionft.models.backbones import Backbone
from visionft.models.backbones.cut import Cut
from visionft.models.network import TaskNetwork
from visionft.training import prefix_engines
from visionft.training.exported_prefix import CHUNK, ExportedPrefix, PrefixGraph, require_same
from visionft.training.prefix_engines import installed, load

IMAGES = torch.randint(256, (CHUNK + 3, 64, 64, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def network_of(name, last, layout=torch.contiguous_format):
    torch.manual_seed(0)
    backbone = Backbone(name, "none", image_size=64).to(memory_format=layout)
    backbone.set_trainable(last=last)
    return TaskNetwork(backbone, nn.Identity(), backbone.input).eval()


@pytest.mark.parametrize(
    ("name", "layout"), [("test_efficientnet", torch.channels_last), ("test_vit", torch.contiguous_format)]
)
def test_they_give_what_torch_gives(name, layout):
    network = network_of(name, 1, layout)
    cut = Cut(network.backbone, network.backbone, network.normalised(IMAGES))
    graph = PrefixGraph(network, cut, IMAGES[:2])
    assert "openvino" in installed()  # an extra of the tests
    for engine in installed():
        run = ExportedPrefix(graph, engine, threads=1)
        for count in (1, CHUNK, len(IMAGES)):
            expected, found = cut.prefix(network.normalised(IMAGES[:count])), run(IMAGES[:count])
            for one, two in zip(expected, found, strict=True):
                torch.testing.assert_close(two, one, rtol=1e-3, atol=1e-4)
            require_same(expected, found)
        alone = run(IMAGES[-1:])  # the same whatever it is computed with
        assert all(torch.equal(one[-1:], two) for one, two in zip(run(IMAGES), alone, strict=True))


def test_a_whole_backbone_is_run():
    network = network_of("test_resnet", 0)
    cut = Cut(network.backbone, network.backbone.embed, network.normalised(IMAGES))
    embedding = cut.suffix(ExportedPrefix(PrefixGraph(network, cut, IMAGES), "onnxruntime", threads=1)(IMAGES))
    torch.testing.assert_close(embedding, network.backbone.embed(network.normalised(IMAGES)), rtol=1e-3, atol=1e-4)


def graph_of(operation):
    given, gave = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy")
    graph = helper.make_graph([helper.make_node(operation, ["x"], ["y"])], "g", [given], [gave])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_what_an_engine_does_not_take_is_told(engine):
    with pytest.raises(ExportError, match="cannot load it") as raised:
        load(engine, graph_of("NoSuchThing"), 1)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_what_an_engine_cannot_compute_is_told(engine):
    compute = load(engine, graph_of("Abs"), 1)
    assert compute(np.float32([-1, 2]))[0].tolist() == [1, 2]
    with pytest.raises(ExportError, match="fails"):
        compute(np.float32([1, 2, 3]))


def test_what_is_not_installed_is_told_with_the_extra_that_has_it(monkeypatch):
    monkeypatch.setattr(prefix_engines, "find_spec", lambda name: None if name == "openvino" else name)
    assert installed() == ("onnxruntime",)
    with pytest.raises(ExportError, match=r"pip install 'visionft\[openvino\]'"):
        load("openvino", b"", 1)


@pytest.mark.parametrize(
    "change",
    [lambda rows: rows * 1.02, lambda rows: rows + 0.1, lambda rows: rows * float("nan"), lambda rows: rows[:, :-1]],
    ids=["longer", "elsewhere", "not numbers", "fewer"],
)
def test_what_is_off_for_one_image_is_refused(change):
    rows = torch.randn(3, 100, generator=torch.Generator().manual_seed(0))
    off = change(rows) if change(rows).shape != rows.shape else torch.cat([rows[:2], change(rows)[2:]])
    require_same([rows], [rows * 1.0001])
    with pytest.raises(ExportError):
        require_same([rows, rows], [rows, off])
