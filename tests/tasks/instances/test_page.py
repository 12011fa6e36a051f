"""The page of an instance segmentation: that of a detector, with masks."""

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.pages import Page, history, read
from tests.tasks.objects.boxed import COLOURS, NAMES, SIZE, THRESHOLDS, box_example, boxed_data, objects, picture, tile
from tests.tasks.objects.boxed import section as boxed_section
from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.polygons import Polygon
from visionft.data.records import Dataset, Sample
from visionft.data.targets.polygons import Polygons
from visionft.report import render_report
from visionft.tasks.instances.metrics import instance_metrics
from visionft.tasks.instances.page import InstanceSection, InstanceView
from visionft.tasks.objects.evaluation import ObjectEvaluation
from visionft.tasks.objects.mistakes import match_image
from visionft.tasks.objects.overlays import box_pictures, shrink_object

FOUND = np.float32([(*tile(0), 0.9, 0), (*tile(3), 0.7, 0)])


def half(box):
    """Return the upper half of a box as a ring."""
    left, top, right, bottom = box
    middle = (top + bottom) / 2
    return np.float32([(left, top), (right, top), (right, middle), (left, middle)])


def with_polygons():
    """Return the objects of the other tests; of those whose outline is known, the upper half of the box."""
    boxes = objects()
    polygons = [Polygon((half(box).tobytes(),)) for box in boxes.xyxy[:3]]
    return Polygons(boxes.xyxy, boxes.labels, boxes.crowd, (*polygons, Polygon(), Polygon()))


