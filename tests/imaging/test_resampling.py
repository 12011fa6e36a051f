"""The weights of OpenCV's filters, by what OpenCV makes of a single bright pixel, and by what they must sum to."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from visionft.imaging.resampling import BITS, area_weights, bicubic_is_rough, bicubic_weights, bilinear_weights


def matrix(weights, source):
    """Return how much of each pixel of the original each pixel of the result takes."""
    rows = np.zeros((len(weights.places_TK), source))
    np.add.at(rows, (np.arange(len(rows))[:, None], weights.places_TK), weights.weights_TK.astype(np.float64))
    return rows


def by_opencv(source, target, flag):
    """Return the same as OpenCV has it: the response to each pixel by itself, in float32."""
    return cv2.resize(np.eye(source, dtype=np.float32), (source, target), interpolation=flag)


@pytest.mark.parametrize(("source", "target"), [(7, 7), (9, 2), (100, 37), (64, 16), (5, 1), (200, 199)])
def test_areas(source, target):
    weights = matrix(area_weights(source, target), source)
    assert np.abs(weights.sum(axis=1) - 1).max() < 2e-3  # slivers are left out
    edges = np.arange(target + 1) * source / target
    exact = np.array([
        [max(0.0, min(right, pixel + 1) - max(left, pixel)) / (right - left) for pixel in range(source)]
        for left, right in pairwise(edges)
    ])  # fmt: skip
    assert np.abs(weights - exact).max() < 1e-3
    if source % target == 0:
        assert np.array_equal(matrix(area_weights(source, target, whole=True), source), (exact > 0).astype(float))


@pytest.mark.parametrize(("source", "target"), [(5, 9), (40, 41), (30, 224), (4, 4), (12, 24)])
def test_enlarging(source, target):
    linear = matrix(bilinear_weights(source, target), source) / (1 << BITS)
    assert np.abs(linear - by_opencv(source, target, cv2.INTER_LINEAR)).max() < 1 / (1 << BITS)
    cubic = matrix(bicubic_weights(source, target), source)
    assert np.abs(cubic - by_opencv(source, target, cv2.INTER_CUBIC)).max() < 1e-4
    rough = matrix(bicubic_weights(source, target, rough=True), source)
    assert np.abs(rough - cubic).max() <= 2 / (1 << BITS)
    assert np.array_equal(rough * (1 << BITS), np.rint(rough * (1 << BITS)))


def test_who_enlarges():
    assert bicubic_is_rough((3, 50))
    assert bicubic_is_rough((50, 50)) != cv2.ipp.useIPP()
