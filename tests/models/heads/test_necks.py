"""What decoders are given.

Shape suffixes: B batch, C channels, H height, W width.
"""

import pytest
import torch
from torch.nn import functional as F

from visionft.models.heads.necks import ChannelNorm, Classifier, Neck, image_size

ALL = (1, 2, 4, 8, 16, 32)


def maps_for(channels, strides, height, width):
    return [torch.randn(2, c, height // s, width // s) for c, s in zip(channels, strides, strict=True)]


def test_maps_that_fit_are_passed_on_untouched():
    channels, strides = (4, 5, 6, 7, 8), (2, 4, 8, 16, 32)
    levels = Neck(channels, strides, ALL)
    maps = maps_for(channels, strides, 64, 96)

    image, *rest = levels(maps)

    assert levels.channels == [0, *channels]
    assert image.shape == (2, 0, 64, 96)
    assert all(given is made for given, made in zip(maps, rest, strict=True))


def test_a_missing_stride_of_two_has_no_channels():
    channels, strides = (5, 6, 7, 8), (4, 8, 16, 32)

    made = Neck(channels, strides, ALL)(maps_for(channels, strides, 64, 96))

    assert [tuple(level.shape[1:]) for level in made[:3]] == [(0, 64, 96), (0, 32, 48), (5, 16, 24)]


def test_a_map_deeper_than_all_levels_joins_the_deepest():
    channels, strides = (5, 6, 7, 8), (4, 8, 16, 32)
    maps = maps_for(channels, strides, 64, 96)

    shallow_BCHW, deep_BCHW = Neck(channels, strides, (4, 16))(maps)

    assert shallow_BCHW is maps[0]
    enlarged_BCHW = F.interpolate(maps[3], scale_factor=2, mode="bilinear")
    torch.testing.assert_close(deep_BCHW, torch.cat([maps[2], enlarged_BCHW], dim=1))


@pytest.mark.parametrize(("patch", "unit"), [(8, 1), (14, 0.875), (16, 1), (32, 1)])
def test_a_plain_vit_gets_a_pyramid_from_its_last_map(patch, unit):
    channels, strides = (16,) * 4, (patch,) * 4
    levels = Neck(channels, strides, (4, 8, 16, 32))
    maps = maps_for(channels, strides, 4 * patch, 8 * patch)
    cells = round(patch / unit)  # in nominal pixels

    made = levels(maps)

    assert levels.unit == unit
    assert [level.shape[2:] for level in made] == [(4 * cells // s, 8 * cells // s) for s in (4, 8, 16, 32)]
    assert [level.shape[1] for level in made] == levels.channels
    unused = [torch.randn_like(map_BCHW) for map_BCHW in maps[:3]]
    assert all(torch.equal(a, b) for a, b in zip(made, levels([*unused, maps[3]]), strict=True))


def test_an_odd_number_of_patches_is_stretched_to_an_even_one():
    made = Neck((16,) * 4, (16,) * 4, (4, 8, 16, 32))([torch.randn(2, 16, 3, 5)] * 4)

    assert [tuple(level.shape[2:]) for level in made] == [(16, 24), (8, 12), (4, 6), (2, 3)]


def test_levels_that_nobody_has_are_made_from_the_next_deeper():
    """LeViT and EfficientViT-M start at stride 16 and go on to 64."""
    channels, strides = (8, 12, 16), (16, 32, 64)
    levels = Neck(channels, strides, (4, 8, 16, 32))

    made = levels(maps_for(channels, strides, 128, 64))

    assert levels.channels == [2, 4, 8, 12 + 16]
    assert [tuple(level.shape[2:]) for level in made] == [(32, 16), (16, 8), (8, 4), (4, 2)]


@pytest.mark.parametrize("patch", [8, 32])
def test_a_plain_vit_whose_stride_is_no_level(patch):
    """DeepLabV3+ takes 4 and 16."""
    made = Neck((16,) * 4, (patch,) * 4, (4, 16))(maps_for((16,) * 4, (patch,) * 4, 64, 96))

    assert [tuple(level.shape[2:]) for level in made] == [(16, 24), (4, 6)]


def test_maps_that_lack_a_border_are_stretched():
    """As AlexNet's, of an image of 128 x 192."""
    sizes = [(31, 47), (15, 23), (7, 11), (3, 5)]
    maps = [torch.randn(2, 8, *size) for size in sizes]

    made = Neck((8,) * 4, (4, 8, 16, 32), (4, 8, 16, 32))(maps)

    assert image_size(maps, (4, 8, 16, 32)) == [128, 192]
    assert [tuple(level.shape[2:]) for level in made] == [(32, 48), (16, 24), (8, 12), (4, 6)]


def test_the_norm_is_over_channels():
    map_BCHW = torch.randn(2, 6, 3, 4, dtype=torch.float64) * 5 + 2

    normed_BCHW = ChannelNorm(6, eps=1e-6, dtype=torch.float64)(map_BCHW)

    mean_B1HW, deviation_B1HW = map_BCHW.mean(1, keepdim=True), map_BCHW.std(1, correction=0, keepdim=True)
    torch.testing.assert_close(normed_BCHW, (map_BCHW - mean_B1HW) / deviation_B1HW, rtol=1e-5, atol=1e-5)


def test_a_fresh_classifier_holds_every_class_for_about_as_likely():
    torch.manual_seed(0)
    classifier = Classifier(64, 5, 0.5, stride=4).eval()

    logits_BKhw = classifier(torch.randn(2, 64, 16, 24), (64, 96))

    assert float(logits_BKhw.detach().softmax(1).sub(0.2).abs().max()) < 0.1


def test_a_classifier_declares_whole_pixels():
    classifier = Classifier(8, 5, 0.0, stride=3.5)

    assert classifier.stride == 4
    assert classifier(torch.randn(2, 8, 12, 20), (42, 70)).shape == (2, 5, 11, 18)
