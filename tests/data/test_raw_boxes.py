from fractions import Fraction

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visionft.data.checks.bad_files import BoxError
from visionft.data.raw_boxes import RawBox, RawBoxes, resolve_boxes
from visionft.data.raw_polygons import RawPolygon
from visionft.data.targets.boxes import Boxes


def place(*numbers, coding="xywh", width=100, height=50, **more):
    boxes, findings = resolve_boxes(
        RawBoxes(coding, (RawBox(1, numbers),), "a.json: annotation", **more), width, height
    )
    return boxes.xyxy, [f"{finding}; {finding.outcome}" for finding in findings]


@pytest.mark.parametrize(
    ("coding", "numbers", "xyxy"),
    [
        ("xywh", (10, 20, 30, 5), (10, 20, 40, 25)),
        ("corners", (1, 1, 100, 50), (0, 0, 100, 50)),  # the whole image, counted from 1
        ("corners", (11, 21, 11, 25), (10, 20, 11, 25)),  # one pixel wide
        ("fractions", (0.5, 0.5, 1, 1), (0, 0, 100, 50)),
        ("fractions", (0.25, 0.5, 0.1, 0.2), (20, 20, 30, 30)),
    ],
)
def test_every_coding_becomes_half_open_pixels(coding, numbers, xyxy):
    placed, findings = place(*numbers, coding=coding)
    assert (placed, findings) == ((pytest.approx(xyxy, abs=1e-9),), [])


@pytest.mark.parametrize(
    ("coding", "numbers", "finding"),
    [
        ("xywh", (40, 12, 0, 48), "box [40, 12, 0, 48] has zero width; left out"),
        ("xywh", (40, 12, 5, 0), "box [40, 12, 5, 0] has zero height; left out"),
        ("xywh", (40, 12, -5, 3), "box [40, 12, -5, 3] has negative width; left out"),
        ("xywh", (40, float("nan"), 5, 3), "box [40, nan, 5, 3] holds a number that is none; left out"),
        ("xywh", (40, 12, float("inf"), 3), "box [40, 12, inf, 3] holds a number that is none; left out"),
        ("xywh", (40, 12, 5), "box [40, 12, 5] is no list of four numbers; left out"),
        ("xywh", (100, 0, 5, 5), "box [100, 0, 5, 5] lies outside the image, or has no area in it; left out"),
        ("xywh", (-9, 0, 9, 5), "box [-9, 0, 9, 5] lies outside the image, or has no area in it; left out"),
        ("xywh", (9, 9, 0.001, 5), "box [9, 9, 0.001, 5] lies outside the image, or has no area in it; left out"),
        ("corners", (7, 7, 7, 7), "box [7, 7, 7, 7] is a single point; left out"),
        ("corners", (9, 1, 4, 5), "box [9, 1, 4, 5] ends before it begins; left out"),
        (
            "fractions",
            (120, 30, 40, 20),
            "box [120, 30, 40, 20] lies outside the image: the numbers are to be shares of its width and height, not "
            "pixels; left out",
        ),
    ],
)
def test_boxes_that_cannot_be_learned_are_left_out(coding, numbers, finding):
    assert place(*numbers, coding=coding) == ((), [finding])


def test_boxes_are_cut_off_at_the_edges_and_told_when_more_than_rounding_sticks_out():
    assert place(-1, -0.5, 11, 51) == (((0, 0, 10, 50),), [])
    what = "reaches out of the image; cut off at its edge"
    assert place(-1.5, 0, 11, 5) == (((0, 0, 9.5, 5),), [f"box [-1.5, 0, 11, 5] {what}"])
    assert place(0, 0, 1009, 5, width=1000) == (((0, 0, 1000, 5),), [])  # within a hundredth
    assert place(0, 0, 1011, 5, width=1000)[1] == [f"box [0, 0, 1011, 5] {what}"]


