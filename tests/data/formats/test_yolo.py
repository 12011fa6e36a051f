import os
from pathlib import Path

import pytest

from tests.data.box_sets import told, write_yolo
from tests.data.folders import write_image
from tests.real_data import DATA, needs_data
from visionft.data.dataset import load_dataset
from visionft.data.formats.detect import detect_format
from visionft.data.formats.yolo.file import read_data_file
from visionft.data.listing import LabelOptions
from visionft.data.splits import SPLITS
from visionft.data.targets.boxes import Boxes
from visionft.errors import DataError, UnknownName

LABELS = {"train/a": "0 0.5 0.5 0.5 0.4\n1 0.25 0.5 0.5 1.0\n", "train/b": "", "val/c": "1 0.5 0.5 1 1\n"}


def load(path, **options):
    return load_dataset(path, format="yolo", options=LabelOptions(**options))


def by_stem(dataset):
    return {sample.image.stem: sample for sample in dataset.samples}


def test_labels_become_boxes_in_pixels(tmp_path):
    dataset = load_dataset(write_yolo(tmp_path, LABELS))
    assert (dataset.target, dataset.class_names) == (Boxes, ("cat", "dog"))
    assert {sample.id: sample.split for sample in dataset.samples} == {
        "images/train/a.png": "train",
        "images/train/b.png": "train",
        "images/val/c.png": "val",
    }
    found = by_stem(dataset)
    assert found["a"].target == Boxes(((3, 3, 9, 7), (0, 0, 6, 10)), (0, 1), (False, False))
    assert (found["b"].target, found["c"].target.xyxy) == (Boxes(), ((0, 0, 12, 10),))
    assert load_dataset(tmp_path / "data.yaml").samples == dataset.samples


@pytest.mark.parametrize(
    "yaml",
    [
        "path: .\ntrain: images/train\nval: images/val\nnames: {0: cat, 1: dog}\n",
        "train: [images/train]\nval: [images/val]\nnc: 2\nnames: [cat, dog]\n",
        "path: /home/author/sets/cells\ntrain: images/train\nval: images/val\nnames: [cat, dog]\n",
        "path: ../datasets/cells\ntrain: images/train/\nval: ./images/val\nnames: [cat, dog]\n",
        "train: ../images/train\nval: /content/cells/images/val\ntest:\nnames: [cat, dog]\n",
        "train: C:\\cells\\images\\train\nval: images\\val\nnames: [cat, dog]\n",
        "train: train.txt\nval: val.txt\nnames: [cat, dog]\n",
    ],
)
def test_every_way_to_name_the_images(tmp_path, yaml):
    write_yolo(tmp_path, LABELS, yaml)
    (tmp_path / "train.txt").write_text("./images/train/a.png\n/home/author/cells/images/train/b.png\n\n")
    (tmp_path / "val.txt").write_text("images/val/c.png\n")
    dataset = load_dataset(tmp_path)
    assert [(sample.id, sample.split) for sample in dataset.samples] == [
        ("images/train/a.png", "train"),
        ("images/train/b.png", "train"),
        ("images/val/c.png", "val"),
    ]
    assert [len(sample.target) for sample in dataset.samples] == [2, 0, 1]


def test_a_folder_of_images_per_split(tmp_path):
    for number, name in enumerate(("train/images/a", "valid/images/b")):
        write_image(tmp_path / f"{name}.png", number)
        label = tmp_path / f"{name}.txt".replace("images", "labels")
        label.parent.mkdir(parents=True)
        label.write_text("0 0.5 0.5 0.5 0.5")
    for yaml in ("train: ../train/images\nval: ../valid/images\nnames: [cat, dog]", None):
        if yaml:
            (tmp_path / "data.yaml").write_text(yaml)
        else:
            (tmp_path / "data.yaml").unlink()
        assert detect_format(tmp_path) == "yolo"
        dataset = load(tmp_path)
        assert [(sample.id, sample.split, len(sample.target)) for sample in dataset.samples] == [
            ("train/images/a.png", "train", 1),
            ("valid/images/b.png", "val", 1),
        ]


