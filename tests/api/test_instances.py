"""Instance segmentation from outlines to predictions, by the same verbs as the other tasks."""

import json
import shutil

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_masks

import visionft
from visionft.errors import DataError


def test_it_learns_and_keeps_its_promises(finished_instances):
    metrics = json.loads((finished_instances / "metrics.json").read_text())
    assert metrics["split"] == "test"
    assert metrics["mask_map50"] > 0.5
    assert metrics.keys() >= {"map", "map50", "map75", "mask_map", "mask_map50", "mask_map75", "per_class", "n"}
    assert metrics["per_class"]["ring"].keys() >= {"ap", "mask_ap", "threshold"}
    parity = json.loads((finished_instances / "model.onnx.parity.json").read_text())
    assert parity["passed"] is True
    assert (parity["score"], parity["answers"]) == ("mask_map", "objects")
    assert parity["compared"] > parity["images"]
    assert "triangle" in (finished_instances / "report.html").read_text()


def test_the_file_gives_the_runs_metrics(finished_instances):
    of_run = visionft.evaluate(finished_instances)
    of_file = visionft.evaluate(finished_instances / "model.onnx")
    assert of_file.mask_map == pytest.approx(of_run.mask_map, abs=1e-3)
    assert of_file.map == pytest.approx(of_run.map, abs=1e-3)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools and numpy 2
def test_masks_are_of_the_image(finished_instances, outline_folder):
    """Rings have a hole: what is found must have one as well, and lie where the ring is."""
    predictor = visionft.Predictor(finished_instances / "model.onnx")
    overlaps = []
    truth = json.loads((outline_folder / "train" / "_annotations.coco.json").read_text())
    for image in truth["images"]:
        found = predictor(outline_folder / "train" / image["file_name"])
        decoded = [
            coco_masks.decode(row["segmentation"]).astype(bool)
            for row in found.to_dict()["detections"]
            if row["label"] == "ring"
        ]
        for annotation in truth["annotations"]:
            if annotation["image_id"] == image["id"] and annotation["category_id"] == 3:
                expected = coco_masks.decode(coco_masks.frPyObjects(annotation["segmentation"], 64, 80)).astype(bool)
                shares = [(mask & expected).sum() / (mask | expected).sum() for mask in decoded]
                overlaps.append(max(shares, default=0))
    assert len(overlaps) > 5
    assert np.median(overlaps) > 0.6


def test_a_larger_image_gives_larger_masks(finished_instances, outline_folder):
    predictor = visionft.Predictor(finished_instances / "model.onnx")
    image = np.ascontiguousarray(cv2.imread(str(outline_folder / "train" / "05.png"))[..., ::-1])
    small, large = (predictor(each) for each in (image, image.repeat(3, axis=0).repeat(3, axis=1)))
    assert len(small) > 0
    assert large.counts == small.counts
    for before, after in zip(small.masks, large.masks, strict=True):
        assert after.area == pytest.approx(9 * before.area, rel=0.15)


@pytest.mark.parametrize(
    "sections",
    [
        {"input": {"size": [32, 48], "fit": "tile"}},
        {"augment": {"mosaic": 1.0, "mixup": 0.5}},
        {"backbone": {"name": "test_vit"}},
    ],
)
def test_tiles_mixtures_and_plain_transformers_train_and_measure(instances, sections, tmp_path):
    stages = [
        {"name": "head", "unfreeze": "none", "steps": 2},
        {"name": "all", "unfreeze": "all", "steps": 2, "norm": "all", "augment": "medium"},
    ]
    run = visionft.train(instances(stages=stages, **sections), out=tmp_path / "run", sinks=[])
    assert 0 <= run.evaluate("val").mask_map <= 1
    assert [stage["steps"] for stage in run.stages] == [2, 2]


def test_resumed_it_ends_in_the_same_weights(instances, tmp_path):
    stages = [{"name": "all", "epochs": 2, "norm": "all", "augment": "strong"}]
    straight = visionft.train(instances(stages=stages), out=tmp_path / "straight", sinks=[])

    class Killed(Exception):
        pass

    def killer(event):
        if type(event).__name__ == "EpochDone":
            raise Killed

    with pytest.raises(Killed):
        visionft.train(instances(stages=stages), out=tmp_path / "killed", sinks=[killer])
    resumed = visionft.train(instances(stages=stages), out=tmp_path / "killed", resume=True, sinks=[])
    first, second = ((run.path / "model.safetensors").read_bytes() for run in (straight, resumed))
    assert first == second


def test_workers_change_nothing(instances, tmp_path):
    stages = [{"name": "all", "steps": 2, "norm": "all", "augment": "strong"}]
    runs = [
        visionft.train(
            instances(stages=stages, runtime={"device": "cpu", "precision": "fp32", "workers": workers}),
            out=tmp_path / str(workers),
            sinks=[],
        )
        for workers in (0, 2)
    ]
    first, second = ((run.path / "model.safetensors").read_bytes() for run in runs)
    assert first == second


def test_boxes_alone_are_another_task(instances, box_folder, tmp_path):
    with pytest.raises(DataError, match=r"task\.kind: detection"):
        visionft.train(instances(data={"path": str(box_folder)}), out=tmp_path / "run", sinks=[])


def test_data_are_read_for_the_models_task(finished_instances, finished_objects, outline_folder, box_folder, tmp_path):
    of_run = visionft.evaluate(finished_instances, split="train")
    moved = shutil.copytree(outline_folder, tmp_path / "moved")
    assert visionft.evaluate(finished_instances, data=moved, split="train").mask_map == pytest.approx(of_run.mask_map)
    visionft.convert(box_folder, "coco", tmp_path / "boxes")
    assert visionft.evaluate(finished_objects, data=tmp_path / "boxes").n == 5


def test_data_and_recipes_of_another_task(finished_instances, finished_objects, image_folder):
    with pytest.raises(DataError, match="no image has a box here"):
        visionft.evaluate(finished_instances, data=image_folder)
    with pytest.raises(
        DataError, match=r"the model does instance_.*, or a recipe with task\.kind: instance_segmentation"
    ):
        visionft.evaluate(finished_instances, data=finished_objects)


def test_training_for_another_task_tells_of_the_outlines(outline_folder, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise DataError("enough")

    monkeypatch.setattr("visionft.api.building.assemble", stop)
    told = []
    with pytest.raises(DataError, match="enough"):
        visionft.train(outline_folder, out=tmp_path / "run", sinks=[told.append])
    notices = [event.text for event in told if type(event).__name__ == "Notice"]
    assert sum(text.endswith("--set task.kind=instance_segmentation") for text in notices) == 1
