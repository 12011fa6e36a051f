"""Pictures by the names that files give them, which are of other machines and servers."""

import json

import pytest

from tests.data.box_sets import told, write_coco
from tests.data.coco_sets import image
from tests.data.folders import write_image
from visionft.data.dataset import load_dataset
from visionft.data.formats.coco.boxes import CocoBoxes
from visionft.data.listing import LabelOptions

BOX = {"category_id": 1, "bbox": [0, 0, 5, 5]}


def write(path, *names, **more):
    """Write a file in which each picture has an object, one pixel wider than the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [{"id": number, "file_name": name} for number, name in enumerate(names)]
    objects = [BOX | {"id": at, "image_id": at, "bbox": [0, 0, 3 + at, 5]} for at in range(len(names))]
    path.write_text(
        json.dumps({"images": images, "annotations": objects, "categories": [{"id": 1, "name": "cat"}]} | more)
    )
    return path


def found(path, root=None):
    """Return what is found of each picture, below the folder of the annotation file."""
    listing = CocoBoxes().read(root or path)
    return [
        entry.image.relative_to(root or path.parent).as_posix() for entry in listing.entries if entry.image.is_file()
    ]


@pytest.mark.parametrize(
    "stated",
    [
        "images\\1\\a b.png",
        "..\\..\\label-studio\\media\\upload\\4\\a b.png",
        "C:\\Users\\me\\a b.png",
        "/home/me/pictures/a b.png",
        "file:///home/me/a b.png",
        "http://localhost:8080/data/upload/1/a%20b.png",
        "https://acc.blob.core.windows.net/c/a%20b.png?sv=2020&sig=ab%2Bc",
        "s3://bucket/folder/a b.png",
        "gs://bucket/a%20b.png",
        "/data/local-files/?d=set/a%20b.png",
        "/data/local-files/?d=set%2Fa%20b.png&x=1",
        "images/a%20b.png",
        " a b.png ",
        "A B.PNG",
        "a b",
        "./a b.png",
    ],
)
@pytest.mark.parametrize("folder", ["", "images", "data", "JPEGImages", "img/part/1"])
def test_names_of_elsewhere_are_found_by_their_last_parts(tmp_path, stated, folder):
    write_image(tmp_path / folder / "a b.png", 1)
    assert found(write(tmp_path / "result.json", stated)) == [(f"{folder}/" if folder else "") + "a b.png"]


@pytest.mark.parametrize("name", ["a%20b.png", "a?b.png", "a#b.png", "50%.png", "é.png"])
def test_odd_names_of_files_are_taken_as_they_are(tmp_path, name):
    write_image(tmp_path / "images" / name, 1)
    assert found(write(tmp_path / "a.json", f"images/{name}")) == [f"images/{name}"]


def test_more_of_a_name_decides_between_pictures_of_one_name(tmp_path):
    for number, folder in enumerate(("cats", "dogs")):
        write_image(tmp_path / "pictures" / folder / "1.png", number)
    path = write(tmp_path / "a.json", "/home/me/dogs/1.png", "D:\\set\\cats\\1.png")
    assert found(path) == ["pictures/dogs/1.png", "pictures/cats/1.png"]
    assert found(write(path, "1.png")) == []  # either may be meant
    assert any("1 picture is in none of the folders" in str(one) for one in CocoBoxes().read(path).problems)


def test_names_that_lead_to_one_file_by_their_last_part_are_not_guessed(tmp_path):
    for name in ("1.png", "2.png"):
        write_image(tmp_path / "images" / name, 1)
    path = write(tmp_path / "a.json", "upload/1/1.png", "upload/2/1.png", "2.png")
    assert found(path) == ["images/2.png"]
    (line,) = [str(one) for one in CocoBoxes().read(path).problems if "lead to one file" in str(one)]
    assert "left out: 2 (upload/1/1.png, upload/2/1.png)" in line


def test_a_picture_that_is_listed_twice_keeps_the_objects_of_both(tmp_path):
    write_image(tmp_path / "images/1.png", 1)
    path = write(tmp_path / "a.json", "1.png", "images/1.png", "1.png")
    dataset = load_dataset(path, format="coco")
    assert [sorted(sample.target.xyxy) for sample in dataset.samples] == [[(0, 0, 3, 5), (0, 0, 4, 5), (0, 0, 5, 5)]]
    line = f"{path}: 1 picture is listed more than once; the annotations of all entries count: 1.png"
    assert line in told(dataset)


def test_pictures_of_two_files_of_no_split_keep_the_objects_of_both(tmp_path):
    write_image(tmp_path / "1.png", 1)
    for name, box in (("cats.json", [0, 0, 5, 5]), ("more.json", [1, 1, 6, 6])):
        write(tmp_path / name, "1.png", annotations=[BOX | {"id": 1, "image_id": 0, "bbox": box}])
    dataset = load_dataset(tmp_path, format="coco")
    assert [sample.target.xyxy for sample in dataset.samples] == [((0, 0, 5, 5), (1, 1, 7, 7))]
    assert any("in another file too; the annotations of both count: 1.png" in line for line in told(dataset))


def test_a_picture_of_a_stated_split_stays_in_it(tmp_path):
    for name in ("1.png", "2.png"):
        write_image(tmp_path / name, int(name[0]))
    write(tmp_path / "all.json", "1.png", "2.png")
    write(tmp_path / "test.json", "2.png")
    listing = CocoBoxes().read(tmp_path)
    assert {entry.id: entry.split for entry in listing.entries} == {"1.png": None, "2.png": "test"}


def test_images_that_no_file_lists_are_told(tmp_path):
    path = write_coco(tmp_path / "train/_annotations.coco.json", [(1, 3, [0, 0, 5, 5])])
    write_image(tmp_path / "train/2.png", 2)
    write_image(tmp_path / "valid/1.png", 3)
    lines = told(CocoBoxes().read(tmp_path))
    assert f"{path.parent}: 1 image is in no JSON file, and left out: 2.png" in lines
    assert f"{tmp_path}/valid: 1 image is in no JSON file, and left out: 1.png" in lines


def test_only_the_folder_that_is_named_is_searched(tmp_path):
    write_image(tmp_path / "images/1.png", 1)
    write_image(tmp_path / "other/deep/2.png", 1)
    path = write(tmp_path / "a.json", "1.png", "2.png")
    (tmp_path / "other").mkdir(exist_ok=True)
    entries = CocoBoxes(LabelOptions(images="other")).read(path).entries
    assert [entry.image for entry in entries if entry.image.is_file()] == [tmp_path / "other/deep/2.png"]


def test_sizes_are_not_asked_of_boxes(tmp_path):
    write_image(tmp_path / "1.png", 1, (30, 20))
    path = write(tmp_path / "a.json", "1.png", images=[{"id": 0, "file_name": "1.png"}])
    assert load_dataset(path, format="coco").samples[0].size == (30, 20)
    stated = write(path, "1.png", images=[image(0, "1.png")])  # as 12 x 10 pixels
    assert any("is not the image's" in line for line in told(load_dataset(stated, format="coco")))
