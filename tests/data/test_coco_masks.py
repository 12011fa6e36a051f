import numpy as np
import pytest

from tests.data.coco_sets import CAT, DOG, box, image, write_json
from tests.data.folders import write_image
from visionft.data.coco_masks import CocoMasks
from visionft.data.listing import MaskOptions
from visionft.errors import DataError, UnknownName

EXPECTED = np.zeros((10, 12), np.uint8)  # the dog, as large as the cat and later, lies on top
EXPECTED[:6, :6] = 1
EXPECTED[:3, :12] = 2


@pytest.fixture
def file(tmp_path):
    for number in (1, 2):
        write_image(tmp_path / f"{number}.png", number)
    return write_json(tmp_path / "instances.json", [image(1, "1.png"), image(2, "2.png")])


def read(path, **options):
    return CocoMasks(MaskOptions(**options)).read(path)


def told(listing):
    return [str(problem) for problem in listing.problems]


def test_categories_in_order_of_id_after_background(file):
    listing = read(file)
    assert (listing.task, listing.class_names, listing.problems) == ("segmentation", ("background", "cat", "dog"), ())
    first, second = listing.entries
    assert [(entry.id, entry.path, entry.split) for entry in listing.entries] == [
        ("1.png", file.parent / "1.png", None),
        ("2.png", file.parent / "2.png", None),
    ]
    assert np.array_equal(first.mask.read(), EXPECTED)
    assert not second.mask.read().any()


def test_the_smaller_region_lies_on_top_whatever_the_order(file):
    small = {"id": 3, "image_id": 1, "category_id": 3, "segmentation": box(1, 1, 3, 3)}
    write_json(file, [image(1, "1.png")], [small, DOG])
    mask = read(file).entries[0].mask.read()
    assert (mask[1:3, 1:3] == 1).all()
    assert (mask == 2).sum() == 32


def test_run_lengths_and_crowds(file):
    counts = [0, 40, 80]  # the first four columns
    crowd = {"id": 3, "image_id": 1, "category_id": 7, "iscrowd": 1}
    write_json(file, [image(1, "1.png")], [crowd | {"segmentation": {"size": [10, 12], "counts": counts}}])
    mask = read(file).entries[0].mask.read()
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
    assert np.array_equal(listing.entries[0].mask.read(), np.vectorize(values.get)(EXPECTED))


def test_what_is_not_listed_counts_as_background_and_is_told(file):
    assert told(read(file, classes=("dog",))) == [
        "classes: 1 categories are not in data.classes and count as background: cat"
    ]


def test_a_category_called_background_is_the_background(file):
    write_json(file, [image(1, "1.png")], [CAT], [{"id": 3, "name": "background"}, {"id": 5, "name": "cat"}])
    listing = read(file)
    assert listing.class_names == ("background", "cat")
    assert not listing.entries[0].mask.read().any()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"classes": ("dogs",)}, UnknownName, "data.classes: category 'dogs': no such category; close: dog"),
        ({"classes": {"dog": 8}}, DataError, "data.classes: 'dog': 8 is no category id; the file has 3 cat, 7 dog"),
        ({"classes": {"a": (3, 7), "b": 7}}, DataError, r"'b': category 7 \(dog\) has a class already"),
        ({"classes": ("dog",), "ignore": (7,)}, DataError, r"data.ignore: category 7 \(dog\) has a class already"),
        ({"images": "{name}.jpg"}, DataError, "data.images and data.masks are for the format 'masks'"),
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


def test_bad_annotations_are_left_out_and_told(file):
    bad = [
        CAT | {"id": 10, "segmentation": [[1, 2]]},
        CAT | {"id": 11, "category_id": 99},
        CAT | {"id": 12, "image_id": 55},
    ]
    write_json(file, [image(1, "1.png")], [CAT, DOG, *bad])
    listing = read(file)
    assert np.array_equal(listing.entries[0].mask.read(), EXPECTED)
    assert told(listing) == [
        f"{file}: 2 annotations cannot be used, left out: annotation 10 of 1.png (a polygon is no list of x and y of "
        "three points or more), annotation 11 of 1.png (its category 99 is not in the file's categories)",
        f"{file}: 1 annotations belong to no image of the file; left out",
    ]


def test_boxes_alone_are_not_enough(file):
    write_json(file, [image(1, "1.png")], [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [0, 0, 5, 5]}])
    with pytest.raises(DataError, match=r"no annotation has a usable segmentation: annotation 1 .*boxes alone"):
        read(file)
