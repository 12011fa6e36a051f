"""Shape suffixes: N images, D features, T pixels of a thumbnail, H height, W width, 3 colours."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from visionft.data.records import Sample
from visionft.data.targets.label import Label
from visionft.probing.duplicates import Duplicate, find_duplicates, leaks, thumbnail

IMAGES = 80


def picture(seed):
    """Return a smooth picture of 96 x 72."""
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return cv2.resize(coarse, (96, 72), interpolation=cv2.INTER_CUBIC)


def encoded(image_HW3, scale=0.7, quality=50):
    small = cv2.resize(image_HW3, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def found_in(pictures, features_ND=None):
    thumbnails_NT = torch.from_numpy(np.stack([thumbnail(one) for one in pictures]))
    unlike_ND = torch.randn(len(pictures), 64, generator=torch.Generator().manual_seed(0))
    pairs = find_duplicates(unlike_ND if features_ND is None else features_ND, thumbnails_NT)
    return {(pair.first, pair.second) for pair in pairs}


def test_re_encoded_copies_are_found_whatever_the_features_say():
    pictures = [picture(seed) for seed in range(IMAGES)]
    copies = [encoded(pictures[at]) for at in range(10)]
    assert found_in([*pictures, *copies]) == {(at, IMAGES + at) for at in range(10)}


def test_features_decide_about_copies_that_have_changed_more():
    pictures = [picture(seed) for seed in range(IMAGES)]
    changed = [0, 2, 3, 5, 6, 8]  # moved by two pixels they correlate by 0.92 to 0.94
    moved = [cv2.copyMakeBorder(pictures[at][2:, 2:], 0, 2, 0, 2, cv2.BORDER_REPLICATE) for at in changed]
    features_ND = torch.randn(IMAGES, 64, generator=torch.Generator().manual_seed(0))
    alike_ND = torch.cat([features_ND, features_ND[changed]])
    assert found_in([*pictures, *moved]) == set()
    assert found_in([*pictures, *moved], alike_ND) == {(at, IMAGES + row) for row, at in enumerate(changed)}
    assert found_in([*pictures, *map(picture, range(200, 206))], alike_ND) == set()


def test_what_all_images_have_in_common_makes_no_copies():
    """Solar cells have the same bars at the same places."""
    ground, rng = picture(0), np.random.default_rng(0)
    cells = [np.clip(ground + cv2.resize(rng.normal(0, 30, (8, 8, 3)), (96, 72)), 0, 255) for _ in range(IMAGES)]
    pictures = [cell.astype(np.uint8) for cell in cells]
    assert found_in([*pictures, encoded(pictures[3], 0.9, 90)]) == {(3, IMAGES)}


def test_images_that_show_nothing_are_left_alone():
    assert found_in([np.full((40, 40, 3), 90 + at % 2, np.uint8) for at in range(60)]) == set()


@pytest.mark.parametrize(
    ("splits", "expected"), [("train train", 0), ("train val", 1), ("val test", 2), ("test test", 0), ("test train", 1)]
)
def test_leaks_are_counted_in_what_is_held_out(splits, expected):
    samples = [Sample(str(at), Path("x"), Label(0), split) for at, split in enumerate(splits.split())]
    assert leaks([Duplicate(0, 1, 1.0)], samples) == expected
