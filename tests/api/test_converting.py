"""Data of boxes in another format; what is written is read here without this package."""

import json
import shutil
from pathlib import Path

import pytest
from pycocotools.coco import COCO

import visionft
from tests.data.box_sets import write_coco, write_yolo
from tests.real_data import DATA, needs_data
from visionft.errors import DataError, UnknownName
from visionft.recipe import recipe_to_yaml


def labels_below(folder):
    """Return how many objects YOLO's label files below a folder name."""
    return sum(len(file.read_text().splitlines()) for file in folder.rglob("*.txt"))


def test_from_yolo_to_coco(box_folder, tmp_path):
    written = visionft.convert(box_folder, "coco", tmp_path / "new")
    assert (written.folder, written.format, written.lost) == (str(tmp_path / "new"), "coco", ())
    assert sum(written.images.values()) == 24
    assert sum(written.objects.values()) == labels_below(box_folder / "labels")
    pictures = {}
    for split in ("train", "val", "test"):
        told = json.loads((tmp_path / f"new/annotations/instances_{split}.json").read_text())
        assert len(told["images"]) == written.images[split] > 0
        assert len(told["annotations"]) == written.objects[split]
        assert [category["name"] for category in told["categories"]] == ["disc", "square"]
        for image in told["images"]:
            boxes = [row for row in told["annotations"] if row["image_id"] == image["id"]]
            pictures[image["file_name"]] = sorted((row["category_id"] - 1, *row["bbox"]) for row in boxes)
    assert len(pictures) == 24
    for name, found in pictures.items():
        picture, labels = one(box_folder / "images", name), one(box_folder / "labels", f"{Path(name).stem}.txt")
        rows = [list(map(float, row.split())) for row in labels.read_text().splitlines()]
        expected = sorted((row[0], *corner_and_size(*row[1:])) for row in rows)
        assert found == [pytest.approx(row, abs=1e-3) for row in expected]
        assert (tmp_path / "new/images" / name).read_bytes() == picture.read_bytes()


def one(folder, name):
    """Return the only file of a name below a folder."""
    (file,) = folder.rglob(name)
    return file


def corner_and_size(x, y, width, height):
    return (x - width / 2) * 80, (y - height / 2) * 64, width * 80, height * 64


@pytest.mark.parametrize("form", ["recipe", "file", "folder"])
def test_recipes_and_folders(objects, box_folder, tmp_path, form):
    (tmp_path / "r.yaml").write_text(recipe_to_yaml(objects()))
    data = {"recipe": objects(), "file": tmp_path / "r.yaml", "folder": box_folder}[form]
    overrides = () if form == "recipe" else ("data.classes=[disc]",)
    written = visionft.convert(data, "yolo", tmp_path / "new", overrides=overrides)
    for split in ("train", "val", "test"):
        sources = (box_folder / "labels" / split).iterdir()
        rows = [row for file in sources for row in file.read_text().splitlines() if form == "recipe" or row[0] == "0"]
        assert written.objects[split] == labels_below(tmp_path / "new/labels" / split) == len(rows) > 0
        names = [
            sorted(path.name for path in (root / "images" / split).iterdir()) for root in (box_folder, tmp_path / "new")
        ]
        assert names[0] == names[1]
        assert written.images[split] == len(names[0])


def test_pictures_may_be_linked(box_folder, tmp_path):
    visionft.convert(box_folder, "voc", tmp_path / "new", link=True)
    pictures = list((tmp_path / "new/JPEGImages").iterdir())
    assert len(pictures) == 24
    assert all(picture.is_symlink() and picture.resolve() == one(box_folder, picture.name) for picture in pictures)


