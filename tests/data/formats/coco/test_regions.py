import pickle
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from visionft.annotations.rle import decompress_counts
from visionft.data.formats.coco.regions import CocoMask, Region, make_region
from visionft.errors import DataError


def counts_of(mask):
    """Run lengths down the columns, outside first."""
    runs = [(inside, len(list(members))) for inside, members in groupby(mask.T.ravel().tolist())]
    return [length for _, length in ([] if runs and not runs[0][0] else [(0, 0)]) + runs]


def compress(counts):
    """Write counts as COCO does. Source: pycocotools, maskApi.c, rleToString."""
    text = ""
    for at, count in enumerate(counts):
        rest = count - counts[at - 2] if at > 2 else count
        more = True
        while more:
            bits = rest & 31
            rest >>= 5
            more = rest != -1 if bits & 16 else rest != 0
            text += chr(48 + (bits | 32 if more else bits))
    return text


def painted(segmentation, height, width):
    return CocoMask(height, width, 0, (make_region(segmentation, 1, height, width),)).read()


masks = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.integers(0, 1))


@given(masks)
def test_run_lengths_come_back(mask):
    height, width = mask.shape
    counts = counts_of(mask)
    for written in (counts, compress(counts)):
        assert np.array_equal(painted({"size": [height, width], "counts": written}, height, width), mask)
    assert make_region({"size": [height, width], "counts": counts}, 1, height, width).area() == mask.sum()


@given(st.lists(st.integers(0, 2**28), max_size=30))
def test_compressed_counts_come_back(counts):
    assert decompress_counts(compress(counts)) == counts


def test_a_known_compressed_text():
    """The example of pycocotools' own tests: an encoding of a 9 x 10 mask."""
    assert decompress_counts("61X13mN000`0") == [6, 1, 40, 4, 5, 4, 5, 4, 21]


def centres_inside(ring, height, width):
    """Even-odd rule at every pixel's centre."""
    y, x = np.mgrid[:height, :width] + 0.5
    inside = np.zeros((height, width), bool)
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (y0 <= y) != (y1 <= y)
            inside ^= crosses & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return inside


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 30), st.integers(1, 30))
def test_boxes_of_whole_numbers_are_exact_and_half_open(x, y, width, height):
    box = [x, y, x + width, y, x + width, y + height, x, y + height]
    expected = np.zeros((40, 50), np.uint8)
    expected[y : y + height, x : x + width] = 1
    assert np.array_equal(painted([box], 40, 50), expected)


@pytest.mark.parametrize("seed", range(5))
def test_polygons_cover_the_pixels_whose_centres_they_hold(seed):
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    radii = rng.uniform(12, 45, 9)
    ring = np.stack([50 + radii * np.cos(angles), 40 + radii * np.sin(angles)], axis=1)  # partly outside
    ring = ring.astype(np.float32).astype(float)
    assert np.array_equal(painted([ring.ravel().tolist()], 80, 90), centres_inside(ring, 80, 90))


def test_an_edge_through_centres_is_half_open():
    expected = np.zeros((10, 10), np.uint8)
    expected[:8, :8] = 1  # from the first centre on, up to the last but without it
    assert np.array_equal(painted([[0.5, 0.5, 8.5, 0.5, 8.5, 8.5, 0.5, 8.5]], 10, 10), expected)


def test_tall_regions_are_filled_without_seams():
    expected = np.zeros((700, 9), np.uint8)
    expected[3:690, 2:7] = 1
    assert np.array_equal(painted([[2, 3, 7, 3, 7, 690, 2, 690]], 700, 9), expected)


def test_parts_are_united_and_what_lies_outside_is_nothing():
    one, two = [0, 0, 6, 0, 6, 6, 0, 6], [3, 3, 9, 3, 9, 9, 3, 9]
    expected = np.zeros((10, 10), np.uint8)
    expected[:6, :6] = expected[3:9, 3:9] = 1
    assert np.array_equal(painted([one, two, [20, 20, 30, 20, 30, 30]], 10, 10), expected)
    assert make_region([one, two], 1, 10, 10).area() == 72


def test_the_last_region_wins_and_background_is_told():
    box = [0, 0, 4, 0, 4, 4, 0, 4]
    regions = (make_region([box], 2, 4, 4), make_region([[0, 0, 4, 0, 4, 2, 0, 2]], 0, 4, 4))
    assert CocoMask(4, 5, 7, regions).read().tolist() == [[0, 0, 0, 0, 7]] * 2 + [[2, 2, 2, 2, 7]] * 2


def test_masks_travel_and_compare():
    mask = CocoMask(4, 4, 0, (make_region([[0, 0, 4, 0, 4, 4]], 2, 4, 4), Region(1, runs=b"\4\0\0\0\14\0\0\0")))
    assert pickle.loads(pickle.dumps(mask)) == mask
    assert mask != CocoMask(4, 4, 1, mask.regions)


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        (None, "has no segmentation"),
        ([], "has no segmentation"),
        ([[1, 2, 3, 4]], "no list of x and y of three points"),
        ([[1, 2, 3, 4, 5, 6, 7]], "no list of x and y"),
        ([["a"] * 6], "holds something that is no number"),
        ([[0, 0, 9, 0, float("nan"), 9]], "impossibly far"),
        ([[0, 0, 1e9, 0, 9, 9]], "impossibly far"),
        ({"size": [5, 4], "counts": [20]}, r"its size \[5, 4\] \(height, width\) is not the image's, \[4, 5\]"),
        ({"size": [4, 5], "counts": [3, 4, 5]}, "add up to 12 pixels, the image has 20"),
        ({"size": [4, 5], "counts": [-3, 23]}, "no list of numbers"),
        ({"size": [4, 5]}, "no list of numbers"),
        ({"size": [4, 5], "counts": "d\x01"}, r"hold '\\x01'"),
        ({"size": [4, 5], "counts": "d"}, "cut off"),
        ({"size": [4, 5], "counts": "d" * 9}, "hold 'd' where"),
    ],
)
def test_what_cannot_be_read_is_told(segmentation, message):
    with pytest.raises(DataError, match=message):
        make_region(segmentation, 1, 4, 5)
