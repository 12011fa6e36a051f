import re
import zlib
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, jaccard_score

from tests.report.pages import ATTACK, QUOTES, Page, read
from tests.tasks.segmentation.scenes import colours, maps, mask_example, scene_data, scene_rows, section
from visionft.annotations.marks import IGNORE
from visionft.data.records import Dataset, Sample
from visionft.data.targets.mask import Mask
from visionft.imaging import default_palette
from visionft.report import render_report
from visionft.tasks.segmentation.image_counts import count_image
from visionft.tasks.segmentation.learning import PredictedMask, SegmentationEvaluation
from visionft.tasks.segmentation.metrics import segmentation_metrics
from visionft.tasks.segmentation.page import SegmentationView
from visionft.tasks.segmentation.page_examples import MaskExample


def pixels(moves=(9, 5, 2, 0)):
    """Return the true and predicted classes of all labelled pixels of the scenes."""
    pairs = [maps(3, moved) for moved in moves]
    return tuple(np.concatenate([pair[side][pair[0] != IGNORE] for pair in pairs]) for side in (0, 1))


def test_the_page_shows_the_numbers():
    data = scene_data()
    text = Page(render_report(data)).text
    truth_P, predicted_P = pixels()
    iou_K = jaccard_score(truth_P, predicted_P, average=None)
    accuracy = accuracy_score(truth_P, predicted_P)
    assert f"{100 * accuracy:.1f} % of the labelled pixels of 4 test images get the right class" in text
    assert "Answering sky everywhere would get 33.3 % right" in text
    low, high = data.section.metrics.intervals["miou"]
    assert f"Mean IoU {100 * iou_K.mean():.1f} % {100 * low:.1f}–{100 * high:.1f} %" in text
    for name, iou in zip(("sky", "road", "car"), iou_K, strict=True):
        assert re.search(rf"{name} {100 * iou:.1f} % .* 33\.3 %", text)
    for expected in ["Mean Dice", "Boundary F1", "Best mean IoU", "Validation mean Dice", "zoo", "truncated"]:
        assert expected in text


def test_classes_stand_in_label_order():
    rows = section().classes()
    assert [row.name for row in rows] == ["sky", "road", "car"]
    assert [row.colour for row in rows] == ["rgb(0 255 100)", "rgb(1 254 100)", "rgb(2 253 100)"]
    assert sum(row.fraction for row in rows) == pytest.approx(1)


def test_a_class_without_paint_has_a_clear_swatch():
    own = {"palette": ((0, 0, 0), *colours(2))}
    assert section(**own).classes()[0].colour == "transparent"
    assert "--class:transparent" in render_report(scene_data(own=own))


def test_an_absent_class_is_a_dash():
    truth_HW, predicted_HW = maps(2, 3)
    metrics = segmentation_metrics([count_image(truth_HW, predicted_HW, 3)], ("a", "b", "c"), bootstrap=0)
    page = Page(render_report(scene_data(own={"metrics": metrics, "worst": (), "others": ()})))
    assert "c – – – – – 0.0 %" in page.text
    assert "no interval" in page.text
    assert not re.search(r"\b(nan|None|inf)\b", page.text)


def test_each_image_has_four_pictures_and_says_what_is_wrong():
    page = Page(render_report(scene_data()))
    assert [image["alt"] for image in page.all("img")] == [
        f"{what}, street/{number}.png" for number in (1, 2, 4) for what in ("image", "truth", "prediction", "errors")
    ]
    truth_P, predicted_P = pixels([9])
    wrong, iou = 1 - accuracy_score(truth_P, predicted_P), jaccard_score(truth_P, predicted_P, average="macro")
    assert f"mIoU {100 * iou:.1f} % street/1.png rank 1 of 4" in page.text
    assert f"{100 * wrong:.1f} % of the pixels are wrong, most often sky predicted as car (10.0 %)" in page.text
    assert "street/4.png rank 4 of 4 no pixel is wrong" in page.text


def test_an_image_that_is_all_ignored_can_be_shown():
    blank_HW = np.full((60, 90), IGNORE, np.uint8)
    blank = replace(mask_example(3, 0), target_HW=blank_HW, counts=count_image(blank_HW, maps(3, 0)[1], 3))
    assert (
        "mIoU 100.0 % street/1.png rank 1 of 4 no pixel is wrong"
        in Page(render_report(scene_data(own={"others": (blank,)}))).text
    )


def test_the_legend_names_every_class_once_and_stays_near_the_pictures():
    html = render_report(scene_data())
    legend = re.search(r'<ul class="legend".*?</ul>', html, re.DOTALL)
    assert Page(legend.group()).text == "sky road car wrong pixel ignored"
    assert legend.end() < html.index('class="overlays"')
    assert re.search(r"\.legend \{[^}]*position: sticky", html)