def test_data_that_training_takes_for_masks_are_converted(tmp_path):
    polygon = {"segmentation": [[1, 1, 9, 1, 9, 7, 1, 7]], "bbox": [1, 1, 8, 6], "iscrowd": 0, "category_id": 7}
    path = write_coco(tmp_path / "from/a.json", [{"id": n, "image_id": n, **polygon} for n in range(1, 9)], images=8)
    written = visionft.convert(path, "yolo", tmp_path / "new")
    assert sum(written.objects.values()) == labels_below(tmp_path / "new/labels") == 8


def test_what_is_lost_is_told(tmp_path):
    crowd = {"id": 9, "image_id": 2, "category_id": 3, "bbox": [0, 0, 6, 6], "iscrowd": 1}
    ones = [(number, 7, [1, 1, 5, 5]) for number in range(1, 9)]
    path = write_coco(tmp_path / "from/a.json", [*ones, crowd], images=8)
    written = visionft.convert(path, "yolo", tmp_path / "new", overrides=["task.kind=detection"])
    assert [text.partition(";")[0] for text in written.lost] == [
        "1 object is neither learned nor measured, which YOLO cannot say"
    ]
    assert sum(written.objects.values()) == labels_below(tmp_path / "new/labels") == 8
    assert visionft.convert(path, "coco", tmp_path / "other", overrides=["task.kind=detection"]).lost == ()


def test_bad_files_are_told(box_folder, tmp_path):
    data = shutil.copytree(box_folder, tmp_path / "from")
    one(data, "03.png").write_bytes(b"GIF89a")
    written = visionft.convert(data, "coco", tmp_path / "new")
    assert sum(written.images.values()) == 23
    assert any("03.png" in text and "left out" in text for text in written.warnings)


class TestRefused:
    def test_an_unknown_format(self, box_folder, tmp_path):
        with pytest.raises(UnknownName, match="--to: format 'coca': no such format; close: coco"):
            visionft.convert(box_folder, "coca", tmp_path / "new")
        with pytest.raises(UnknownName, match="known: coco, voc, yolo"):
            visionft.convert(box_folder, "kitti", tmp_path / "new")
        assert not (tmp_path / "new").exists()

    def test_a_folder_that_is_not_empty(self, tmp_path):
        """Before the data are read, which takes a while."""
        (tmp_path / "new").mkdir()
        (tmp_path / "new/notes.txt").touch()
        with pytest.raises(DataError, match="new: is not empty; give a new folder"):
            visionft.convert(tmp_path / "nowhere", "coco", tmp_path / "new")
        with pytest.raises(DataError, match=r"notes.txt: cannot be written \(.*Not a directory\); give a new folder"):
            visionft.convert(tmp_path / "nowhere", "coco", tmp_path / "new/notes.txt")
        assert [file.name for file in (tmp_path / "new").iterdir()] == ["notes.txt"]

    @pytest.mark.parametrize(("folder", "task"), [("image_folder", "classification"), ("mask_folder", "segmentation")])
    def test_data_without_boxes(self, request, tmp_path, folder, task):
        with pytest.raises(DataError, match=f"its labels are made for {task}; only boxes can be converted"):
            visionft.convert(request.getfixturevalue(folder), "coco", tmp_path / "new")
        assert not (tmp_path / "new").exists()

    def test_no_data(self, tmp_path):
        with pytest.raises(DataError, match=r"data\.path: no images named"):
            visionft.convert("detection", "coco", tmp_path / "new")


@pytest.mark.data
@needs_data
def test_blood_cells(tmp_path, capsys):
    written = visionft.convert(DATA / "bccd-voc", "coco", tmp_path / "new", link=True)
    assert written.images == {"train": 205, "val": 87, "test": 72}
    files = [COCO(str(tmp_path / f"new/annotations/instances_{split}.json")) for split in written.images]
    capsys.readouterr()  # it prints how long reading took
    assert [len(file.getAnnIds()) for file in files] == list(written.objects.values())
    assert [sum(len(file.getAnnIds(catIds=number)) for file in files) for number in (1, 2, 3)] == [361, 4155 - 2, 372]


