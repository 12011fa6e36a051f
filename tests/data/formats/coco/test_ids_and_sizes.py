"""Ids and sizes as tools write them: every object is found, and what nobody can know is left out and told."""

import json
from copy import deepcopy

import numpy as np
import pytest

from tests.data.box_sets import told
from tests.data.coco_sets import CAT, DOG, image
from tests.data.folders import write_image
from visionft.data.dataset import load_dataset
from visionft.data.listing import LabelOptions
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.mask import Mask
from visionft.errors import DataError

BOXED = (
    {**CAT, "bbox": [0, 0, 6, 6]},
    {**DOG, "bbox": [0, 0, 12, 3]},
    {**CAT, "id": 3, "image_id": 2, "bbox": [0, 0, 6, 6]},
)
WHOLE = {
    "images": [image(1, "1.png"), image(2, "2.png")],
    "annotations": list(BOXED),
    "categories": [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}],
}


@pytest.fixture
def write(tmp_path):
    """Write two pictures of 12 x 10 pixels and a file of three objects after a change of it."""
    for number in (1, 2):
        write_image(tmp_path / f"{number}.png", number)

    def write(change):
        data = deepcopy(WHOLE)
        change(data)
        path = tmp_path / "a.json"
        path.write_text(json.dumps(data))
        return path

    return write


def each(items, **change):
    for item in items:
        item |= {key: make(item.get(key)) for key, make in change.items()}


def drop(items, *keys):
    for item in items:
        for key in keys:
            item.pop(key, None)


ALL_READ = {
    "ids as text": lambda data: (each(data["images"], id=str), each(data["annotations"], image_id=str)),
    "ids of annotations as text": lambda data: each(data["annotations"], image_id=str),
    "ids of images as text": lambda data: each(data["images"], id=str),
    "ids with zeros": lambda data: each(data["images"], id=lambda number: f"{number:012}"),
    "ids with a point": lambda data: each(data["images"], id=float),
    "ids as text with a point": lambda data: each(data["annotations"], image_id=lambda number: f"{number}.0"),
    "categories as text": lambda data: (each(data["categories"], id=str), each(data["annotations"], category_id=str)),
    "categories of annotations as text": lambda data: each(data["annotations"], category_id=str),
    "categories with a point": lambda data: each(data["annotations"], category_id=float),
    "categories by name": lambda data: each(data["annotations"], category_id={3: "cat", 7: "dog"}.get),
    "categories with ids that are names": lambda data: (
        each(data["categories"], id={3: "/m/01yrx", 7: "/m/0bt9lr"}.get),
        each(data["annotations"], category_id={3: "/m/01yrx", 7: "/m/0bt9lr"}.get),
    ),
    "names in the ids of images": lambda data: (
        each(data["images"], id="img-{}".format),
        each(data["annotations"], image_id="img-{}".format),
    ),
    "no size": lambda data: drop(data["images"], "width", "height"),
    "null size": lambda data: each(data["images"], width=lambda _: None, height=lambda _: None),
    "zero size": lambda data: each(data["images"], width=lambda _: 0, height=lambda _: 0),
    "size as text": lambda data: each(data["images"], width=str, height=str),
    "size with a point": lambda data: each(data["images"], width=float, height=float),
    "size that no image has": lambda data: each(data["images"], width=lambda _: 10**6, height=lambda _: 10**6),
    "no iscrowd, no area": lambda data: drop(data["annotations"], "iscrowd", "area"),
    "boxes as text": lambda data: each(data["annotations"], bbox=lambda box: [str(number) for number in box]),
    "no boxes": lambda data: drop(data["annotations"], "bbox"),
    "empty boxes": lambda data: each(data["annotations"], bbox=lambda _: []),
    "boxes of nothing": lambda data: each(data["annotations"], bbox=lambda _: [0, 0, 0, 0]),
    "a caption": lambda data: data["annotations"].append({"id": 9, "image_id": 1, "caption": "a cat"}),
    "an object of nobody": lambda data: data["annotations"].append({"id": 9, "category_id": 3, "bbox": [1, 1, 2, 2]}),
    "a null": lambda data: data["annotations"].append(None),
}
"""Names in order of id: where those are text, in the order of the text."""


