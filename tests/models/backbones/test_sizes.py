"""A size that a network does not take is told with sizes near by, and these work."""

import re

import pytest
import timm
from torch import Tensor, nn

from visionft.errors import RecipeError
from visionft.models.backbones import Backbone
from visionft.models.backbones.sizes import advice, nearest_sizes


def only(step: int, square: bool = False):
    """Return what a network does that takes multiples of a step, or only squares of these."""

    def run(height: int, width: int) -> None:
        assert height % step == width % step == 0
        assert height == width or not square

    return run


@pytest.mark.parametrize(
    ("asked", "step", "square", "found"),
    [
        ((72, 72), 32, False, [(64, 64), (96, 96)]),
        ((50, 50), 16, False, [(48, 48), (64, 64)]),
        ((100, 150), 32, False, [(96, 160), (96, 128)]),
        ((300, 300), 224, False, [(224, 224)]),
        ((20, 20), 32, False, [(32, 32), (64, 64)]),
        ((100, 150), 8, True, [(128, 128), (224, 224)]),
    ],
)
def test_the_nearest_sizes_are_found(asked, step, square, found):
    assert nearest_sizes(asked, (224, 224), only(step, square)) == found


def test_nothing_is_promised_where_nothing_works():
    assert nearest_sizes((72, 72), (224, 224), only(1000)) == []
    assert advice([]) == ""


class Strict(nn.Module):
    """Takes what its patches divide, as Twins, NesT and XCiT do; its class raises as theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 32, 32)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        assert all(side % 32 == 0 for side in images_BCHW.shape[2:]), "img_size should be divided by 32"
        return [self.patches(images_BCHW)]


def sizes_in(message: str) -> list[int | list[int]]:
    """Read the values that a message gives for recipes."""
    text = re.search(r"what it takes near by: (.*?);", message)[1]
    return [[int(n) for n in re.findall(r"\d+", part)] if "[" in part else int(part) for part in text.split(" or ")]


@pytest.mark.parametrize("size", [(72, 72), (100, 150), (33, 47)])
def test_the_message_gives_sizes_that_work(size):
    with pytest.raises(RecipeError, match=r"img_size should be divided by 32.*input.size") as refused:
        Backbone(Strict(), image_size=size)

    for value in sizes_in(str(refused.value)):
        Backbone(Strict(), image_size=tuple(value) if isinstance(value, list) else value)


def test_a_stage_of_another_size_is_told_likewise():
    backbone = Backbone(Strict(), image_size=64)

    with pytest.raises(RecipeError, match=r"cannot take images of 47 x 33 pixels.*near by: 32 or \[32, 64\]"):
        backbone.check_size(33, 47)


def test_what_fails_while_a_network_is_built_is_told(monkeypatch):
    real = timm.create_model

    def create(name, **options):
        size = options.get("img_size")
        assert size is None or size[0] % 64 == 0, "First level blocks don't fit evenly"
        network = real("test_resnet", num_classes=0)
        network.pretrained_cfg = {**network.pretrained_cfg, "fixed_input_size": True, "input_size": (3, 128, 128)}
        return network

    monkeypatch.setattr(timm, "create_model", lambda name, **options: create(name, **without_dynamic(options)))
    with pytest.raises(RecipeError, match=r"blocks don't fit evenly.*near by: 64 or 128") as refused:
        Backbone("test_resnet", "none", image_size=72)

    assert sizes_in(str(refused.value)) == [64, 128]
    Backbone("test_resnet", "none", image_size=64)


def without_dynamic(options):
    """Refuse what makes networks flexible, as timm's fixed ones do."""
    if "dynamic_img_size" in options:
        raise TypeError("got an unexpected keyword argument 'dynamic_img_size'")
    if "dynamic_img_pad" in options:
        raise TypeError("got an unexpected keyword argument 'dynamic_img_pad'")
    return options


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nest_tiny", "twins_svt_small", "mvitv2_tiny", "xcit_nano_12_p8_224", "volo_d1_224"])
@pytest.mark.parametrize("size", [(72, 72), (50, 50), (100, 150)])
def test_networks_of_timm_take_the_sizes_that_their_messages_give(name, size):
    try:
        Backbone(name, "none", image_size=size)
    except RecipeError as refused:
        for value in sizes_in(str(refused)):
            Backbone(name, "none", image_size=tuple(value) if isinstance(value, list) else value)