def numbers_of_lines(folder):
    """Return how many numbers each line of YOLO's label files has."""
    lines = [line for file in (folder / "labels").rglob("*.txt") for line in file.read_text().splitlines()]
    return [len(line.split()) for line in lines]


def test_outlines_are_kept_unless_boxes_are_asked_for(tmp_path):
    triangle = {"image_id": 1, "category_id": 3, "segmentation": [[1, 1, 9, 1, 9, 7]], "bbox": [1, 1, 8, 6]}
    objects = [triangle | {"id": number, "image_id": number} for number in range(1, 9)]
    data = write_coco(tmp_path / "from/a.json", objects, images=8)
    boxes = visionft.convert(data, "yolo", tmp_path / "boxes", overrides=["task.kind=detection"])
    polygons = visionft.convert(data, "yolo", tmp_path / "outlines")
    assert sum(boxes.objects.values()) == sum(polygons.objects.values()) == 8
    for folder, numbers in (("boxes", 5), ("outlines", 7)):
        lines = [
            line for file in (tmp_path / folder / "labels").rglob("*.txt") for line in file.read_text().splitlines()
        ]
        assert [len(line.split()) for line in lines] == [numbers] * 8
    shares = [float(share) for share in lines[0].split()[1:]]
    assert sorted(zip(shares[::2], shares[1::2], strict=True)) == [
        pytest.approx((x / 12, y / 10)) for x, y in ((1, 1), (9, 1), (9, 7))
    ]


def test_outlines_go_there_and_back_again(outline_folder, tmp_path):
    there = visionft.convert(outline_folder, "yolo", tmp_path / "there")
    assert set(numbers_of_lines(tmp_path / "there")) > {7}
    back = visionft.convert(tmp_path / "there", "coco", tmp_path / "back")
    assert there.objects == back.objects
    for split in ("train", "val", "test"):
        told = json.loads((tmp_path / f"back/annotations/instances_{split}.json").read_text())
        assert len(told["annotations"]) == there.objects[split] > 0
        assert all(annotation["segmentation"] for annotation in told["annotations"])


def test_a_recipe_that_is_about_boxes_gets_boxes(outline_folder, objects, tmp_path):
    visionft.convert(objects(data={"path": str(outline_folder)}), "yolo", tmp_path / "boxes")
    assert set(numbers_of_lines(tmp_path / "boxes")) == {5}
    visionft.convert(outline_folder, "yolo", tmp_path / "named", overrides=["data.format=coco"])
    assert set(numbers_of_lines(tmp_path / "named")) == {5}


@pytest.mark.parametrize(
    "segmentation", [{"iscrowd": 1, "segmentation": [[1, 1, 9, 1, 9, 7]]}, {"segmentation": [[]]}, {}]
)
def test_data_of_which_no_outline_can_be_learned_are_boxes(tmp_path, segmentation):
    odd = {"id": 9, "image_id": 1, "category_id": 3, "bbox": [1, 1, 8, 6], **segmentation}
    path = write_coco(tmp_path / "from/a.json", [*((number, 7, [1, 1, 5, 5]) for number in range(1, 9)), odd], images=8)
    visionft.convert(path, "yolo", tmp_path / "new")
    assert set(numbers_of_lines(tmp_path / "new")) == {5}


def test_points_behind_boxes_are_no_outlines(tmp_path):
    yaml = "train: images\nnames: [cat]\nkpt_shape: [2, 2]\n"
    write_yolo(tmp_path / "from", dict.fromkeys("abcdef", "0 0.5 0.5 0.5 0.5 0.4 0.4 0.6 0.6\n"), yaml=yaml)
    visionft.convert(tmp_path / "from", "coco", tmp_path / "new")
    files = (tmp_path / "new/annotations").iterdir()
    told = [annotation for file in files for annotation in json.loads(file.read_text())["annotations"]]
    assert len(told) == 6
    assert not any("segmentation" in annotation for annotation in told)
