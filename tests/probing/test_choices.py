import pytest
import timm

from visionft.errors import RecipeError
from visionft.models.backbones.names import resolve
from visionft.probing.choices import SMALL, BackboneChoice, parse_backbones


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("resnet18", [("resnet18", "pretrained")]),
        ("resnet18, resnet50:/w/a.pth,resnet18", [("resnet18", "pretrained"), ("resnet50", "/w/a.pth")]),
        ("timm/resnet18.a1_in1k:none", [("timm/resnet18.a1_in1k", "none")]),
        ("hf-hub:timm/resnet18.a1_in1k", [("hf-hub:timm/resnet18.a1_in1k", "pretrained")]),
        ("timm/local-dir:/my/net:none", [("timm/local-dir:/my/net", "none")]),
        (["a,b", "c:package"], [("a", "pretrained"), ("b", "pretrained"), ("c", "package")]),
        ([{"name": "a", "weights": "w.pt"}, {"name": "b"}], [("a", "w.pt"), ("b", "pretrained")]),
        ([("a", "none")], [("a", "none")]),
        ("small", [(name, "pretrained") for name in SMALL]),
    ],
)
def test_what_users_write(given, expected):
    assert list(parse_backbones(given)) == [BackboneChoice(*one) for one in expected]


@pytest.mark.parametrize("given", ["", " , ", [], [{"weights": "none"}], [{"name": "a", "drop": 1}]])
def test_what_names_nothing_is_refused(given):
    with pytest.raises(RecipeError, match="backbones"):
        parse_backbones(given)


def test_the_small_ones_exist_and_have_weights():
    assert all(resolve(name)[0] == "timm" and timm.is_model_pretrained(name) for name in SMALL)
