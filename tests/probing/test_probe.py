"""Probes of small data from the terminal's point of view: features, storage, rows, what is found in the data.

Shape suffixes: N images.
"""

import json
import shutil

import cv2
import numpy as np
import pytest
import torch

import visionft as vft
from visionft.errors import DataError, RecipeError, WeightsError
from visionft.probing import network

QUICK = {"runtime.device": "cpu", "runtime.precision": "fp32", "evaluate.bootstrap": 50, "optim.batch_size": 16}
PLANTED = 4


@pytest.fixture(scope="module")
def shapes(image_folder, tmp_path_factory):
    """The shapes, with re-encoded copies of some, and some wrong labels: (folder, copies, wrong)."""
    root = tmp_path_factory.mktemp("probe") / "shapes"
    shutil.copytree(image_folder, root)
    copies, wrong = {}, {}
    for number in range(PLANTED):
        image = cv2.imread(str(root / "disc" / f"{number:02}.png"))
        cv2.imwrite(str(root / "disc" / f"copy{number}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
        copies[f"disc/copy{number}.jpg"] = f"disc/{number:02}.png"
        (root / "bar" / f"1{number}.png").rename(root / "disc" / f"was-bar-{number}.png")
        wrong[f"disc/was-bar-{number}.png"] = "bar"
    return root, copies, wrong


@pytest.fixture(scope="module")
def probed(shapes, tmp_path_factory):
    out = tmp_path_factory.mktemp("probe") / "out"
    choices = ["test_resnet:none", "test_vit:none", "resnet18:/no/such/file.pth"]
    return vft.probe(shapes[0], backbones=choices, overrides=QUICK, out=out, progress=False)


def test_networks_are_ranked_and_one_that_cannot_be_had_says_why(probed):
    *measured, failed = probed.rows
    assert {row.backbone for row in measured} == {"test_resnet:none", "test_vit:none"}
    assert measured[0].score >= measured[1].score
    assert probed.best is probed.rows[0]
    assert failed.backbone == "resnet18:/no/such/file.pth"
    assert "no such file" in failed.problem
    for row in measured:
        low, high = row.interval
        assert 0 <= low <= row.score <= high <= 1
        assert row.parameters > 0
        assert row.milliseconds > 0
        assert row.licence == "none"
        assert 0 <= row.neighbours <= 1
    assert measured[0].behind is None
    assert measured[1].behind[1] >= measured[0].score - measured[1].score >= measured[1].behind[0]


def test_untrained_features_tell_shapes_better_than_chance(probed):
    assert probed.best.score > 0.6


def test_copies_are_found(probed, shapes):
    pairs = {frozenset(pair.images) for pair in probed.duplicates}
    planted = {frozenset(pair) for pair in shapes[1].items()}
    assert planted <= pairs  # others look alike as well: there are not many ways to draw a disc
    assert all(pair.same_target for pair in probed.duplicates if frozenset(pair.images) in planted)


def test_wrong_labels_stand_first(probed, shapes):
    first = {error.image: error.found for error in probed.label_errors[: 2 * PLANTED]}
    assert len(first.keys() & shapes[2].keys()) >= PLANTED // 2
    assert all(error.given != error.found for error in probed.label_errors)


def test_the_curve_ends_with_all_that_there_is_to_learn_from(probed):
    images = probed.curve.images
    assert images == tuple(sorted(images))
    assert images[-1] == (probed.images["train"] + probed.images["val"]) * 4 // 5
    assert probed.curve.scores[-1] == pytest.approx(probed.best.score)
    assert probed.curve.doubled == pytest.approx(probed.best.score + probed.curve.gain)


def test_it_reads_in_a_notebook_and_as_json(probed):
    assert repr(probed).splitlines()[0].startswith("ProbeResult(shapes")
    assert all(row.backbone in repr(probed) for row in probed.rows)
    plain = json.loads(json.dumps(probed.to_dict(), allow_nan=False))
    assert plain["rows"][0]["backbone"] == probed.best.backbone
    assert json.loads((probed.page.parent / "probe.json").read_text()) == plain


def test_the_page_needs_nothing_else_and_shows_what_was_found(probed, shapes):
    page = probed.page.read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    for row in probed.rows:
        assert row.short in page
    assert page.count("data:image/jpeg") == min(48, len(probed.label_errors)) + 2 * min(24, len(probed.duplicates))
    assert probed.label_errors[0].image in page


@pytest.fixture
def computed(monkeypatch):
    """The names of the networks that were run."""
    names, whole = [], network.compute
    monkeypatch.setattr(network, "compute", lambda *given: names.append(given[0].name) or whole(*given))
    return names


def test_a_later_probe_runs_no_network_that_it_knows(probed, shapes, computed):
    more = ["test_resnet:none", "test_efficientnet:none"]
    again = vft.probe(shapes[0], backbones=more, overrides=QUICK, out=probed.page.parent, progress=False)
    assert computed == ["test_efficientnet"]
    found, before = ({row.backbone: row for row in one.rows}["test_resnet:none"] for one in (again, probed))
    assert (found.score, found.neighbours, found.interval) == (before.score, before.neighbours, before.interval)


def test_nor_where_labels_have_been_mended(probed, shapes, computed, tmp_path):
    shutil.copytree(shapes[0], tmp_path / "mended")
    for name in shapes[2]:
        (tmp_path / "mended" / name).rename(tmp_path / "mended" / "bar" / name.replace("/", "-"))
    out = probed.page.parent
    mended = vft.probe(tmp_path / "mended", backbones="test_resnet:none", overrides=QUICK, out=out, progress=False)
    assert computed == []
    assert mended.best.score >= next(row.score for row in probed.rows if row.backbone == "test_resnet:none")
    assert not {error.image for error in mended.label_errors} & {f"bar/{name.replace('/', '-')}" for name in shapes[2]}


def test_a_cut_file_of_features_is_computed_again(probed, shapes, computed, tmp_path):
    shutil.copytree(probed.page.parent / "features", tmp_path / "features")
    (file,) = (tmp_path / "features").glob("test_resnet-*")
    file.write_bytes(file.read_bytes()[:100])
    vft.probe(shapes[0], backbones="test_resnet:none", overrides=QUICK, out=tmp_path, progress=False)
    assert computed == ["test_resnet"]
    assert file.stat().st_size > 100


def test_networks_with_nothing_to_show_are_an_error(shapes):
    with pytest.raises(WeightsError, match="none of the backbones"):
        vft.probe(shapes[0], backbones="resnet18:/no/such/file.pth", overrides=QUICK, progress=False)


def test_a_task_without_a_probe_says_which_have_one(shapes, monkeypatch):
    from visionft.tasks import TASKS

    monkeypatch.setattr(TASKS["classification"], "probe", "")
    with pytest.raises(RecipeError, match="segmentation"):
        vft.probe(shapes[0], backbones="test_resnet:none", overrides=QUICK, progress=False)


def test_one_class_is_nothing_to_tell_apart(image_folder, tmp_path):
    shutil.copytree(image_folder / "disc", tmp_path / "data" / "disc")
    with pytest.raises(DataError, match="two"):
        vft.probe(tmp_path / "data", backbones="test_resnet:none", overrides=QUICK, progress=False)


def test_all_images_may_be_for_training(image_folder, tmp_path):
    shutil.copytree(image_folder, tmp_path / "data" / "train")
    found = vft.probe(tmp_path / "data", backbones="test_resnet:none", overrides=QUICK, progress=False)
    assert sum(found.images.values()) == 72
    assert found.best.score > 0.6


def test_images_in_memory():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    images = (rng.integers(0, 60, (60, 32, 32, 3)) + 120 * labels[:, None, None, None]).astype(np.uint8)
    data = vft.Dataset.from_arrays(images, ["dark" if label == 0 else "bright" for label in labels])
    found = vft.probe(data, backbones="test_resnet:none", overrides=QUICK, progress=False)
    assert found.best.score > 0.9
    assert found.page is None
    assert torch.is_grad_enabled()
