import numpy as np
import pytest

from tests.data.coco_sets import CAT, DOG, box, image, write_json
from tests.data.folders import write_image
from visionft.data.dataset import load_dataset
from visionft.data.formats.coco.masks import CocoMasks
from visionft.data.listing import LabelOptions
from visionft.data.targets.mask import Mask
from visionft.errors import DataError, UnknownName

BOTH = [image(1, "1.png"), image(2, "2.png")]
EXPECTED = np.zeros((10, 12), np.uint8)  # the dog, as large as the cat and later, lies on top
EXPECTED[:6, :6] = 1
EXPECTED[:3, :12] = 2


@pytest.fixture
def file(tmp_path):
    for number in (1, 2):
        write_image(tmp_path / f"{number}.png", number)
    return write_json(tmp_path / "instances.json", BOTH)


def read(path, **options):
    return CocoMasks(LabelOptions(**options)).read(path)


def told(listing):
    return [str(problem) for problem in listing.problems]


def test_categories_in_order_of_id_after_background(file):
    listing = read(file)
    assert (listing.target, listing.class_names, listing.problems) == (Mask, ("background", "cat", "dog"), ())
    first, second = listing.entries
    assert [(entry.id, entry.image, entry.split) for entry in listing.entries] == [
        ("1.png", file.parent / "1.png", None),
        ("2.png", file.parent / "2.png", None),
    ]
    assert np.array_equal(first.target.source.read(), EXPECTED)
    assert not second.target.source.read().any()


def test_the_smaller_region_lies_on_top_whatever_the_order(file):
    small = {"id": 3, "image_id": 1, "category_id": 3, "segmentation": box(1, 1, 3, 3)}
    write_json(file, [image(1, "1.png")], [small, DOG])
    mask = read(file).entries[0].target.source.read()
    assert (mask[1:3, 1:3] == 1).all()
    assert (mask == 2).sum() == 32


def test_run_lengths_and_crowds(file):
    counts = [0, 40, 80]  # the first four columns
    crowd = {"id": 3, "image_id": 1, "category_id": 7, "iscrowd": 1}
    write_json(file, [image(1, "1.png")], [crowd | {"segmentation": {"size": [10, 12], "counts": counts}}])
    mask = read(file).entries[0].target.source.read()
    assert (mask[:, :4] == 2).all()
    assert not mask[:, 4:].any()


@pytest.mark.parametrize(
    ("options", "names", "values"),
    [
        ({"classes": ("dog", "background")}, ("dog", "background"), {0: 1, 1: 1, 2: 0}),
        ({"classes": ("dog",)}, ("background", "dog"), {0: 0, 1: 0, 2: 1}),
        ({"classes": {"animal": (3, 7)}}, ("background", "animal"), {0: 0, 1: 1, 2: 1}),
        ({"classes": {"dog": 7}, "ignore": (3,)}, ("background", "dog"), {0: 0, 1: 255, 2: 1}),
        ({"ignore": (3,)}, ("background", "dog"), {0: 0, 1: 255, 2: 1}),
    ],
)
def test_classes_as_the_user_says(file, options, names, values):
    listing = read(file, **options)
    assert listing.class_names == names
    assert np.array_equal(listing.entries[0].target.source.read(), np.vectorize(values.get)(EXPECTED))


def test_what_is_not_listed_counts_as_background_and_is_told(file):
    assert told(read(file, classes=("dog",))) == [
        "classes: 1 categories are not in data.classes and count as background: cat"
    ]


def test_a_category_called_background_is_the_background(file):
    write_json(file, [image(1, "1.png")], [CAT], [{"id": 3, "name": "background"}, {"id": 5, "name": "cat"}])
    listing = read(file)
    assert listing.class_names == ("background", "cat")
    assert not listing.entries[0].target.source.read().any()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"classes": ("dogs",)}, UnknownName, "data.classes: category 'dogs': no such category; close: dog"),
        ({"classes": {"dog": 8}}, DataError, "data.classes: 'dog': 8 is no category id; the file has 3 cat, 7 dog"),
        ({"classes": {"a": (3, 7), "b": 7}}, DataError, r"'b': category 7 \(dog\) has a class already"),
        ({"classes": ("dog",), "ignore": (7,)}, DataError, r"data.ignore: category 7 \(dog\) has a class already"),
        ({"masks": "{name}.png"}, DataError, "data.masks is for the format 'masks'"),
        ({"images": "pictures"}, DataError, "data.images: .*pictures: no such folder"),
    ],
)
def test_options_that_do_not_fit_are_told(file, options, error, message):
    with pytest.raises(error, match=message):
        read(file, **options)