def test_labels_beside_the_images_and_a_list_of_names(tmp_path):
    for number in range(20):
        write_image(tmp_path / f"{number}.png", number)
        (tmp_path / f"{number}.txt").write_text(f"{number % 2} 0.5 0.5 0.5 0.5")
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    assert detect_format(tmp_path) == "yolo"
    dataset = load_dataset(tmp_path)
    assert (dataset.class_names, len(dataset.samples), sum(map(sum, map(dataset.class_counts, SPLITS)))) == (
        ("cat", "dog"),
        20,
        20,
    )
    assert not [line for line in told(dataset) if "label" in line]


@pytest.mark.parametrize(
    ("options", "names", "labels"),
    [
        ({}, ("class 0", "class 4"), (0, 1)),
        ({"classes": ("a", "b", "c", "d", "e")}, ("a", "b", "c", "d", "e"), (0, 4)),
        ({"classes": {"thing": (0, 4)}}, ("thing",), (0, 0)),
    ],
)
def test_classes_without_names_have_the_users_or_their_numbers(tmp_path, options, names, labels):
    write_yolo(tmp_path, {"train/a": "0 0.5 0.5 0.5 0.4\n4 0.5 0.5 0.4 0.4"}, None)
    dataset = load(tmp_path, **options)
    assert (dataset.class_names, dataset.samples[0].target.labels) == (names, labels)
    line = "classes: named class 0, class 4 after their numbers; give data.classes their names"
    assert (line in told(dataset)) == (not options)


def test_named_classes_are_chosen_by_name(tmp_path):
    write_yolo(tmp_path, LABELS)
    assert load(tmp_path, classes=("dog",)).samples[0].target == Boxes(((0, 0, 6, 10),), (0,), (False,))
    assert load(tmp_path, ignore=(0,)).samples[0].target.crowd == (True, False)
    with pytest.raises(UnknownName, match="close: dog"):
        load(tmp_path, classes=("dogs",))


def test_outlines_count_as_the_box_around_them_and_keypoints_do_not(tmp_path):
    text = "0 0.25 0.2 0.75 0.2 0.5 0.8\n1 0.25 0.2 0.75 0.2 0.75 0.8 0.25 0.8\n"
    write_yolo(tmp_path, {"train/a": text})
    assert load(tmp_path).samples[0].target.xyxy == (pytest.approx((3, 2, 9, 8)), pytest.approx((3, 2, 9, 8)))
    write_yolo(
        tmp_path, {"train/a": "0 0.5 0.5 0.5 0.4 0.1 0.1 2 0.9 0.9 1"}, "train: images\nnames: [a]\nkpt_shape: [2, 3]"
    )
    assert load(tmp_path).samples[0].target.xyxy == (pytest.approx((3, 3, 9, 7)),)


def test_bad_lines_are_told_with_file_and_line(tmp_path):
    bad = ["0 0.5 0.5 0.5 0.4", "", "cat 0.5 x 1 1", "0.5 0.5 0.5 1 1", "0 0.5 0.5", "0 0.5 0.5 0 1", "9 0.5 0.5 1 1"]
    write_yolo(tmp_path, {"train/a": "\n".join([*bad, "0 nan 0.5 1 1", "0 0.5 0.5 1 1 0.93"])})
    dataset = load(tmp_path)
    assert len(dataset.samples[0].target) == 1
    file = tmp_path / "labels/train/a.txt"
    polygons = "numbers behind the class; four are a box, six or more in pairs an outline; left out"
    assert [line for line in told(dataset) if line.startswith(f"{file}: line")] == [
        f"{file}: line 3: box 'cat 0.5 x 1 1' is not made of numbers; left out",
        f"{file}: line 4: box '0.5 0.5 0.5 1 1' does not begin with a class number, 0 or more; left out",
        f"{file}: line 5: box '0 0.5 0.5' has 2 {polygons}",
        f"{file}: line 6: box [0.5, 0.5, 0, 1] has zero width; left out",
        f"{file}: line 7: box [0.5, 0.5, 1, 1] is of class 9, which is not among the data's classes (0 to 1); left out",
        f"{file}: line 8: box [nan, 0.5, 1, 1] holds a number that is none; left out",
        f"{file}: line 9: box '0 0.5 0.5 1 1 0.93' has 5 {polygons}",
    ]


