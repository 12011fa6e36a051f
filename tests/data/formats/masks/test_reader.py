import numpy as np
import pytest

from tests.data.folders import make_folder, write_image
from tests.data.mask_sets import make_pairs, rows_of, save, write_mask
from visionft.data.formats.detect import detect_format
from visionft.data.formats.masks.reader import Masks
from visionft.data.listing import LabelOptions
from visionft.data.targets.mask import Mask
from visionft.errors import DataError

NAMES = ("a", "b", "c")


def read(path, **options):
    return Masks(LabelOptions(**({"classes": NAMES} | options))).read(path)


def told(listing):
    return [str(problem) for problem in listing.problems]


LAYOUTS = [
    {("train", "trainannot"): "train", ("val", "valannot"): "val", ("test", "testannot"): "test"},
    {("train", "train_masks"): "train", ("Validation", "Validation-labels"): "val"},
    {("images", "masks"): None},
    {("imgs", "annotations"): None},
    {("JPEGImages", "SegmentationClass"): None},
    {("images/train", "labels/train"): "train", ("images/val2017", "labels/val2017"): "val"},
    {("images/city/a", "gt/city/a"): None},
    {("train/images", "train/masks"): "train", ("test/images", "test/masks"): "test"},
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("above", [".", "data/set"])
def test_layouts(tmp_path, layout, above):
    make_pairs(tmp_path / above, dict.fromkeys(layout, 2))
    assert detect_format(tmp_path) == "masks"
    listing = read(tmp_path)
    assert (listing.target, listing.class_names, listing.problems) == (Mask, NAMES, ())
    expected = {}
    for images, masks in layout:
        for image in (tmp_path / above / images).iterdir():
            key = image.relative_to(tmp_path / above).as_posix()
            expected[key] = (image, tmp_path / above / masks / image.name, layout[images, masks])
    assert {entry.id: (entry.image, entry.target.source.path, entry.split) for entry in listing.entries} == expected


@pytest.mark.parametrize("suffix", ["_mask", "_label", "_Mask"])
@pytest.mark.parametrize("folders", [{".": None}, {"train": "train", "val": "val"}])
def test_pairs_in_one_folder(tmp_path, suffix, folders):
    for number, folder in enumerate(folders):
        write_image(tmp_path / folder / "x.JPG", number)
        write_mask(tmp_path / folder / f"x{suffix}.png", (0, 1))
        write_image(tmp_path / folder / "other.jpg", 50 + number)
        write_image(tmp_path / folder / "other_seg.png", 60 + number)
    assert detect_format(tmp_path) == "masks"
    found = {(entry.image.name, entry.target.source.path.name, entry.split) for entry in read(tmp_path).entries}
    assert found == {
        (image, mask, split)
        for split in folders.values()
        for image, mask in (("x.JPG", f"x{suffix}.png"), ("other.jpg", "other_seg.png"))
    }


@pytest.mark.parametrize(
    "classes",
    [
        {"cat": 4, "dog": 4},
        {"masks": 4, "hats": 4},
        {"mask": 4, "no_mask": 4},
        {"train": 3, "bus": 3},
        {"train/a": 3, "train/b": 3, "test/a": 2, "test/b": 2, "validation/a": 2, "validation/b": 2},
        {"train/masks": 3, "train/gloves": 3, "test/masks": 2, "test/gloves": 2},
        {"images/labels": 3, "images/stickers": 3},
        {"images": 3, "labels": 0},
        {"label": 3, "label_mask": 3},
    ],
)
def test_a_folder_per_class_is_no_masks(tmp_path, classes):
    assert detect_format(make_folder(tmp_path, classes)) == "folder"


def test_labels_of_detection_are_no_masks(tmp_path):
    make_folder(tmp_path, {"images": 3})
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/0.txt").write_text("0 .5 .5 .1 .1")
    assert detect_format(tmp_path) == "folder"


def test_images_and_masks_of_other_names_are_told_at_once(tmp_path):
    make_pairs(tmp_path, {("images", "masks"): 4})
    for mask in list((tmp_path / "masks").iterdir()):
        mask.rename(mask.with_stem(f"seg{mask.stem}"))
    with pytest.raises(DataError, match=r"images and masks look like .* only 0 of 4 files .* give data.images and"):
        detect_format(tmp_path)
    with pytest.raises(DataError, match=r"no mask is called like an image; give data.images and"):
        read(tmp_path)


def test_files_without_a_partner_are_left_out_and_named(tmp_path):
    make_pairs(tmp_path, {("images", "masks"): 3})
    write_image(tmp_path / "images/alone.png", 9)
    write_mask(tmp_path / "masks/lost.png", (0, 1))
    listing = read(tmp_path)
    assert len(listing.entries) == 3
    assert told(listing) == [
        f"{tmp_path}/images: 1 images without a mask of the same name; left out: alone.png",
        f"{tmp_path}/masks: 1 masks without an image of the same name; left out: lost.png",
    ]


def test_an_exact_name_goes_before_one_with_a_suffix(tmp_path):
    write_image(tmp_path / "images/x.png", 0)
    write_mask(tmp_path / "masks/x.png", (0, 1))
    write_mask(tmp_path / "masks/x_mask.png", (0, 1))
    assert [entry.target.source.path.name for entry in read(tmp_path).entries] == ["x.png"]


def test_unknown_layouts_are_told(tmp_path):
    with pytest.raises(DataError, match=r"images with masks are not recognised; known are images/ beside masks/"):
        read(make_folder(tmp_path, {"a": 1, "b": 1}))
    with pytest.raises(DataError, match="no such folder"):
        read(tmp_path / "absent")


def palette_set(root, colours):
    for number in range(2):
        write_image(root / f"images/{number}.png", number)
        save(root / f"masks/{number}.png", rows_of((0, 1, 2)), colours)
    return root


def test_colours_of_the_data_are_kept(tmp_path):
    colours = [0, 0, 0, 128, 0, 0, 0, 128, 0]
    assert read(palette_set(tmp_path / "a", colours)).palette == ((0, 0, 0), (128, 0, 0), (0, 128, 0))
    assert read(palette_set(tmp_path / "b", [0, 0, 0, 1, 1, 1, 2, 2, 2])).palette == ()
    assert read(make_pairs(tmp_path / "c", {("images", "masks"): 2})).palette == ()
    masks = {entry.target.source.read().tobytes() for entry in read(tmp_path / "a").entries}
    assert masks == {np.ascontiguousarray(rows_of((0, 1, 2))).tobytes()}
