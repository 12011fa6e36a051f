"""The library's decoders behind our heads.

Shape suffixes: B batch, C channels, K classes, H height, W width.
"""

import pytest
import segmentation_models_pytorch as smp
import torch

from visionft.errors import RecipeError
from visionft.models.heads import HEADS

CHANNELS, STRIDES = (16, 24, 32, 48, 64), (2, 4, 8, 16, 32)
MODELS = {
    "unet": smp.Unet,
    "fpn": smp.FPN,
    "segformer": smp.Segformer,
    "upernet": smp.UPerNet,
    "linknet": smp.Linknet,
    "manet": smp.MAnet,
}


def maps_of(batch, height, width):
    return [torch.randn(batch, c, height // s, width // s) for c, s in zip(CHANNELS, STRIDES, strict=True)]


@pytest.mark.parametrize("name", MODELS)
def test_with_the_same_weights_it_is_the_librarys_own_model(name):
    torch.manual_seed(0)
    model = MODELS[name]("tu-test_resnet", encoder_weights=None, classes=3).eval()
    images_BCHW = torch.randn(2, 3, 64, 96)
    features = model.encoder(images_BCHW)
    head = HEADS[name](model.encoder.out_channels[1:], STRIDES, 3).eval()
    expected_BKHW = model.decoder(features)
    convolution = model.segmentation_head[0]
    own = head.decoder.state_dict()
    # a group norm for one cell per image has no running statistics; it is left out of the comparison below
    own |= {key: value for key, value in model.decoder.state_dict().items() if key in own}
    head.decoder.load_state_dict(own)
    head.classifier.convolution.load_state_dict(convolution.state_dict())
    if name == "upernet":
        pooled = model.decoder.psp.blocks[0]
        pooled[1][1] = head.decoder.psp.blocks[0][1][1]
        expected_BKHW = model.decoder(features)

    logits_BKHW = head(features[1:])

    torch.testing.assert_close(logits_BKHW, convolution(expected_BKHW))


@pytest.mark.parametrize("name", ["deeplabv3plus", "pan", "upernet", "lite"])
def test_a_last_batch_of_one_image_trains(name):
    """Batch norm refuses to, behind a pooling to one cell."""
    head = HEADS[name](CHANNELS, STRIDES, 3).train()

    head(maps_of(1, 256, 256)).sum().backward()

    assert all(parameter.grad is not None for parameter in head.parameters())


def test_an_image_too_small_for_the_pooling_is_refused():
    head = HEADS["pan"](CHANNELS, STRIDES, 3).eval()

    assert head(maps_of(1, 128, 128)).shape == (1, 3, 32, 32)
    with pytest.raises(RecipeError, match="'pan': the image is too small; it needs 128 pixels"):
        head(maps_of(1, 96, 128))


@pytest.mark.parametrize("name", [name for name in HEADS if HEADS[name].predicts == "pixel_logits"])
@pytest.mark.parametrize("grid", [(3, 5), (4, 7)])
def test_a_plain_vit_may_have_an_odd_number_of_patches(name, grid):
    grid = (8, 9) if name == "pan" else grid
    head = HEADS[name]((32,) * 4, (14,) * 4, 3).eval()

    logits_BKHW = head([torch.randn(2, 32, *grid) for _ in range(4)])

    assert logits_BKHW.shape == (2, 3, *(-(-14 * cells // head.stride) for cells in grid))


def test_dpt_uses_every_depth_of_a_plain_vit():
    maps = [torch.randn(2, 32, 4, 6, requires_grad=True) for _ in range(4)]

    HEADS["dpt"]((32,) * 4, (16,) * 4, 3)(maps).square().sum().backward()

    assert all(float(map_BCHW.grad.abs().max()) > 0 for map_BCHW in maps)


def test_dpt_makes_do_with_fewer_depths():
    maps = [torch.randn(2, 32, 4, 6) for _ in range(2)]

    assert HEADS["dpt"]((32,) * 2, (16,) * 2, 3)(maps).shape == (2, 3, 32, 48)