def test_files_without_a_partner_are_told_once_with_their_number(tmp_path):
    write_yolo(tmp_path, LABELS | {"train/d": None, "train/e": None})
    for name in ("gone", "lost"):
        (tmp_path / f"labels/train/{name}.txt").write_text("0 0.5 0.5 1 1")
    dataset = load(tmp_path)
    assert [len(sample.target) for sample in dataset.samples] == [2, 0, 0, 0, 1]
    lines = told(dataset)
    assert any(line.startswith("labels: 2 of 5 images have no label file and count as without objects: d.png, e.png")
               for line in lines)  # fmt: skip
    assert f"{tmp_path}/labels/train: 2 label files have no image; left out: gone.txt, lost.txt" in lines
    write_yolo(tmp_path, {f"val/{number}": None for number in range(9)})
    assert any("so many look like a mistake" in line for line in told(load(tmp_path)))


def test_no_label_file_at_all_is_refused(tmp_path):
    write_yolo(tmp_path, {"train/a": None, "val/b": None})
    with pytest.raises(DataError, match=r"no image has a label file here; images/a/x.jpg needs labels/a/x.txt"):
        load(tmp_path)


def test_label_files_that_are_no_text_leave_their_image_out(tmp_path):
    write_yolo(tmp_path, LABELS)
    file = tmp_path / "labels/train/a.txt"
    file.write_bytes(b"\xff\xfe\x00")
    dataset = load(tmp_path)
    assert [sample.image.stem for sample in dataset.samples] == ["b", "c"]
    assert f"images/train/a.png: {file}: is not text (truncated data); left out" in told(dataset)


