"""Boxes read as labels of the whole image."""

import pytest

from tests.data.box_sets import write_coco, write_voc, write_yolo
from visionft.data.dataset import load_dataset
from visionft.data.formats.detect import detect_format
from visionft.data.listing import LabelOptions
from visionft.data.targets.label_set import LabelSet
from visionft.errors import DataError

WHOLE = [0, 0, 6, 5]


def sets(data):
    return {sample.id: {data.class_names[index] for index in sample.target.indices} for sample in data.samples}


def test_coco(tmp_path):
    crowd = {"id": 9, "image_id": 3, "category_id": 7, "bbox": [0, 0, 12, 10], "iscrowd": 1}
    boxes = [(1, 3, WHOLE), (1, 3, [2, 2, 3, 3]), (1, 7, WHOLE), (2, 7, [3, 3, 0, 2]), crowd]
    path = write_coco(tmp_path / "boxes.json", boxes, images=4)
    assert detect_format(path, LabelSet) == "coco_labels"
    data = load_dataset(path, target=LabelSet, val_fraction=0.5)
    # a box without an area is left out as in detection; a crowd of dogs shows that dogs are there
    assert sets(data) == {"1.png": {"cat", "dog"}, "2.png": set(), "3.png": {"dog"}, "4.png": set()}
    assert data.class_names == ("cat", "dog")
    assert any("has zero width" in str(problem) for problem in data.problems)


def test_classes_are_chosen_and_ignored_as_in_detection(tmp_path):
    path = write_coco(tmp_path / "boxes.json", [(1, 3, WHOLE), (1, 7, WHOLE), (2, 7, WHOLE)], images=3)
    chosen = load_dataset(path, target=LabelSet, val_fraction=0.5, classes=("dog",))
    assert sets(chosen) == {"1.png": {"dog"}, "2.png": {"dog"}, "3.png": set()}
    ignored = load_dataset(path, target=LabelSet, val_fraction=0.5, options=LabelOptions(ignore=(7,)))
    assert sets(ignored) == {"1.png": {"cat"}, "2.png": set(), "3.png": set()}
    bad = write_coco(tmp_path / "bad/boxes.json", [(1, 3, WHOLE), (2, 3, [0, 0, 0, 1])], images=2)
    with pytest.raises(DataError, match="1 bad"):
        load_dataset(bad, target=LabelSet, options=LabelOptions(on_bad_box="fail"))


def test_yolo(tmp_path):
    labels = {
        "train/a": "0 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.2 0.2\n1 0.3 0.3 0.2 0.2\n",
        "train/b": None,
        "val/c": "1 0.5 0.5 0.5 0.5\n",
    }
    root = write_yolo(tmp_path, labels)
    assert detect_format(root, LabelSet) == "yolo_labels"
    data = load_dataset(root, target=LabelSet)
    assert list(sets(data).values()) == [{"cat", "dog"}, set(), {"dog"}]
    assert [sample.split for sample in data.samples] == ["train", "train", "val"]


def test_voc(tmp_path):
    difficult = ("dog", (1, 1, 5, 5), "<difficult>1</difficult>")
    root = write_voc(tmp_path, {"1": [("cat", (1, 1, 6, 6)), difficult], "2": [("cat", (1, 1, 6, 6))], "3": []})
    assert detect_format(root, LabelSet) == "voc_labels"
    data = load_dataset(root, target=LabelSet, val_fraction=0.5)
    assert list(sets(data).values()) == [{"cat", "dog"}, {"cat"}, set()]


def test_without_a_wanted_target_boxes_stay_boxes(tmp_path):
    assert detect_format(write_voc(tmp_path, {"1": [("cat", (1, 1, 6, 6))]})) == "voc"
