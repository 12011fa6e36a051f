import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.report.pages import ATTACK, QUOTES, Page, augmentation, example, history, measured, read, report_data, stage
from tests.tasks.segmentation.scenes import scene_data
from visionft.data.records import Problem
from visionft.report import DatasetFacts, render_report, write_report
from visionft.tasks.classification.metrics import classification_metrics

BOTH = pytest.mark.parametrize("make", [report_data, scene_data])


def test_the_page_shows_the_numbers():
    data = report_data()
    text = Page(render_report(data)).text
    metrics = data.section.metrics
    right = sum(metrics.confusion[label][label] for label in range(3))
    assert f"{right} of 120 test images are classified correctly" in text
    low, high = metrics.intervals["accuracy"]
    assert f"{100 * metrics.accuracy:.1f} % {100 * low:.1f}–{100 * high:.1f} %" in text
    assert f"{metrics.auroc:.3f}" in text
    for scores in metrics.per_class.values():
        assert f"{100 * scores.recall:.1f} %" in text
    for expected in ["zoo", "a keeper", "CC0", "resnet18", "12 810", "3e-4", "ran its 2 epochs", "truncated"]:
        assert expected in text


@pytest.mark.parametrize("evil", [ATTACK, QUOTES, "</title><img src=x>", "{{ 7 * 7 }}", "&lt;b&gt;"])
def test_no_name_can_become_markup(evil):
    names = ("cat", evil, "emu")
    data = report_data(
        names,
        title=evil,
        selection="balanced_accuracy",
        stages=(replace(stage(evil), trainable=evil, ended=evil),),
        history=tuple({**row, "stage_name": evil} for row in history(9)),
        mistakes=(example(evil, evil, identifier=evil),),
        augmentation=augmentation(evil),
        problems=(Problem(evil, evil),),
        recipe=evil,
        provenance={evil: evil},
    )
    same = report_data(stages=(stage(),), history=history(9), augmentation=augmentation())
    page, plain = Page(render_report(data)), Page(render_report(same))
    assert evil in page.text
    tags = [[tag for tag, _ in elements] for elements in (page.elements, plain.elements)]
    assert tags[0] == tags[1]
    known = {name for _, attributes in plain.elements for name in attributes}
    assert {name for _, attributes in page.elements for name in attributes} <= known


@BOTH
@pytest.mark.parametrize("classes", [2, 13, 31])
def test_the_page_needs_nothing_else(make, classes):
    html = render_report(make([f"class {label}" for label in range(classes)]))
    page = Page(html)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base"}
    assert "url(" not in html
    assert "@import" not in html
    for _, attributes in page.elements:
        assert attributes.get("src", "data:").startswith("data:")
        assert attributes.get("href", "#").startswith("#")
    policies = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv")]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


@BOTH
@pytest.mark.parametrize("classes", [2, 13, 31])
def test_the_page_is_accessible(make, classes):
    page = Page(render_report(make([f"class {label}" for label in range(classes)], augmentation=augmentation())))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert page.all("html") == [{"lang": "en"}]
    assert all(image["alt"] for image in page.all("img"))
    assert all(header["scope"] in ("row", "col") for header in page.all("th"))
    for _, attributes in page.elements:
        assert set(attributes.get("aria-labelledby", "").split()) <= set(ids)
        assert attributes.get("href", "#")[1:] in {*ids, ""}
    assert page.all("svg")
    assert all(drawing["role"] == "img" and drawing["aria-labelledby"] for drawing in page.all("svg"))


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(colour) / 255]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(first, second):
    darker, lighter = sorted([luminance(first), luminance(second)])
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
def test_text_stands_out_in_both_themes(theme):
    html = render_report(report_data())
    block = re.findall(r":root \{(.*?)\}", html, re.DOTALL)[theme]
    solid = {
        name: np.array([int(value[i : i + 2], 16) for i in (0, 2, 4)])
        for name, value in re.findall(r"--(\w+): #([0-9a-f]{6})", block)
    }
    heat = {name: np.array(rgb.split(), float) for name, rgb in re.findall(r"--(heat|wrong): ([\d ]+)", block)}
    strongest = {float(share) for share in re.findall(r"calc\(var\(--shade\) \* ([\d.]+)\)", html)}
    for text in ("ink", "muted", "accent", "second"):
        for ground in ("page", "panel"):
            assert contrast(solid[text], solid[ground]) >= 4.5, (text, ground)
    for colour in heat.values():
        for share in strongest:
            cell = share * colour + (1 - share) * solid["page"]
            assert contrast(solid["ink"], cell) >= 4.5


@BOTH
def test_the_same_data_give_the_same_page(make):
    assert render_report(make()) == render_report(make())


