"""Where label files, lists of names and lists of images lie."""

import shutil

import pytest

from tests.data.box_sets import told, write_yolo
from tests.data.folders import write_image
from visionft.data.dataset import load_dataset
from visionft.data.formats.detect import detect_format
from visionft.data.splits import SPLITS
from visionft.errors import DataError

LABELS = {name: f"{number % 2} 0.5 0.5 0.5 0.4\n" for number, name in enumerate("abcdef")}


def labels_in(root, dataset):
    return {sample.image.relative_to(root).as_posix(): sample.target.labels for sample in dataset.samples}


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("images", "labels"),
        ("Images", "Labels"),
        ("IMAGES", "labels"),
        ("images", "annotations"),
        ("images", "labelTxt"),
        ("images", "label"),
        ("images", "my_labels"),
        ("photos", "labels"),
        ("photos", "photos/labels"),
        ("train/images", "train/labels"),
        ("images/train", "Labels/Train"),
        ("train", "labels/train"),
        ("JPEGImages", "labels"),
        ("a", "a"),
    ],
)
def test_places_of_labels(tmp_path, images, labels):
    write_yolo(tmp_path / "made", LABELS, None)
    for source, target in (("images", images), ("labels", labels)):
        (tmp_path / "set" / target).mkdir(parents=True, exist_ok=True)
        for file in (tmp_path / "made" / source).iterdir():
            shutil.move(file, tmp_path / "set" / target)
    (tmp_path / "set/classes.txt").write_text("cat\ndog\n")
    assert detect_format(tmp_path / "set") == "yolo"
    dataset = load_dataset(tmp_path / "set", format="yolo")
    assert dataset.class_names == ("cat", "dog")
    assert labels_in(tmp_path / "set", dataset) == {
        f"{images}/{name}.png": (at % 2,) for at, name in enumerate("abcdef")
    }
    assert not [line for line in told(dataset) if "label file" in line]


def test_an_archive_in_a_folder_of_its_name(tmp_path):
    root = write_yolo(tmp_path / "set/set", LABELS, None)
    (root / "classes.txt").write_text("cat\ndog\n")
    (root / "train.txt").write_text("a\nb\nc\n")
    (root / "val.txt").write_text("d\n")
    assert detect_format(tmp_path) == "yolo"
    dataset = load_dataset(tmp_path)
    assert (dataset.class_names, [len(dataset.split(split)) for split in SPLITS]) == (("cat", "dog"), [3, 1, 0])
    (root / "data.yaml").write_text("train: images\nnames: [a, b]\n")
    assert load_dataset(tmp_path).class_names == ("a", "b")


def test_a_part_of_data_takes_the_names_of_the_data_file_above(tmp_path):
    write_yolo(tmp_path, LABELS, "train: part/images\nnames: [cat, dog]\n")
    (tmp_path / "part").mkdir()
    for folder in ("images", "labels"):
        shutil.move(tmp_path / folder, tmp_path / "part")
    dataset = load_dataset(tmp_path / "part")
    assert dataset.class_names == ("cat", "dog")
    assert f"classes: named as {tmp_path}/data.yaml has them" in told(dataset)


def test_names_of_labels_in_other_letter_case_or_with_the_images_extension(tmp_path):
    write_yolo(tmp_path, {"A": LABELS["b"], "b": LABELS["b"], "c": LABELS["b"]}, None)
    (tmp_path / "labels/A.txt").rename(tmp_path / "labels/a.TXT")
    (tmp_path / "labels/b.txt").rename(tmp_path / "labels/b.png.txt")
    assert set(labels_in(tmp_path, load_dataset(tmp_path, format="yolo")).values()) == {(0,)}


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (".", "classes.txt"),
        (".", "class_names.txt"),
        (".", "obj.names"),
        (".", "Classes.TXT"),
        ("labels", "classes.txt"),
        ("labels/train", "_classes.txt"),
        ("..", "classes.txt"),
    ],
)
def test_places_of_class_names(tmp_path, place, name):
    root = write_yolo(tmp_path / "set", {"train/a": LABELS["a"], "val/b": LABELS["b"]}, None)
    (root / place / name).write_text("cat\ndog\n")
    assert load_dataset(root, format="yolo").class_names == ("cat", "dog")