@pytest.mark.parametrize("change", ALL_READ.values(), ids=ALL_READ)
def test_all_is_read(write, change):
    path = write(change)
    boxes = load_dataset(path, format="coco")
    assert boxes.class_names == ("cat", "dog")
    first, second = boxes.samples
    assert first.target == Boxes(((0, 0, 6, 6), (0, 0, 12, 3)), (0, 1), (False, False))
    assert second.target == Boxes(((0, 0, 6, 6),), (0,), (False,))
    masks = load_dataset(path, target=Mask, format="coco_masks")
    assert [sample.target.class_counts for sample in masks.samples] == [{0: 66, 1: 18, 2: 36}, {0: 84, 1: 36}]
    assert masks.samples[0].target.source.read().shape == (10, 12)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            "a caption",
            "a.json: annotations without category, box and outline, such as captions; left out: 1 (annotation 9)",
        ),
        ("an object of nobody", "a.json: annotations without image_id; left out: 1 (annotations[3])"),
        ("a null", "a.json: annotations without image_id; left out: 1 (annotations[3])"),
    ],
)
def test_what_is_left_out_is_told_with_an_example(write, change, line):
    assert f"{write(ALL_READ[change]).parent}/{line}" in told(load_dataset(write(ALL_READ[change]), format="coco"))


@pytest.mark.parametrize("category", [{"category_id": None}, {"category_id": ""}, {}])
def test_an_object_without_category_is_left_out_and_its_pixels_ignored(write, category):
    def change(data):
        del data["annotations"][2]["category_id"]
        data["annotations"][2] |= category

    path = write(change)
    boxes = load_dataset(path, format="coco")
    assert [len(sample.target) for sample in boxes.samples] == [2, 0]
    assert f"{path}: annotation 3 (2.png): box [0, 0, 6, 6] has no category; left out" in told(boxes)
    masks = load_dataset(path, format="coco_masks")
    assert np.count_nonzero(masks.samples[1].target.source.read() == 255) == 36
    assert any(
        "1 annotations of no known category, their pixels ignored: annotation 3 of 2.png" in line
        for line in told(masks)
    )


@pytest.mark.parametrize("key", ["id", "file_name"])
def test_an_image_without_id_or_name_is_left_out_and_told(write, key):
    path = write(lambda data: data["images"][1].update({key: None}))
    dataset = load_dataset(path, format="coco")
    assert [sample.id for sample in dataset.samples] == ["1.png"]
    assert f"{path}: images without id or file_name; left out: 1 (images[1])" in told(dataset)
    assert f"{path.parent}: 1 image is in no JSON file, and left out: 2.png" in told(dataset)


def test_images_that_share_an_id_are_left_out_since_their_objects_may_be_of_either(write):
    write_image(write(lambda _: None).parent / "3.png", 3)
    path = write(lambda data: data["images"].append(image(2, "3.png")))
    dataset = load_dataset(path, format="coco")
    assert [sample.id for sample in dataset.samples] == ["1.png"]
    assert any("that share their id with another" in line and "3.png" in line for line in told(dataset))


def test_names_that_are_numbers_are_text(write):
    path = write(lambda data: each(data["categories"], name={"cat": 3, "dog": 7.5}.get))
    assert load_dataset(path, format="coco").class_names == ("3", "7.5")


def test_categories_that_a_file_does_not_name_are_asked_for_and_taken_as_told(write):
    path = write(lambda data: data.pop("categories"))
    with pytest.raises(
        DataError, match=r"has no list 'categories'.*\(3, 7\); set data.classes: \{NAME1: 3, NAME2: 7\}"
    ):
        load_dataset(path, format="coco")
    dataset = load_dataset(path, format="coco", options=LabelOptions(classes={"NAME1": 3, "NAME2": 7}))
    assert dataset.class_names == ("NAME1", "NAME2")
    assert [sample.target.labels for sample in dataset.samples] == [(0, 1), (0,)]


@pytest.mark.parametrize(
    "categories", [{"1": "cat"}, ["cat"], [{"id": 3}], [{"name": "cat"}], [{"id": 3, "name": " "}]]
)
def test_categories_that_cannot_be_read_are_told(write, categories):
    with pytest.raises(DataError, match=r"categories.*found .*\"name\": \"red\""):
        load_dataset(write(lambda data: data.update(categories=categories)), format="coco")


def test_an_id_of_two_names_is_refused(write):
    path = write(lambda data: data["categories"].append({"id": 3, "name": "cow"}))
    with pytest.raises(DataError, match="category 3 is called 'cat' and 'cow'"):
        load_dataset(path, format="coco")