def test_what_is_not_defined_is_a_dash():
    probabilities_NK = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]])
    metrics = classification_metrics(probabilities_NK, np.array([0, 0]), ("cat", "dog", "emu"), bootstrap=20)
    page = Page(render_report(report_data(metrics=metrics)))
    assert "AUROC – no interval" in page.text
    assert "Accuracy 100.0 % no interval" in page.text  # every resample of a perfect score is perfect
    assert "emu – – – 0" in page.text
    assert not re.search(r"\b(nan|None|inf)\b", page.text)


@pytest.mark.parametrize(
    ("rows", "drawings"),
    [
        ((), 1),
        (history(1), 4),
        (tuple({**row, "val": None, "train_loss": float("nan")} for row in history(2, 2)), 2),
        (tuple({**row, "lr": 0.0} for row in history(3)), 3),
    ],
)
def test_charts_without_values_are_left_out(rows, drawings):
    assert len(Page(render_report(report_data(history=rows))).all("svg")) == drawings


@pytest.mark.parametrize(("selection", "chart"), [("loss", "Accuracy"), ("balanced_accuracy", "Balanced accuracy")])
def test_the_best_epochs_are_marked_where_they_were_chosen(selection, chart):
    html = render_report(report_data(selection=selection))
    figures = re.findall(r"<figure class=\"chart\">.*?</figure>", html, re.DOTALL)
    marked = [figure for figure in figures if 'class="best"' in figure]
    assert len(marked) == 1
    assert ("<strong>Loss</strong>" in marked[0]) == (selection == "loss")
    assert marked[0].count('class="best"') == 2
    assert any(f"<strong>{chart}</strong>" in figure for figure in figures)


@pytest.mark.parametrize(
    ("split", "warning"), [("val", "somewhat optimistic"), ("train", "say nothing about new ones"), ("test", "")]
)
@BOTH
def test_numbers_from_seen_images_carry_a_warning(make, split, warning):
    text = Page(render_report(make(split=split))).text
    assert warning in text
    assert ("optimistic" in text) == (split == "val")


def test_many_classes_get_pairs_instead_of_a_matrix():
    few = Page(render_report(report_data(metrics=measured([f"c{label}" for label in range(30)]))))
    many = Page(render_report(report_data(metrics=measured([f"c{label}" for label in range(31)]))))
    assert "Confusion matrix" in few.text
    assert "Most confused classes" in many.text
    assert "Confusion matrix" not in many.text


def test_an_unknown_data_licence_is_left_out_and_an_unknown_weights_licence_is_said():
    text = Page(render_report(report_data(dataset=DatasetFacts(name="zoo", source="a keeper, CC0")))).text
    assert "Data licence" not in text
    assert "Weights licence not stated" in text


def test_at_most_24_mistakes_and_12_unsure_are_shown():
    page = Page(render_report(report_data(mistakes=(example(),) * 30, unsure=(example(),) * 30)))
    assert len(page.all("img")) == 36


@BOTH
def test_what_training_saw_is_shown_and_linked(make):
    page, without = (Page(render_report(make(augmentation=facts))) for facts in (augmentation(), None))
    assert "as they came in stage all, whose augmentation, medium, is the strongest: flipped like all." in page.text
    added = [picture for picture in page.all("img") if picture not in without.all("img")]
    assert [picture["alt"] for picture in added] == ["not augmented, all", "epoch 4, all"] * 2
    for picture, channel in zip(added, [2, 1] * 2, strict=True):
        assert np.asarray(read(picture["src"])).mean(axis=(0, 1)).argmax() == channel
    assert ({"href": "#augmentation"} in page.all("a"), {"href": "#augmentation"} in without.all("a")) == (True, False)
    assert "What training saw" not in without.text


def test_why_nothing_can_be_shown_is_said():
    page, without = (
        Page(render_report(report_data(augmentation=facts)))
        for facts in (augmentation(problem="a.png: cannot be read (gone)"), None)
    )
    assert "No picture could be made. a.png: cannot be read (gone)" in page.text
    assert page.all("img") == without.all("img")


def test_file_names_that_are_no_text_can_be_written(tmp_path):
    data = report_data(mistakes=(example(identifier="\udce9t\udce9.jpg"),))
    assert "\\udce9t\\udce9.jpg" in write_report(data, tmp_path / "report.html").read_text(encoding="utf-8")


def test_an_older_report_is_replaced(tmp_path):
    path = tmp_path / "new folder" / "report.html"
    write_report(report_data(title="first"), path)
    assert write_report(report_data(title="second"), path) == path
    assert "<title>second</title>" in path.read_text(encoding="utf-8")
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_importing_is_cheap():
    program = "import sys, visionft.report; sys.exit(bool({'torch', 'jinja2', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