def test_files_with_other_categories_are_told(tmp_path):
    write_json(tmp_path / "train.json", [image(1, "1.png")])
    write_json(tmp_path / "val.json", [image(1, "1.png")], categories=[{"id": 3, "name": "cow"}])
    with pytest.raises(DataError, match=r"val.json: category 3 is 'cow' here and 'cat' in another file"):
        read(tmp_path)


def test_annotations_of_unknown_categories_make_their_pixels_ignored(file):
    write_json(file, BOTH, [CAT | {"id": 11, "category_id": 99}, DOG])
    listing = read(file)
    expected = np.where(EXPECTED == 1, 255, EXPECTED)
    assert np.array_equal(listing.entries[0].target.source.read(), expected)
    assert told(listing) == [
        f"{file}: 1 annotations of no known category, their pixels ignored: annotation 11 of 1.png (category 99)"
    ]


@pytest.mark.parametrize("broken", [[[1, 2]], {"size": [10, 12], "counts": [3]}, []])
def test_annotations_without_readable_pixels_make_their_box_ignored(file, broken):
    bad = CAT | {"id": 10, "segmentation": broken, "bbox": [2, 1, 9, 9]}
    write_json(file, BOTH, [DOG, bad])
    listing = read(file)
    expected = np.zeros((10, 12), np.uint8)
    expected[1:10, 2:11] = 255
    expected[:3] = 2  # smaller than the box
    assert np.array_equal(listing.entries[0].target.source.read(), expected)
    assert "1 annotations without readable pixels, their boxes ignored: annotation 10 of 1.png (" in told(listing)[0]


@pytest.mark.parametrize("box", [{}, {"bbox": [0, 0, 0, 5]}, {"bbox": ["a"]}, {"bbox": None}])
def test_images_with_annotations_that_are_nowhere_are_left_out(file, box):
    bad = CAT | {"id": 10, "image_id": 2, "segmentation": [[1, 2]]} | box
    images = [image(number, f"{number}.png") for number in range(1, 9)]
    for number in range(3, 9):
        write_image(file.parent / f"{number}.png", number)
    write_json(file, images, [CAT, DOG, bad])
    dataset = load_dataset(file)
    assert [sample.id for sample in dataset.samples] == [f"{number}.png" for number in (1, *range(3, 9))]
    fault = (
        "no pixels and no box can be read of annotation 10 of 2.png (a polygon is no list of x and y of three points"
    )
    lines = told(dataset)
    assert lines[0].startswith(f"{file}: 1 annotations without place or box, their images left out: annotation 10")
    assert lines[1] == f"2.png: {fault} or more); left out"
    with pytest.raises(DataError, match=r"1 bad images\n2.png: no pixels and no box can be read"):
        load_dataset(file, strict=True)


def test_what_counts_as_background_need_not_be_readable(file):
    write_json(file, BOTH, [DOG, CAT | {"segmentation": [[1, 2]]}])
    listing = read(file, classes=("dog",))
    assert listing.entries[0].target.source.read().sum() == 36
    assert told(listing) == ["classes: 1 categories are not in data.classes and count as background: cat"]


def test_annotations_of_no_image_are_told(file):
    write_json(file, BOTH, [CAT, DOG, CAT | {"id": 12, "image_id": 55}])
    assert told(read(file)) == [
        f"{file}: annotations that belong to no image of the file; left out: 1 (annotation 12 of image 55)"
    ]


def test_boxes_alone_are_not_enough(file):
    write_json(file, [image(1, "1.png")], [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [0, 0, 5, 5]}])
    with pytest.raises(DataError, match=r"no annotation has a usable segmentation: annotation 1 .*boxes alone"):
        read(file)
