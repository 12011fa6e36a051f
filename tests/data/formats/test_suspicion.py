import os
import re
from pathlib import Path

import pytest

from tests.data.folders import make_folder, write_image
from tests.data.mask_sets import write_mask
from tests.data.zoo.files import voc, yolo
from visionft.data.formats import FORMATS
from visionft.data.formats.detect import choose_format
from visionft.data.formats.folder import Folder
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.label import Label
from visionft.data.targets.mask import Mask
from visionft.errors import DataError


def refusal(root, wanted=None):
    with pytest.raises(DataError) as caught:
        FORMATS[choose_format(root, wanted)]().read(root)
    return str(caught.value)


@pytest.mark.parametrize("names", ["xmls leftImg8bit", "JPEGImages ImageSets", "images xmls", "train_images"])
def test_folders_that_tools_call_so_are_no_classes(tmp_path, names):
    make_folder(tmp_path, dict.fromkeys(names.split(), 3))
    assert re.search(f"{names.split()[0]}|no XML file", refusal(tmp_path))


@pytest.mark.parametrize(
    "names", ["mask nomask", "cat dog", "labels bottles", "train bus", "dev ops", "raw cooked", "1 2 3", "images1 cats"]
)
def test_classes_may_be_called_like_anything(tmp_path, names):
    assert choose_format(make_folder(tmp_path, dict.fromkeys(names.split(), 3))) == "folder"


def test_format_folder_is_believed(tmp_path):
    make_folder(tmp_path, {"images": 2, "xmls": 2})
    assert "data.format=folder" in refusal(tmp_path)
    assert Folder().read(tmp_path).class_names == ("images", "xmls")


@pytest.mark.parametrize(
    "suffix", ["_mask", "_segmentation", "_gtFine_labelIds", "_GT", " GroundTruth", "-mask", "_manual1"]
)
@pytest.mark.parametrize("folders", [("a", "b"), ("a", "a")])
def test_names_of_masks_link_them_to_images(tmp_path, suffix, folders):
    for number in range(4):
        write_image(tmp_path / "one" / folders[0] / f"x {number}.png", number)
        write_mask(tmp_path / "one" / folders[1] / f"x {number}{suffix}.png", (0, 255))
        write_image(tmp_path / "two" / folders[0] / f"y {number}.png", number + 9)
        write_mask(tmp_path / "two" / folders[1] / f"y {number}{suffix}.png", (0, 255))
    try:
        assert choose_format(tmp_path) == "masks"
    except DataError as error:
        assert re.search(r"data.images='\S*\{name\}\.png' and data.masks=", str(error))  # noqa: PT017  # either is right


def test_label_files_called_like_images_are_read_or_named(tmp_path):
    for number in range(3):
        write_image(tmp_path / f"cat/{number}.png", number)
        voc(tmp_path / f"found here/{number}.xml", f"{number}.png", "cat")
    assert choose_format(tmp_path) == "voc"
    assert len(FORMATS["voc"]().read(tmp_path).entries) == 3
    for xml in tmp_path.rglob("*.xml"):
        yolo(xml.with_suffix(".txt"), 0)
        xml.unlink()
    assert "put them into labels/ beside images/" in refusal(tmp_path)


def test_a_task_that_the_data_are_not_for_tells_what_was_looked_for(tmp_path):
    message = refusal(make_folder(tmp_path, {"cat": 2, "dog": 2}), Boxes)
    for words in ("has a box", "COCO (", "data.yaml", "Pascal VOC (", "folders of classes (cat, dog) with 4 images"):
        assert words in message
    assert "classification" not in message
    assert choose_format(tmp_path, Label) == "folder"
    assert "images/ and masks/" in refusal(tmp_path, Mask)


def test_what_lies_there_instead_is_told_with_the_task_too(tmp_path):
    message = refusal(make_folder(tmp_path, {"images": 2, "xmls": 2}), Boxes)
    assert "Found instead: images, xmls are called like" in message
    (tmp_path / "empty").mkdir()
    assert "no class folders" in refusal(tmp_path / "empty", Boxes)


def test_an_unreadable_json_is_named(tmp_path):
    write_image(tmp_path / "images/0.png", 0)
    Path(tmp_path / "x.json").write_text('{"images": 1, "annotations": 2}')
    assert "x.json looks like COCO" in refusal(tmp_path)


def test_folders_are_not_listed_for_every_format(tmp_path, monkeypatch):
    make_folder(tmp_path, {"train/cat": 2, "train/dog": 2, "val/cat": 2, "val/dog": 2})
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: listed.append(Path(folder)) or scandir(folder))
    assert choose_format(tmp_path) == "folder"
    below = ("train/cat", "train/dog", "val/cat", "val/dog")
    assert max(listed.count(tmp_path / name) for name in below) <= 2  # a glob for one format's files is the second
