import re
from dataclasses import replace

import numpy as np
import pytest

from tests.report.pages import ATTACK, QUOTES, Page, read
from tests.tasks.objects.boxed import (
    COLOURS,
    NAMES,
    SIZE,
    THRESHOLDS,
    box_example,
    boxed_data,
    boxed_rows,
    objects,
    picture,
    section,
    tile,
)
from visionft.data.targets.boxes import Boxes
from visionft.report import render_report
from visionft.tasks.objects.metrics import CurvePoint
from visionft.tasks.objects.mistakes import Detected, match_image
from visionft.tasks.objects.overlays import box_pictures, cut_mistake
from visionft.tasks.objects.page import Tally
from visionft.tasks.objects.page_examples import what_is_there


def test_the_page_shows_the_numbers():
    data = boxed_data()
    text = Page(render_report(data)).text
    metrics = data.section.metrics
    # of 8 objects two are found; 6 detections are believed outside of the crowds
    assert "25.0 % of the 8 objects in 2 test images are found, and 33.3 % of the detections are right" in text
    low, high = metrics.intervals["map50"]
    assert f"AP50 {100 * metrics.map50:.1f} % {100 * low:.1f}–{100 * high:.1f} %" in text
    bolt = metrics.per_class["bolt"]
    assert f"bolt {100 * bolt.ap50:.1f} % {100 * bolt.ap:.1f} % 0.50 40.0 % 33.3 % 36.4 % 6" in text
    assert "pin – – 0.50 – – – 0" in text
    for expected in ["Best mean AP", "Validation mean AP50", "Validation mean AP75", "zoo", "truncated"]:
        assert expected in text
    assert not re.search(r"\b(nan|None|inf)\b", text)


def test_coco_average_is_told_beside_that_of_more_detections():
    metrics = section().metrics
    assert "COCO's 100" not in Page(render_report(boxed_data())).text
    many = replace(metrics, most_detections=300, map=0.5, map_100=0.25)
    text = Page(render_report(boxed_data(own={"metrics": many}))).text
    assert re.search(r"up to 300 of an image; of COCO's 100 .* 25.0 %", text)


def test_what_goes_wrong_is_counted():
    text = Page(render_report(boxed_data())).text
    assert "2 believed detections are right" in text
    for row in ("Missed 6 75.0 %", "Wrong class 1 16.7 %", "Poor overlap 1 16.7 %", "Duplicate 1 16.7 %"):
        assert row in text
    assert "Nothing there 1 16.7 %" in text
    assert f"medium {100 * section().metrics.map_medium:.1f} %" in text
    assert "small, below 32 × 32 pixels –" in text


def test_examples_say_what_is_wrong():
    text = Page(render_report(boxed_data())).text
    assert "1 of 4 found parts/1.png rank 1 of 2" in text
    assert "3 missed, 1 of the wrong class, 1 with poor overlap, 1 found twice, 1 where nothing is" in text
    assert "1 of 4 found parts/2.png rank 2 of 2 3 missed" in text
    perfect = Boxes((tile(0),), (0,), (False,))
    assert box_example(mistakes=False, boxes=perfect).mistakes() == "1 where nothing is"
    nothing = replace(box_example(), match=match_image(np.zeros((0, 6), np.float32), Boxes(), thresholds=THRESHOLDS))
    assert nothing.mistakes() == "nothing is wrong"


def test_pictures_and_their_words():
    page = Page(render_report(boxed_data()))
    words = [image["alt"].replace("\u202f", " ") for image in page.all("img")]
    assert words[:4] == [
        "parts/1.png: bolt, found already, predicted as bolt with 80 % confidence",
        "parts/1.png: nut, predicted as bolt with 70 % confidence",
        "parts/1.png: bolt, overlaps by 33 %, predicted as bolt with 60 % confidence",
        "parts/1.png: nothing, predicted as nut with 55 % confidence",
    ]
    assert words[4:] == [f"{what}, parts/{number}.png" for number in (1, 2) for what in ("objects", "detections")]


def test_overlap_is_never_said_to_be_half_when_it_is_less():
    one = Detected((0, 0, 1, 1), 0, 0.9, 0, 0.4999, "overlap", 0)
    assert what_is_there(one, objects(), NAMES) == "bolt, overlaps by 49\u202f%"


def pixels_of(example):
    return [np.asarray(read(shown.uri), int) for shown in box_pictures(example, NAMES, COLOURS)]


def stands_out(pixels, x, y, colour):
    """Return how much of a colour there is around a point, 0..1; JPEG smears lines."""
    part = pixels[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3)
    towards = np.array(colour) - 128
    return ((part - 128) @ towards).max() / (towards @ towards)


