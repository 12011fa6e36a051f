import pytest

from visionft.models.backbones.probe import _stride, last_of_each_stride


@pytest.mark.parametrize(
    ("strides", "chosen"),
    [
        ((2, 4, 8, 16, 32), (0, 1, 2, 3, 4)),
        ((4, 4, 8, 16, 16, 16), (1, 2, 5)),
        ((16,) * 12, (2, 5, 8, 11)),
        ((16,) * 6, (0, 2, 3, 5)),
        ((16,) * 2, (0, 1)),
        ((16,), (0,)),
    ],
)
def test_maps_are_the_deepest_of_each_stride_or_the_ends_of_quarters(strides, chosen):
    assert last_of_each_stride(strides) == chosen


@pytest.mark.parametrize(
    ("pixels", "cells", "declared", "stride"),
    [
        (224, 7, 32, 32),
        (224, 16, 14, 14),
        (224, 16, 0, 14),  # patches of 14
        (300, 19, 0, 16),  # padded to whole patches
        (299, 8, 0, 32),  # Inception: no padding
        (299, 35, 0, 8),
        (224, 4, 64, 64),  # LeViT: 3.5 rounded up
        (64, 16, 2, 4),  # TResNet: declares 2, is 4
        (64, 10, 7, 7),
    ],
)
def test_nominal_stride(pixels, cells, declared, stride):
    assert _stride(pixels, cells, declared) == stride
