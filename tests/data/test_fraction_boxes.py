"""Boxes in files of pixels that can only be fractions."""

import json

import pytest

from tests.data.box_sets import told, write_voc
from tests.data.zoo.files import coco, pictures
from visionft.data.dataset import load_dataset

WORDS = "fractions of the image's width and height"


def coco_of(root, box):
    pictures(root / "images", 6)
    file = coco(root / "ann.json", {f"{number}.jpg": (1, 2) for number in range(6)})
    data = json.loads(file.read_text())
    for annotation in data["annotations"]:
        annotation["bbox"] = box
    file.write_text(json.dumps(data))
    return load_dataset(root)


def test_of_coco(tmp_path):
    dataset = coco_of(tmp_path, [0.25, 0.2, 0.5, 0.4])
    assert dataset.samples[0].target.xyxy[0] == pytest.approx((3, 2, 9, 6))
    assert any(WORDS in line for line in told(dataset))


def test_of_voc(tmp_path):
    write_voc(tmp_path, {name: [("cat", (0.25, 0.2, 0.75, 0.6))] for name in "abc"})
    dataset = load_dataset(tmp_path)
    assert dataset.samples[0].target.xyxy[0] == pytest.approx((3, 2, 9, 6))
    assert any(WORDS in line for line in told(dataset))


@pytest.mark.parametrize("box", [[0, 0, 1, 1], [0.25, 0.2, 1.5, 0.4]])
def test_whole_numbers_and_larger_ones_are_pixels(tmp_path, box):
    dataset = coco_of(tmp_path, box)
    assert dataset.samples[0].target.xyxy[0] == pytest.approx((box[0], box[1], box[0] + box[2], box[1] + box[3]))
    assert not any(WORDS in line for line in told(dataset))
