"""What the page shows of labels. Shape suffixes: N images, K classes."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.report.pages import ATTACK, QUOTES, Page, report_data
from visionft.data.records import Sample
from visionft.data.targets.label_set import LabelSet
from visionft.report import render_report
from visionft.report.confusion import ConfusedPair
from visionft.tasks.multilabel.learning import MultilabelEvaluation
from visionft.tasks.multilabel.metrics import multilabel_metrics
from visionft.tasks.multilabel.page import MultilabelView, multilabel_section
from visionft.tasks.multilabel.pairs import TogetherPair, confused_pairs, pairs_together

NAMES = ("bird", "cat", "dog")
TRUE_NK = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 1], [1, 0, 1]], np.bool_)
PROBABILITIES_NK = np.array(
    [[0.9, 0.1, 0.2], [0.8, 0.3, 0.7], [0.1, 0.2, 0.1], [0.2, 0.4, 0.9], [0.95, 0.1, 0.8]], np.float32
)


@pytest.fixture
def samples(tmp_path):
    made = []
    for number, labels_K in enumerate(TRUE_NK):
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), np.full((20, 30, 3), 40 * number, np.uint8))
        target = LabelSet(tuple(np.flatnonzero(labels_K).tolist()), 3)
        made.append(Sample(f"{number}.png", path, target, "test", (30, 20)))
    return made


def evaluation(names=NAMES, precision=None):
    metrics = multilabel_metrics(PROBABILITIES_NK, TRUE_NK, names, (0.5, 0.35, 0.5), bootstrap=20)
    return MultilabelEvaluation(metrics, PROBABILITIES_NK, precision)


def page_of(section):
    selection, history = "loss", ({"stage": 0, "stage_name": "a", "epoch": 1, "val": {"loss": 1.0, "map": 0.5}},)
    return Page(render_report(report_data(section=section, selection=selection, history=history)))


def test_images_with_mistakes_come_first_by_how_improbable_their_labels_are(samples):
    section = multilabel_section(evaluation(), samples)
    assert [example.id for example in section.worst] == ["1.png"]
    (worst,) = section.worst
    assert [name for name, _ in worst.missed] == ["cat"]
    assert [name for name, _ in worst.wrong] == ["dog"]
    assert worst.words == "right: bird; missed: cat; wrongly given: dog"
    assert all(not example.missed and not example.wrong for example in section.others)
    assert section.exact == 4
    assert section.usual == pytest.approx(1 / 5)


def test_pairs_that_are_confused():
    given_NK = np.array([[0, 1, 0], [0, 1, 1], [1, 0, 0], [0, 1, 1], [1, 0, 1]], np.bool_)
    assert confused_pairs(TRUE_NK, given_NK, NAMES) == (
        ConfusedPair("bird", "cat", 1, 1 / 3),
        ConfusedPair("bird", "dog", 1, 1 / 3),
    )
    assert confused_pairs(TRUE_NK, TRUE_NK, NAMES) == ()


def test_pairs_that_are_given_together_too_often_or_too_rarely():
    given_NK = np.array([[1, 0, 1], [1, 0, 1], [1, 0, 1], [0, 0, 1], [1, 0, 1]], np.bool_)
    assert pairs_together(TRUE_NK, given_NK, NAMES) == (
        TogetherPair("bird", "dog", 1, 4),
        TogetherPair("bird", "cat", 1, 0),
        TogetherPair("cat", "dog", 1, 0),
    )
    assert pairs_together(TRUE_NK, TRUE_NK, NAMES) == ()


def test_a_page_reads_well_and_names_what_it_leaves_out(samples):
    page = page_of(multilabel_section(evaluation(), samples))
    assert "4 of 5 test images are given exactly the right labels." in page.text
    assert "chosen on the validation images, for the best F1" in page.text
    assert [attributes["id"] for attributes in page.all("h2")][1:3] == ["classes", "failures"]
    assert any("missed: cat" in image["alt"] for image in page.all("img"))
    always = replace(evaluation().metrics, left_out=("cat",))
    section = replace(multilabel_section(evaluation(), samples), metrics=always)
    assert "The means leave out cat, which all of these images or none have" in page_of(section).text


def test_classes_below_the_wanted_precision_are_named(samples):
    page = page_of(multilabel_section(evaluation(precision=0.9), samples))
    assert "for a precision of 90.0 %" in page.text
    assert "Less than the wanted precision is right here of dog" in page.text


def test_labels_that_no_image_is_given_are_named(samples):
    assert "No image reaches the threshold" not in page_of(multilabel_section(evaluation(), samples)).text
    metrics = multilabel_metrics(PROBABILITIES_NK, TRUE_NK, NAMES, (0.5, 0.35, 0.99), bootstrap=0)
    section = multilabel_section(MultilabelEvaluation(metrics, PROBABILITIES_NK), samples)
    assert "No image reaches the threshold of dog, which some have" in page_of(section).text


def test_the_weakest_classes_come_first_and_have_curves(samples):
    section = multilabel_section(evaluation(), samples)
    averages = [scores.ap for _, scores in section.weakest_first()]
    assert averages == sorted(averages)
    assert [chart.title for chart in section.charts()] == [name for name, _ in section.weakest_first()]


def test_one_class_has_no_pairs(samples):
    single = [replace(sample, target=LabelSet((0,) if 0 in sample.target.indices else (), 1)) for sample in samples]
    metrics = multilabel_metrics(PROBABILITIES_NK[:, :1], TRUE_NK[:, :1], ("bird",), (0.5,), bootstrap=0)
    page = page_of(multilabel_section(MultilabelEvaluation(metrics, PROBABILITIES_NK[:, :1]), single))
    assert "Missed, and another given" not in page.text
    assert "5 of 5 test images are given" in page.text


def test_text_of_the_user_stays_text(samples):
    names = (ATTACK, QUOTES, "dog")
    odd = [replace(sample, id=f"{ATTACK}{QUOTES}") for sample in samples]
    page = page_of(multilabel_section(evaluation(names), odd))
    assert not page.all("script")
    assert not any("onload" in attributes for _, attributes in page.elements)


def test_pictures_are_captioned_with_their_labels():
    def caption(*indices):
        return MultilabelView.caption(Sample("a", Path("a"), LabelSet(indices, 3), "train"), NAMES)

    assert caption(0, 2) == "bird, dog"
    assert caption() == "no label"
