from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visionft.imaging.placement import canvas_from_original, draw_window, place, place_window, windows
from visionft.spec import InputSpec

sides = st.integers(1, 3000)
specs = st.builds(
    InputSpec,
    height=st.integers(16, 512),
    width=st.integers(16, 512),
    fit=st.sampled_from(["stretch", "crop", "pad"]),
    crop_pct=st.floats(0.5, 1.0),
)


@given(sides, sides, specs)
def test_stretch_and_crop_cover_the_canvas_and_pad_stays_inside(width, height, spec):
    placement = place((width, height), spec)
    for side, resized, offset in zip((spec.width, spec.height), placement.resized, placement.offset, strict=True):
        if spec.fit == "pad":
            assert offset >= 0
            assert offset + resized <= side
        else:
            assert offset <= 0
            assert offset + resized >= side


@given(sides, sides, specs)
def test_the_image_is_centred_to_a_pixel(width, height, spec):
    placement = place((width, height), spec)
    for side, resized, offset in zip((spec.width, spec.height), placement.resized, placement.offset, strict=True):
        assert abs(side - resized - 2 * offset) <= 1


@given(st.integers(200, 3000), st.integers(200, 3000), specs)
def test_crop_and_pad_keep_the_aspect_ratio_to_a_pixel(width, height, spec):
    wide, high = place((width, height), spec).resized
    if spec.fit != "stretch":  # one scale explains both sides, each rounded to a pixel
        least = max((wide - 0.5) / width, (high - 0.5) / height)
        most = min((wide + 0.5) / width, (high + 0.5) / height)
        assert least <= most + 1e-9


def test_crop_keeps_crop_pct_of_the_shorter_side():
    spec = InputSpec(height=224, width=224, fit="crop", crop_pct=0.875)
    assert place((512, 256), spec).resized == (512, 256)
    assert place((512, 256), spec).offset == (-144, -16)


def test_pad_shows_the_whole_image():
    spec = InputSpec(height=100, width=100, fit="pad")
    assert place((400, 200), spec) == place((40, 20), spec)
    assert place((400, 200), spec).resized == (100, 50)
    assert place((400, 200), spec).offset == (0, 25)


@given(sides, sides, specs)
def test_the_matrix_maps_corners_to_the_placement(width, height, spec):
    placement = place((width, height), spec)
    corners = np.array([[0, 0, 1], [width, height, 1]], dtype=np.float64).T
    mapped = canvas_from_original((width, height), spec) @ corners
    expected = np.array([placement.offset, np.add(placement.offset, placement.resized)]).T
    assert np.allclose(mapped[:2], expected)
    assert (mapped[2] == 1).all()


@given(sides, sides, specs)
def test_the_covered_box_is_what_the_canvas_and_the_image_share(width, height, spec):
    placement = place((width, height), spec)
    left, top, right, bottom = placement.covered(spec)
    columns = {x for x in range(spec.width) if 0 <= x - placement.offset[0] < placement.resized[0]}
    rows = {y for y in range(spec.height) if 0 <= y - placement.offset[1] < placement.resized[1]}
    assert (set(range(left, right)), set(range(top, bottom))) == (columns, rows)
    assert columns
    assert rows


tiles = st.builds(
    InputSpec,
    height=st.integers(4, 300),
    width=st.integers(4, 300),
    fit=st.just("tile"),
    overlap=st.floats(0, 0.9),
)


@settings(deadline=None)
@given(st.integers(1, 600), st.integers(1, 600), tiles)
def test_windows_cover_every_pixel_with_the_overlap_asked_for(width, height, spec):
    corners = windows((width, height), spec)
    xs, ys = sorted({x for x, _ in corners}), sorted({y for _, y in corners})
    assert corners == tuple((x, y) for y in ys for x in xs)
    for starts, side, window in ((xs, width, spec.width), (ys, height, spec.height)):
        assert starts[0] == 0
        assert starts[-1] == max(0, side - window)
        common = [start + window - following for start, following in pairwise(starts)]
        assert all(pixels >= min(spec.overlap * window - 1e-9, window - 1) for pixels in common)


@pytest.mark.parametrize(("side", "count"), [(1, 1), (99, 1), (100, 1), (101, 2), (175, 2), (176, 3), (250, 3)])
def test_there_are_no_more_windows_than_needed(side, count):
    spec = InputSpec(height=100, width=100, fit="tile", overlap=0.25)
    assert len(windows((side, 1), spec)) == len(windows((50, side), spec)) == count


@given(sides, sides, tiles, st.integers(0, 2**63 - 1))
def test_a_drawn_window_stays_inside_and_depends_on_the_seed_alone(width, height, spec, seed):
    x, y = draw_window((width, height), spec, seed)
    assert 0 <= x <= max(0, width - spec.width)
    assert 0 <= y <= max(0, height - spec.height)
    assert draw_window((width, height), spec, seed) == (x, y)


def test_every_window_is_drawn_as_often():
    spec = InputSpec(height=10, width=8, fit="tile")
    drawn = [draw_window((11, 11), spec, seed) for seed in range(4000)]
    corners, counts = np.unique(drawn, axis=0, return_counts=True)
    assert corners.tolist() == [[x, y] for x in range(4) for y in range(2)]
    assert np.abs(counts - 500).max() < 100  # 4.8 standard deviations


def test_a_window_is_placed_pixel_by_pixel():
    spec = InputSpec(height=30, width=40, fit="tile")
    placement = place_window((100, 20), (60, 0))
    assert (placement.resized, placement.offset) == ((100, 20), (-60, 0))
    assert placement.covered(spec) == (0, 0, 40, 20)


def test_a_tiled_image_has_no_single_place():
    with pytest.raises(ValueError, match="windows"):
        place((100, 20), InputSpec(height=30, width=40, fit="tile"))