def test_cells_of_the_matrix_are_per_cent_of_the_row():
    html = render_report(scene_data())
    matrix = Page(re.search(r'<table class="matrix.*?</table>', html, re.DOTALL).group()).text
    truth_P, predicted_P = pixels()
    shares = [100 * np.mean(predicted_P[truth_P == 0] == label) for label in range(3)]
    assert shares[1] == 0
    assert f"sky {shares[0]:.0f} {shares[2]:.0f} road" in matrix


def test_many_classes_get_pairs_and_no_matrix():
    few, many = (Page(render_report(scene_data([f"c{label}" for label in range(count)]))) for count in (30, 31))
    assert "Confusion matrix" in few.text
    assert "Confusion matrix" not in many.text
    assert "Most confused classes" in many.text


@pytest.mark.parametrize(("selection", "chart"), [("loss", "Mean IoU"), ("pixel_accuracy", "Pixel accuracy")])
def test_the_curve_is_of_the_score_that_chose(selection, chart):
    assert f"<strong>{chart}</strong>" in render_report(scene_data(selection=selection, history=scene_rows(3, 4)))


def test_large_images_do_not_make_a_large_page():
    rng = np.random.default_rng(0)
    image_HW3 = cv2.resize(rng.integers(0, 256, (90, 120, 3), np.uint8), (1600, 1200), interpolation=cv2.INTER_CUBIC)
    truth_HW, predicted_HW = maps(3, 40, height=1200, width=1600)
    counts = count_image(truth_HW, predicted_HW, 3)
    example = MaskExample(
        id="a", rank=1, counts=counts, image_HW3=image_HW3, target_HW=truth_HW, predicted_HW=predicted_HW
    )
    html = render_report(scene_data(own={"worst": (example,) * 12, "others": (example,) * 3}))
    pictures = [read(image["src"]) for image in Page(html).all("img")]
    assert {picture.size for picture in pictures} == {(480, 360)}
    assert len(pictures) == 60
    assert len(html) < 4_000_000


@pytest.mark.parametrize("evil", [ATTACK, QUOTES, "</title><img src=x>", "{{ 7 * 7 }}", "&lt;b&gt;", "a;color:red"])
def test_no_name_can_become_markup(evil):
    own = {"worst": (mask_example(3, 9, identifier=evil), mask_example(3, 5, identifier=evil))}
    page = Page(render_report(scene_data(("sky", evil, "car"), own)))
    plain = Page(render_report(scene_data()))
    assert evil in page.text
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
    for (_, changed), (_, given) in zip(page.elements, plain.elements, strict=True):
        assert changed.keys() == given.keys()
        assert changed.get("style") == given.get("style")


HALVES = ("left", "right")


@dataclass(frozen=True, eq=False)
class Stored:
    """A mask that is at hand."""

    mask_HW: NDArray[np.uint8]

    def read(self):
        return self.mask_HW


def section_of(image, wrong_columns, palette=()):
    """Return what the page shows of images with so many wrong columns of 800 each."""
    truth_HW = np.zeros((600, 800), np.uint8)
    truth_HW[:, 400:] = 1
    samples, masks = [], []
    for number, wrong in enumerate(wrong_columns):
        predicted_HW = truth_HW.copy()
        predicted_HW[:, :wrong] = 1
        counts = count_image(truth_HW, predicted_HW, 2)
        masks.append(PredictedMask(counts, predicted_HW.shape, zlib.compress(predicted_HW.tobytes())))
        samples.append(Sample(f"{number}.png", image, Mask(Stored(truth_HW)), "test"))
    dataset = Dataset("halves", tuple(samples), HALVES, Mask, palette=palette)
    metrics = segmentation_metrics([mask.counts for mask in masks], HALVES, bootstrap=0)
    return SegmentationView.section(SegmentationEvaluation(metrics, tuple(masks)), dataset, "test")


def test_the_worst_images_come_first_then_some_to_compare(image):
    wrong = [(7 * number % 30) * 10 for number in range(30)]
    shown = section_of(image, wrong)
    expected = sorted(range(30), key=lambda number: -wrong[number])
    assert [example.id for example in shown.worst] == [f"{number}.png" for number in expected[:12]]
    assert [example.rank for example in shown.worst] == list(range(1, 13))
    assert [(example.id, example.rank) for example in shown.others] == [
        (f"{expected[place]}.png", place + 1) for place in (15, 22, 29)
    ]
    assert [example.wrong for example in shown.worst[:2]] == [290 * 600, 280 * 600]


def test_pictures_are_small_and_fit_each_other(image):
    example = section_of(image, [200]).worst[0]
    assert example.image_HW3.shape == (360, 480, 3)
    assert example.target_HW.shape == example.predicted_HW.shape == (360, 480)
    assert (example.target_HW != example.predicted_HW).mean() == pytest.approx(0.25, abs=0.01)


def test_the_colours_of_the_data_come_before_ours(image):
    own = ((1, 2, 3), (4, 5, 6))
    for palette, expected in ((own, own), ((), default_palette(HALVES))):
        assert section_of(image, [1], palette).palette == expected