def test_parts_that_are_not_there_and_images_in_two_splits_are_told(tmp_path):
    write_yolo(
        tmp_path,
        LABELS,
        "train: images/train\nval: [images/train, images/val]\ntest: images/gone\nnames: [cat, dog]\nnc: 3",
    )
    lines = told(load(tmp_path))
    file = tmp_path / "data.yaml"
    assert f"{file}: 2 images are in two splits; the first counts: a.png, b.png" in lines
    assert f"{file}: test: images/gone: no such folder or list; left out" in lines
    assert f"{file}: nc says 3 classes, names has 2; names counts" in lines


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("names: [a", "is not YAML"),
        ("a: &a [*a]\nnames: *a\ntrain: x", r"holds aliases \(\*name\), .*; write them out"),
        ("!!python/object/apply:os.system ['touch owned']", "has no 'names'"),
        ("train: x", "has no 'names'"),
        ("names: {no: a}\ntrain: x", "names: found the index 'no'"),
        ("names: [[a]]\ntrain: x", r"names: 0: found \['a'\], which is no text"),
        ("names: []\ntrain: x", r"names: found \[\]; it is a list of names"),
        ("names: [a]\ntrain: {7: 8}", r"train: found {'7': '8'}; it is a folder"),
        ("names: [a]\ntrain: x\nnc: many", "nc: found 'many'"),
        ("names: [a]\npath: [x]\ntrain: x", "path: found"),
        ("names: [a]", "names no images"),
        ("names: [a]\ntrain: images/gone\nval: " + "x" * 5000, "none of its images are here"),
    ],
)
def test_a_data_file_that_says_nothing_useful_is_refused(tmp_path, monkeypatch, yaml, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.yaml").write_text(yaml)
    with pytest.raises(DataError, match=message):
        load(tmp_path / "data.yaml")
    assert os.listdir(tmp_path) == ["data.yaml"]  # noqa: PTH208  # nothing was executed


def test_a_relative_path_to_data_whose_images_are_given_from_the_root(tmp_path, monkeypatch):
    write_yolo(tmp_path / "set", LABELS, f"path: {tmp_path}/set\ntrain: images/train\nnames: [cat, dog]\n")
    monkeypatch.chdir(tmp_path)
    assert [sample.id for sample in load(Path("set")).samples] == ["images/train/a.png", "images/train/b.png"]


def test_several_data_files_are_not_guessed_at(tmp_path):
    write_yolo(tmp_path, LABELS)
    (tmp_path / "data.yaml").rename(tmp_path / "one.yaml")
    (tmp_path / "two.yaml").write_text((tmp_path / "one.yaml").read_text())
    assert len(load(tmp_path).samples) == 3  # both say the same
    (tmp_path / "two.yaml").write_text("train: images/train\nnames: [horse, cow]\n")
    with pytest.raises(DataError, match=r"several files describe data: .*one.yaml, .*two.yaml; give the one"):
        load(tmp_path)


def test_images_without_objects_are_told_by_split(tmp_path):
    labels = {f"train/{number}": "0 0.5 0.5 1 1" if number else "" for number in range(5)}
    dataset = load(write_yolo(tmp_path, labels | {f"val/{number}": "" for number in range(5, 10)}))
    assert [str(problem) for problem in dataset.problems if problem.fatal] == [
        "val: no image has an object, so nothing tells the best epoch"
    ]
    assert "train: 1 of 5 images has no object: images/train/0.png" in told(dataset)
    assert "classes: 1 has no object in any image: dog" in told(dataset)


def test_small_objects_are_counted_in_pixels_of_the_image(tmp_path):
    write_yolo(tmp_path, {"train/a": "0 0.5 0.5 1 1\n0 0.5 0.5 0.5 1\n0 0.5 0.5 0.9 0.7", "val/b": "1 0.5 0.5 1 1"})
    line = "boxes: 2 of 4 objects are less than 8 pixels wide or high in the original images, and smaller on"
    assert any(told_line.startswith(line) for told_line in told(load(tmp_path)))


def test_rounded_shares_make_no_object_smaller(tmp_path):
    """Of 12 x 10 pixels: 7.999998 and 7.99 high."""
    write_yolo(tmp_path, {"train/a": "0 0.5 0.5 1 0.7999998\n", "val/b": "1 0.5 0.5 1 1"})
    assert not any("less than 8 pixels" in line for line in told(load(tmp_path)))
    write_yolo(tmp_path, {"train/a": "0 0.5 0.5 1 0.79\n"})
    line = "boxes: 1 of 2 objects is less than 8 pixels wide or high"
    assert any(told_line.startswith(line) for told_line in told(load(tmp_path)))


def test_one_image_cannot_validate_as_well(tmp_path):
    write_yolo(tmp_path, {"a": "0 0.5 0.5 1 1"}, yaml="train: images\nnames: [cat]\n")
    assert [str(problem) for problem in load(tmp_path).problems if problem.where == "val"] == [
        "val: the split has no images, so nothing tells which epoch is best; give at least two different images, or "
        "put images into a val split"
    ]


@pytest.mark.data
@needs_data
def test_coco_mini_without_the_link_to_its_images():
    root = DATA / "coco-mini-yolo"
    dataset = load_dataset(root / "object_detection")
    assert (dataset.target, len(dataset.class_names), dataset.class_names[:2]) == (Boxes, 80, ("person", "bicycle"))
    assert [len(dataset.split(split)) for split in SPLITS] == [60, 60, 0]
    assert [sum(dataset.class_counts(split)) for split in SPLITS] == [522, 414, 0]
    assert [sum(count > 0 for count in dataset.class_counts(split)) for split in SPLITS] == [60, 60, 0]
    assert load_dataset(root, target=Boxes).samples == dataset.samples
    assert len(read_data_file(root / "object_detection/config.yaml").names) == 80