def upper(box):
    left, top, right, bottom = map(int, box)
    return ObjectMask(left, top, np.ones(((bottom - top) // 2, right - left), np.bool_))


MASKS = tuple(upper(row[:4]) for row in FOUND)


def section(**changes):
    fields = {
        **{name: getattr(boxed_section(), name) for name in ("palette", "tally", "worst", "others", "mistakes")},
        "metrics": instance_metrics(
            [FOUND], [MASKS], [with_polygons()], [SIZE], NAMES, thresholds=THRESHOLDS, bootstrap=30
        ),
    }
    return InstanceSection(**{**fields, **changes})


def masked_data(**changes):
    scores = {"map": 0.25, "mask_map": 0.2, "mask_map50": 0.4, "mask_map75": 0.1}
    rows = tuple({**row, "val": {"loss": 1 / row["epoch"], **scores}} for row in history(2, 3))
    return boxed_data(**{"section": section(), "selection": "mask_map", "history": rows, **changes})


def test_the_page_shows_the_numbers_of_masks_and_of_boxes():
    page = Page(render_report(masked_data()))
    metrics, text = section().metrics, page.text.replace("\u202f", " ")
    assert f"Mean mask AP {100 * metrics.mask_map:.1f} %" in text
    assert f"Mask AP50 {100 * metrics.mask_map50:.1f} %" in text
    assert f"Mask AP75 {100 * metrics.mask_map75:.1f} %" in text
    assert f"Mean box AP {100 * metrics.map:.1f} %" in text
    bolt = metrics.per_class["bolt"]
    assert (bolt.mask_ap50, bolt.ap50) == (pytest.approx(1 / 3, abs=0.01),) * 2
    values = [f"{100 * value:.1f} %" for value in (bolt.mask_ap50, bolt.mask_ap, bolt.ap50, bolt.ap)]
    assert f"bolt {' '.join(values)} 0.50 50.0 % 33.3 % 40.0 % 3" in text
    assert "Masks are measured on the 3 objects whose outline is known." in text
    assert "an IoU of 0.5 of the boxes" in text
    assert "Objects Mask AP Box AP" in text
    # boxes of 40 x 40 pixels, of which the masks are half
    assert f"small, below 32 × 32 pixels {100 * metrics.mask_map_small:.1f} % –" in text
    assert f"medium – {100 * metrics.map_medium:.1f} %" in text
    for expected in ["Best mean mask AP", "Validation mean mask AP50", "Validation mean mask AP75"]:
        assert expected in text
    assert not re.search(r"\b(nan|None|inf)\b", text)


def test_columns_and_cells_are_as_many():
    html = render_report(masked_data())
    for table in re.findall(r"<table class=\"plain\">.*?</table>", html, re.DOTALL):
        counts = {len(re.findall(r"<t[hd][ >]", row)) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)}
        assert len(counts) == 1


def test_where_all_outlines_are_known_nothing_is_said():
    metrics = replace(section().metrics, outlines=section().metrics.objects)
    assert "whose outline" not in render_report(masked_data(section=section(metrics=metrics)))


def test_a_detector_has_no_word_of_masks():
    text = Page(render_report(boxed_data())).text
    assert "mask" not in text.lower()
    assert "Objects Mean AP" in text


@pytest.mark.parametrize(("selection", "chart"), [("loss", "Mean mask AP"), ("mask_map", "Mean mask AP")])
def test_the_curve_is_of_the_score_that_chose(selection, chart):
    assert f"<strong>{chart}</strong>" in render_report(masked_data(selection=selection))


def pixels_of(example):
    return [np.asarray(read(shown.uri), int) for shown in box_pictures(example, NAMES, COLOURS)]


def share(pixels, x, y, colour):
    """Return how much of a colour a grey point has, 0..1."""
    towards = np.array(colour) - 128
    return (pixels[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3).mean(axis=0) - 128) @ towards / (towards @ towards)


@pytest.mark.parametrize("scale", [1, 5])
def test_pixels_are_painted_where_they_are(scale):
    """In an original of another size than the picture as well."""
    boxes = with_polygons()
    rings = [Polygon(tuple((ring * scale).tobytes() for ring in one.points)) for one in boxes.polygons]
    boxes = Polygons(
        tuple(tuple(scale * side for side in box) for box in boxes.xyxy), boxes.labels, boxes.crowd, tuple(rings)
    )
    found = FOUND * np.float32([scale] * 4 + [1, 1])
    size = (SIZE[0] * scale, SIZE[1] * scale)
    shown = 1 if scale == 1 else 2
    example = box_example(
        boxes=boxes,
        size=size,
        image_HW3=cv2.resize(picture(), size),
        match=match_image(found, boxes, thresholds=THRESHOLDS),
        masks=tuple(upper(row[:4]) for row in found),
    )
    truth, detected = pixels_of(example)
    assert truth.shape == detected.shape == (240 * shown, 320 * shown, 3)
    assert 0.2 < share(truth, 30 * shown, 26 * shown, COLOURS[0]) < 0.4  # found: paler
    assert abs(share(truth, 30 * shown, 40 * shown, COLOURS[0])) < 0.1  # the lower half of its box
    assert 0.4 < share(truth, 90 * shown, 26 * shown, COLOURS[0]) < 0.6  # missed
    assert abs(share(truth, 210 * shown, 30 * shown, COLOURS[1])) < 0.1  # of no outline
    assert 0.2 < share(detected, 30 * shown, 26 * shown, COLOURS[0]) < 0.4
    assert 0.4 < share(detected, 210 * shown, 26 * shown, COLOURS[0]) < 0.6  # a nut
    assert abs(share(detected, 90 * shown, 26 * shown, COLOURS[0])) < 0.1


def test_a_box_is_drawn_where_it_tells_more_than_the_pixels():
    boxes = replace(with_polygons(), polygons=(Polygon(), *with_polygons().polygons[1:]))
    match = match_image(FOUND, boxes, thresholds=THRESHOLDS)
    truth, detected = pixels_of(box_example(boxes=boxes, match=match, masks=MASKS))
    assert share(truth, 30, 48, COLOURS[0]) > 0.1  # its outline is not known
    assert share(truth, 90, 48, COLOURS[0]) > 0.4  # missed
    assert abs(share(detected, 30, 48, COLOURS[0])) < 0.1  # right
    assert share(detected, 210, 48, COLOURS[0]) > 0.4  # wrong


def test_a_box_is_drawn_where_no_pixel_is_left():
    """An object 4 pixels wide that lies between the centres of the picture's pixels, which are seven apart."""
    place, size = (1012.0, 700.0, 1016.0, 980.0), (SIZE[0] * 7, SIZE[1] * 7)
    corners = np.float32([(place[0], place[1]), (place[2], place[1]), (place[2], place[3]), (place[0], place[3])])
    boxes = Polygons((place,), (0,), (False,), (Polygon((corners.tobytes(),)),))
    mask = ObjectMask(1012, 700, np.ones((280, 4), np.bool_))
    assert shrink_object(mask, size, SIZE).area == 0
    match = match_image(np.float32([(*place, 0.9, 0)]), boxes, thresholds=THRESHOLDS)
    for pixels in pixels_of(box_example(boxes=boxes, size=size, match=match, masks=(mask,))):
        assert np.abs(pixels[120, 143:148] - 128).max() > 30  # its frame and the frame's white rim


sides = st.integers(1, 12)


@settings(max_examples=80, deadline=None)
@given(sides, sides, st.data())
def test_shrunken_pixels_are_those_at_the_new_centres(width, height, data):
    new_width, new_height = data.draw(st.integers(1, 14)), data.draw(st.integers(1, 14))
    left, top = data.draw(st.integers(0, width)), data.draw(st.integers(0, height))
    wide, high = data.draw(st.integers(0, width - left)), data.draw(st.integers(0, height - top))
    bits = data.draw(st.integers(0, 2 ** (wide * high) - 1))
    pixels = np.array([bits >> place & 1 for place in range(wide * high)], np.bool_).reshape(high, wide)
    mask = ObjectMask(left, top, pixels)
    whole = mask.whole((width, height))
    expected = [
        [
            whole[(2 * y + 1) * height // (2 * new_height), (2 * x + 1) * width // (2 * new_width)]
            for x in range(new_width)
        ]
        for y in range(new_height)
    ]
    shrunken = shrink_object(mask, (width, height), (new_width, new_height))
    assert shrunken.whole((new_width, new_height)).tolist() == expected


CLASSES = ("left", "right")


def test_every_detection_is_shown_with_its_own_mask(image):
    """Of an image's detections, those below the threshold and those in a crowd are not shown."""
    ring = np.float32([(10, 10), (60, 10), (60, 60), (10, 60)])
    boxes = Polygons(
        ((10.0, 10.0, 60.0, 60.0), (300.0, 300.0, 700.0, 500.0)),
        (0, 1),
        (False, True),
        (Polygon((ring.tobytes(),)), Polygon()),
    )
    rows = np.float32(
        [
            [310, 310, 350, 350, 0.95, 1],  # in the crowd
            [10.25, 10, 60, 60, 0.9, 0],
            [100, 100, 150, 150, 0.8, 1],
            [100, 100, 150, 150, 0.8, 1],  # the same box with other pixels
            [10, 10, 60, 59, 0.7, 0],
            [100, 100, 150, 150, 0.1, 1],  # below the threshold
        ]
    )
    masks = tuple(ObjectMask(int(row[0]), int(row[1]), np.ones((5, 5 + n), np.bool_)) for n, row in enumerate(rows))
    nothing = Sample("b.png", image, Polygons(), "test", size=(800, 600))
    samples = (Sample("a.png", image, boxes, "test", size=(800, 600)), nothing)
    found = (rows, np.zeros((0, 6), np.float32))
    metrics = instance_metrics(
        found, (masks, ()), [boxes, Polygons()], [(800, 600)] * 2, CLASSES, thresholds=(0.5, 0.5), bootstrap=0
    )
    evaluation = ObjectEvaluation(metrics, found, (masks, ()))
    dataset = Dataset("halves", samples, CLASSES, Polygons)
    shown = InstanceView.section(evaluation, dataset, "test")
    assert isinstance(shown, InstanceSection)
    (first,) = shown.worst
    assert [one.score for one in first.match.detected] == pytest.approx([0.9, 0.8, 0.8, 0.7])
    assert first.masks == masks[1:5]
    assert [example.masks for example in shown.others] == [()]
