"""From a table of labels, with images mixed in training, to a file that gives them: by the verbs of every task."""

import json
import sys

import numpy as np
import pytest

import visionft
from tests.report.pages import Page
from tests.tasks.multilabel.shapes import NAMES
from visionft.assemble import assemble, load_data
from visionft.cli import main
from visionft.errors import DataError
from visionft.training.events import Notice


@pytest.fixture
def terminal(monkeypatch, capfd):
    """Return a function that runs a command line and returns its exit code, stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["visionft", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code or 0
        return code, *capfd.readouterr()

    return run


def test_it_learns_and_keeps_its_promises(finished_labels):
    metrics = json.loads((finished_labels / "metrics.json").read_text())
    assert metrics["split"] == "test"
    assert metrics["map"] > 0.8  # drawn at random it would be about 0.4
    assert metrics.keys() >= {"macro_f1", "micro_f1", "exact_match", "hamming_loss", "per_class", "intervals", "n"}
    assert tuple(metrics["per_class"]) == NAMES
    parity = json.loads((finished_labels / "model.onnx.parity.json").read_text())
    assert parity["passed"] is True
    assert (parity["score"], parity["answers"], parity["compared"]) == ("map", "images", parity["images"])


def test_the_file_has_the_thresholds_and_gives_the_runs_metrics(finished_labels):
    of_run = visionft.evaluate(finished_labels)
    of_file = visionft.evaluate(finished_labels / "model.onnx")
    assert of_file.map == pytest.approx(of_run.map, abs=1e-3)
    assert of_file.exact_match == of_run.exact_match
    spec = visionft.Predictor(finished_labels / "model.onnx").spec
    assert len(spec.thresholds) == 3
    assert [scores.threshold for scores in of_file.per_class.values()] == list(spec.thresholds)


def test_thresholds_are_those_of_the_validation_images(finished_labels, table):
    """With them, the validation images have the F1 that the best epoch had."""
    run = visionft.Run(finished_labels)
    chosen = run.stages[-1]["best"]
    assert run.evaluate("val").macro_f1 == pytest.approx(chosen["macro_f1"], abs=1e-4)
    assert run.evaluate("val").exact_match == pytest.approx(chosen["exact_match"], abs=1e-4)


def test_predictions_of_run_and_file_are_the_labels_above_the_thresholds(finished_labels, table):
    images = sorted(table.parent.glob("*.png"))[:8]
    predictor = visionft.Predictor(finished_labels / "model.onnx")
    thresholds = dict(zip(NAMES, predictor.spec.thresholds, strict=True))
    for image in images:
        found = predictor(image)
        assert set(found.labels) == {name for name, value in found.probabilities.items() if value >= thresholds[name]}
        live = visionft.Run(finished_labels).predict(image) if hasattr(visionft.Run, "predict") else found
        assert live.labels == found.labels
    some = visionft.Predictor(finished_labels / "model.onnx", threshold=0.0)(images[0])
    assert set(some.labels) == set(NAMES)


def test_the_terminal_gives_labels_as_lines_and_as_json(finished_labels, table, terminal):
    image = table.parent / "000.png"
    code, out, _ = terminal("predict", finished_labels / "model.onnx", image, "--json")
    ((row),) = json.loads(out)
    assert (code, row["image"]) == (0, str(image))
    assert set(row["probabilities"]) == set(NAMES)
    assert set(row["labels"]) <= set(NAMES)
    _, out, _ = terminal("predict", finished_labels, image, "--threshold", "0")
    assert all(name in out for name in NAMES)
    _, out, _ = terminal("predict", finished_labels, image, "--threshold", "1")
    assert out == f"{image}  no label\n"
    _, out, _ = terminal("eval", finished_labels, "--json")
    assert json.loads(out)["metrics"]["map"] > 0.8
    _, out, _ = terminal("eval", finished_labels)
    assert "macro_f1" in out
    assert "threshold" in out


def test_the_page_shows_classes_curves_and_images(finished_labels):
    page = Page((finished_labels / "report.html").read_text())
    assert {attributes.get("id") for attributes in page.all("h2")} >= {"classes", "failures", "training"}
    assert "exactly the right labels" in page.text
    assert "labels are separated by ';'" in page.text
    assert any("Precision by recall" in text for text in page.texts)


def test_a_precision_that_rests_on_few_images_is_noticed(labelled, tmp_path):
    recipe = labelled(
        task={"thresholds": {"precision": 0.9}},
        stages=[{"name": "a", "unfreeze": "none", "epochs": 1, "head_lr": 1e-2}],
    )
    events = []
    run = visionft.train(recipe, out=tmp_path / "run", sinks=[events.append])
    told = {event.text for event in events if isinstance(event, Notice) and "a precision of 0.9" in event.text}
    assert told
    written = [json.loads(line) for line in (run.path / "events.jsonl").read_text().splitlines()]
    assert told <= {event.get("text") for event in written}


@pytest.mark.parametrize("loss", ["bce", "focal", "asymmetric"])
def test_every_loss_learns_with_balanced_classes(labelled, loss, tmp_path):
    recipe = labelled(
        task={"loss": loss, "class_weights": "balanced"},
        stages=[{"name": "all", "epochs": 2, "norm": "all", "backbone_lr": 1e-2, "augment": "none"}],
        augment={"mixup": 0, "cutmix": 0},
    )
    run = visionft.train(recipe, out=tmp_path / "run", sinks=[])
    losses = [row["train_loss"] for row in run.info["history"]]
    assert losses[1] < losses[0]


def test_mixed_images_have_fractions_of_labels(labelled):
    """Half of the way from the labels of an image to those of the next, or further, as its pixels are."""
    recipe = labelled(augment={"mixup": 0.5, "cutmix": 0.5})
    job = assemble(recipe, load_data(recipe))
    (_, stage) = recipe.stages
    augmenter = job.device_augmenter(stage)
    with job.train_loader(stage) as loader:
        batch = next(iter(loader.training(0)))
        mixed_BK = augmenter(batch).targets.numpy()
    labels_BK = batch.targets.numpy()
    assert mixed_BK.shape == labels_BK.shape
    low_BK = np.minimum(labels_BK, np.roll(labels_BK, -1, axis=0))
    high_BK = np.maximum(labels_BK, np.roll(labels_BK, -1, axis=0))
    assert ((low_BK <= mixed_BK) & (mixed_BK <= high_BK)).all()
    assert ((mixed_BK > 0) & (mixed_BK < 1)).any()


def test_labels_that_say_nothing_of_the_selection_are_told(labelled, table, tmp_path):
    lines = [line.partition(",") for line in table.read_text().splitlines()[1:]]
    rows = [
        f"{table.parent / name},{'bar' if place < 60 else ''},{'train' if place < 60 else 'val'}"
        for place, (name, _, _) in enumerate(lines)
    ]
    (tmp_path / "a.csv").write_text("\n".join(["path,labels,split", *rows]))
    recipe = labelled(data={"path": str(tmp_path / "a.csv")}, evaluate={"select": "map"})
    with pytest.raises(DataError, match=r"evaluate.select: map is not defined for multilabel on these validation"):
        visionft.train(recipe, out=tmp_path / "run", sinks=[])