def test_repeated_boxes_of_one_class_count_once():
    numbers = (1.0, 2.0, 3.0, 4.0)
    several = (RawBox(1, numbers), RawBox(2, numbers), RawBox(3, numbers, 1), RawBox(4, numbers, 0, True))
    boxes, (finding,) = resolve_boxes(RawBoxes("xywh", several, "a.json: annotation", "(1.png)"), 9, 9)
    assert boxes == Boxes(((1, 2, 4, 6),) * 3, (0, 1, 0), (False, False, True))
    assert (finding.where, str(finding), finding.bad) == (
        "a.json: annotation 2 (1.png)",
        "box [1, 2, 3, 4] repeats another of the same class",
        False,
    )


def test_sizes_that_are_not_the_images_are_told():
    assert place(1, 2, 3, 4, size=(100, 50))[1] == []
    assert place(1, 2, 3, 4, size=(200, 100)) == (
        ((1, 2, 4, 6),),
        [
            "the size 200 x 100 pixels, the image 100 x 50, is not the image's; the boxes are taken for pixels of "
            "the image"
        ],
    )
    assert "has width and height exchanged" in place(1, 2, 3, 4, size=(50, 100))[1][0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_objects_of_the_picture_before_it_is_turned_are_turned_with_it(orientation):
    """The sizes tell: 50 x 100 pixels are stored, 100 x 50 shown."""
    polygon = RawPolygon.of_parts([np.array([(10, 20), (30, 20), (30, 90)], np.float32)])
    box = RawBox(1, (10, 20, 20, 70), polygon=polygon)
    raw = RawBoxes("xywh", (box,), "a.json: annotation", size=(50, 100), with_polygons=True)
    boxes, findings = resolve_boxes(raw, 100, 50, orientation)
    assert (findings[0].where, findings[0].bad) == ("a.json", False)
    if orientation < 5:  # exchanges no sides
        assert findings[0].kind == "has width and height exchanged"
        return
    assert len(findings) == 1
    assert "shown turned upright by its EXIF orientation" in findings[0].kind
    pixels = np.zeros((100, 50, 3), np.uint8)
    pixels[20:90, 10:30] = 255
    shown = PIL.ImageOps.exif_transpose(with_orientation(pixels, orientation))
    left, top, right, bottom = shown.getbbox()
    assert boxes.xyxy == ((left, top, right, bottom),)
    points = boxes.polygons[0].points[0]
    assert (*points.min(0), *points.max(0)) == boxes.xyxy[0]


def test_boxes_that_fit_only_the_upright_picture_are_not_turned():
    """The size was read without the orientation, and the boxes drawn on what a browser shows."""
    raw = RawBoxes("xywh", (RawBox(1, (1, 2, 3, 4)), RawBox(2, (60, 2, 30, 40))), size=(50, 100))
    with pytest.raises(BoxError, match=r"for 50 x 100 pixels, .* shows 100 x 50, .* fit only the latter; state 100 x"):
        resolve_boxes(raw, 100, 50, 6)


def with_orientation(pixels, orientation):
    image = PIL.Image.fromarray(pixels)
    image.getexif()[0x112] = orientation
    return image


NUMBERS = st.floats(-50, 150, width=32)


@settings(max_examples=60)
@given(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), st.integers(1, 100), st.integers(1, 100))
def test_what_is_kept_is_the_part_inside_and_nothing_inside_is_lost(numbers, width, height):
    boxes, findings = resolve_boxes(RawBoxes("xywh", (RawBox(1, numbers),)), width, height)
    x, y, w, h = map(Fraction, numbers)  # exact
    inside = (max(x, 0), max(y, 0), min(x + w, width), min(y + h, height))
    if w > 0 and h > 0 and inside[2] - inside[0] > Fraction("0.0101") and inside[3] - inside[1] > Fraction("0.0101"):
        assert boxes.xyxy[0] == pytest.approx([float(edge) for edge in inside], abs=1e-9)
    elif w <= 0 or h <= 0 or inside[2] <= inside[0] or inside[3] <= inside[1]:
        assert not boxes.xyxy
        assert findings[0].bad
