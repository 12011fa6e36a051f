"""Detection from boxes to predictions, by the same verbs as classification."""

import json
import shutil

import cv2
import numpy as np
import pytest

import visionft
from visionft.errors import DataError, RecipeError


def test_it_learns_and_keeps_its_promises(finished_objects):
    metrics = json.loads((finished_objects / "metrics.json").read_text())
    assert metrics["split"] == "test"
    assert metrics["map50"] > 0.6
    assert metrics.keys() >= {"map", "map50", "map75", "per_class", "intervals", "n"}
    assert set(metrics["per_class"]) == {"disc", "square"}
    parity = json.loads((finished_objects / "model.onnx.parity.json").read_text())
    assert parity["passed"] is True
    assert (parity["score"], parity["answers"]) == ("map", "boxes")
    assert parity["compared"] > parity["images"]
    page = (finished_objects / "report.html").read_text()
    assert "AP50" in page
    assert "square" in page


def test_the_file_gives_the_runs_metrics(finished_objects):
    of_run = visionft.evaluate(finished_objects)
    of_file = visionft.evaluate(finished_objects / "model.onnx")
    assert of_file.map == pytest.approx(of_run.map, abs=1e-3)
    assert of_file.thresholds == of_run.thresholds
    assert of_file.n == of_run.n


def test_thresholds_travel_with_the_model(finished_objects):
    spec = visionft.Predictor(finished_objects / "model.onnx").spec
    assert len(spec.thresholds) == 2
    assert spec.thresholds == visionft.open_run(finished_objects).spec.thresholds
    assert all(0.01 <= threshold <= 1 for threshold in spec.thresholds)


def test_a_prediction_is_in_the_frame_of_the_image(finished_objects, box_folder):
    predictor = visionft.Predictor(finished_objects / "model.onnx")
    image = cv2.imread(str(box_folder / "images" / "train" / "05.png"))[..., ::-1]
    small = predictor(np.ascontiguousarray(image))
    large = predictor(cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST))
    assert len(small) > 0
    assert large.counts == small.counts
    np.testing.assert_allclose(large.boxes_N4, small.boxes_N4 * 3, atol=6)


def test_yolo_data_are_a_recipe(box_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    quick = [f"stages.{name}.{length}" for name in ("head", "all") for length in ("epochs=null", "steps=1")]
    small = ["backbone.name=test_resnet", "backbone.weights=none", "evaluate.bootstrap=0", "runtime.precision=fp32"]
    for data in (box_folder, box_folder / "data.yaml"):
        run = visionft.train(data, overrides=[*quick, *small, "optim.batch_size=2"], sinks=[])
        assert run.recipe.task.kind == "detection"
        assert (run.spec.input.height, run.spec.input.width, run.spec.input.fit) == (64, 64, "pad")
        assert run.evaluate().n == run.info["data"]["images"]["test"] > 0


@pytest.mark.parametrize(
    "sections",
    [
        {"task": {"head": "fcos"}},
        {"task": {"head": "retinanet"}},
        {"input": {"size": [32, 48], "fit": "tile"}},
        {"augment": {"mosaic": 1.0, "mixup": 0.5}},
        {"backbone": {"name": "test_vit"}},
    ],
)
def test_other_heads_tiles_and_mixtures_train_and_measure(objects, sections, tmp_path):
    stages = [
        {"name": "head", "unfreeze": "none", "steps": 2},
        {"name": "all", "unfreeze": "all", "steps": 2, "norm": "all", "augment": "medium"},
    ]
    run = visionft.train(objects(stages=stages, **sections), out=tmp_path / "run", sinks=[])
    assert 0 <= run.evaluate("val").map <= 1
    assert [stage["steps"] for stage in run.stages] == [2, 2]


def test_resumed_it_ends_in_the_same_weights(objects, tmp_path):
    stages = [{"name": "all", "epochs": 2, "norm": "all", "augment": "strong"}]
    straight = visionft.train(objects(stages=stages), out=tmp_path / "straight", sinks=[])

    class Killed(Exception):
        pass

    def killer(event):
        if type(event).__name__ == "EpochDone":
            raise Killed

    with pytest.raises(Killed):
        visionft.train(objects(stages=stages), out=tmp_path / "killed", sinks=[killer])
    resumed = visionft.train(objects(stages=stages), out=tmp_path / "killed", resume=True, sinks=[])
    first, second = ((run.path / "model.safetensors").read_bytes() for run in (straight, resumed))
    assert first == second


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"task": {"kind": "segmentation"}}, "task.kind: segmentation, but the labels of .* detection"),
        ({"task": {"head": "lite"}}, "task.head: lite is no head for detection; these are: .*dense"),
        ({"input": {"fit": "crop"}}, "input.fit: crop leaves parts of an image unseen; detection takes"),
    ],
)
def test_what_does_not_fit_is_said(objects, sections, message, tmp_path):
    with pytest.raises((RecipeError, DataError), match=message):
        visionft.train(objects(data={"format": "yolo"}, **sections), out=tmp_path / "run", sinks=[])


def test_a_test_part_without_objects_is_no_reason_to_lose_a_run(objects, box_folder, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(box_folder, folder)
    for labels in (folder / "labels" / "test").iterdir():
        labels.write_text("")
    recipe = objects(data={"path": str(folder)}, stages=[{"name": "all", "steps": 1}])
    run = visionft.train(recipe, out=tmp_path / "run", sinks=[])
    assert run.default_split == "val"
    assert run.evaluate().n == len(run.samples("val"))
    with pytest.raises(DataError, match="5 images without an object; nothing to measure"):
        run.evaluate("test")


def test_only_images_with_boxes_are_put_together_from_parts(objects):
    with pytest.raises(ValueError, match=r"augment.mosaic: not for classification; leave it out, or take mixup"):
        objects(task={"kind": "classification"}, augment={"mosaic": 0.1})


def test_labels_of_detectors_are_not_smoothed(objects):
    with pytest.raises(ValueError, match=r"is for classification.* segmentation, not for detection; leave it out"):
        objects(task={"label_smoothing": 0.1})


def test_changed_boxes_are_noticed(objects, box_folder, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(box_folder, folder)
    recipe = objects(data={"path": str(folder)}, stages=[{"name": "all", "steps": 1}])
    run = visionft.train(recipe, out=tmp_path / "run", sinks=[])
    labels = folder / "labels" / "train" / "05.txt"
    labels.write_text(labels.read_text().replace("0.", "0.0", 1))
    with pytest.raises(DataError, match="has changed since the run began"):
        visionft.open_run(run.path).evaluate()