def test_boxes_are_drawn_where_they_are():
    truth, found = pixels_of(box_example())
    assert truth.shape == found.shape == (SIZE[1], SIZE[0], 3)
    assert 0.15 < stands_out(truth, 30, 50, COLOURS[0]) < 0.6  # found: paler
    assert stands_out(truth, 90, 50, COLOURS[0]) > 0.7  # missed
    assert stands_out(truth, 210, 50, COLOURS[1]) > 0.7
    assert stands_out(found, 90, 50, COLOURS[0]) < 0.3  # below the threshold
    assert stands_out(found, 270, 110, COLOURS[1]) > 0.7
    assert np.abs(truth[80, 30] - 128).max() < 12  # nothing elsewhere


def test_boxes_shrink_with_their_image():
    large = np.full((SIZE[1] * 5, SIZE[0] * 5, 3), 128, np.uint8)
    boxes = Boxes((tuple(5 * side for side in tile(2, 1)),), (0,), (False,))
    match = match_image(np.zeros((0, 6), np.float32), boxes, thresholds=THRESHOLDS)
    example = box_example(image_HW3=large, size=(SIZE[0] * 5, SIZE[1] * 5), boxes=boxes, match=match)
    truth, _ = pixels_of(example)
    assert truth.shape == (480, 640, 3)
    assert stands_out(truth, 2 * 150, 2 * 110 - 1, COLOURS[0]) > 0.7
    small, _ = pixels_of(replace(example, image_HW3=np.ascontiguousarray(large[::5, ::5])))
    assert stands_out(small, 150, 110 - 1, COLOURS[0]) > 0.7


@pytest.mark.parametrize("box", [tile(1), (-20, -20, 5, 5), (300, 220, 340, 260), (400, 300, 410, 310), (7, 7, 7, 7)])
def test_mistakes_are_cut_out_with_what_is_around(box):
    image_HW3 = picture()
    image_HW3[10:50, 70:110] = (0, 0, 255)
    one = Detected(tuple(map(float, box)), 1, 0.75, 0, 0.2, "overlap", 0)
    example = cut_mistake(image_HW3, one, objects(), NAMES, "a.png")
    assert max(example.image_HW3.shape[:2]) == 288
    assert (example.predicted, example.confidence, example.id) == ("nut", 0.75, "a.png")
    if box == tile(1):  # in the middle, half of it around
        height, width = example.image_HW3.shape[:2]
        assert (example.image_HW3[height // 2, width // 2] == (0, 0, 255)).all()
        blue = (example.image_HW3 == (0, 0, 255)).all(axis=2)
        assert 0.15 < blue.mean() < 0.35
        white = (example.image_HW3 == 255).all(axis=2)
        assert white.any()


def test_the_weakest_classes_are_drawn():
    names = tuple(f"c{label:02}" for label in range(20))
    metrics = section(names).metrics
    drawn = CurvePoint(0.5, 0.5, 0.4)
    per_class = {
        name: replace(scores, ap50=label / 20, curve=(drawn,))
        for label, (name, scores) in enumerate(reversed(metrics.per_class.items()))
    }
    own = {"metrics": replace(metrics, per_class=per_class)}
    assert [chart.title for chart in section(names, **own).charts()] == [f"c{label:02}" for label in range(19, 7, -1)]
    assert "The 12 weakest classes of 20." in Page(render_report(boxed_data(names, own))).text


def test_the_legend_names_every_class_and_keeps_black_visible():
    html = render_report(boxed_data(own={"palette": ((0, 0, 0), *COLOURS[1:])}))
    legend = re.search(r'<ul class="legend".*?</ul>', html, re.DOTALL).group()
    assert Page(legend).text == "bolt nut pin"
    assert "--class:rgb(0 0 0)" in legend


def test_nothing_detected_and_nothing_shown():
    empty = {"worst": (), "others": (), "mistakes": (), "tally": Tally.of([])}
    metrics = section().metrics
    own = {"metrics": replace(metrics, precision=None, map_medium=None), **empty}
    page = Page(render_report(boxed_data(own=own)))
    assert "Where it fails" not in page.text
    assert "Missed 0 –" in page.text


@pytest.mark.parametrize(("selection", "chart"), [("loss", "Mean AP"), ("map75", "Mean AP75"), ("map", "Mean AP")])
def test_the_curve_is_of_the_score_that_chose(selection, chart):
    assert f"<strong>{chart}</strong>" in render_report(boxed_data(selection=selection, history=boxed_rows(3, 4)))


@pytest.mark.parametrize("evil", [ATTACK, QUOTES, "</title><img src=x>", "{{ 7 * 7 }}", "&lt;b&gt;", "a;color:red"])
def test_no_name_can_become_markup(evil):
    page = Page(render_report(boxed_data(("bolt", evil, "pin"), {"identifier": evil})))
    plain = Page(render_report(boxed_data()))
    assert evil in page.text
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
    for (_, changed), (_, given) in zip(page.elements, plain.elements, strict=True):
        assert changed.keys() == given.keys()
        assert changed.get("style") == given.get("style")