def test_numbered_names_and_blank_lines_keep_their_numbers(tmp_path):
    root = write_yolo(tmp_path, {"train/a": "0 0.5 0.5 0.5 0.4", "val/b": "2 0.5 0.5 0.5 0.4"}, None)
    for text, names in (("0: cat\n1: dog\n2: cow\n", ("cat", "dog", "cow")), ("cat\n\ncow\n", ("cat", "cow"))):
        (root / "classes.txt").write_text(text)
        dataset = load_dataset(root, format="yolo")
        assert dataset.class_names == names
        assert dataset.class_names[dataset.split("val")[0].target.labels[0]] == "cow"


def test_lists_of_names_that_contradict_each_other(tmp_path):
    write_yolo(tmp_path, {"train/a": LABELS["a"], "val/b": LABELS["b"]}, None)
    (tmp_path / "labels/train/classes.txt").write_text("cat\ndog\n")
    (tmp_path / "labels/val/classes.txt").write_text("dog\ncat\n")
    with pytest.raises(DataError, match=r"contradict each other: .*cat, dog, .*dog, cat; put the one that counts into"):
        load_dataset(tmp_path, format="yolo")
    (tmp_path / "classes.txt").write_text("dog\ncat\n")  # as advised
    dataset = load_dataset(tmp_path, format="yolo")
    assert dataset.class_names == ("dog", "cat")
    assert any("train/classes.txt: names other classes than" in line for line in told(dataset))


def test_two_pictures_of_one_label_file(tmp_path):
    write_yolo(tmp_path, LABELS, None)
    write_image(tmp_path / "images/c.jpg", 77)
    dataset = load_dataset(tmp_path, format="yolo")
    assert [sample.image.name for sample in dataset.samples] == [f"{name}.png" for name in "abcdef"]
    assert any("c.jpg beside c.png" in line for line in told(dataset))


def test_pictures_that_all_come_twice_keep_one_each(tmp_path):
    write_yolo(tmp_path, LABELS, None)
    for at, name in enumerate(LABELS):
        write_image(tmp_path / f"images/{name}.jpg", 50 + at)
    dataset = load_dataset(tmp_path, format="yolo")
    assert [sample.image.name for sample in dataset.samples] == [f"{name}.jpg" for name in "abcdef"]
    assert any("6 pictures share a label file" in line for line in told(dataset))


def test_lists_beside_the_images_are_splits(tmp_path):
    write_yolo(tmp_path, LABELS, None)
    (tmp_path / "train.txt").write_text("images/a.png\nb\n'c.png'\ngone.png\n")
    (tmp_path / "val_list.txt").write_text("/home/me/set/images/d.png\n")
    dataset = load_dataset(tmp_path, format="yolo")
    assert [[sample.image.stem for sample in dataset.split(split)] for split in SPLITS] == [["a", "b", "c"], ["d"], []]
    assert any("1 listed images are not there; left out: gone.png" in line for line in told(dataset))
    assert any("2 images are in no list; left out: e.png, f.png" in line for line in told(dataset))
    (tmp_path / "train.txt").unlink()
    dataset = load_dataset(tmp_path, format="yolo")
    assert [len(dataset.split(split)) for split in SPLITS] == [5, 1, 0]
    assert any("no list says what trains" in line for line in told(dataset))


def test_objects_of_dota_are_polygons_by_name(tmp_path):
    rows = "imagesource:x\ngsd:1\n2 2 9 2 9 8 2 8 ship 0\n1 1 5 1 5 5 1 5 plane 1\n"
    root = write_yolo(tmp_path, {"a": rows, "b": rows}, None)
    boxes = load_dataset(root, format="yolo").samples[0].target
    assert (boxes.xyxy, boxes.labels, boxes.crowd) == (((2, 2, 9, 8), (1, 1, 5, 5)), (1, 0), (False, True))
    assert load_dataset(root, format="yolo_outlines").samples[0].target.xyxy == boxes.xyxy
