import numpy as np
import pytest
import yaml
from PIL import Image

from tests.data.folders import write_image
from tests.data.mask_sets import make_pairs, rows_of, save, write_mask, write_turned_jpeg
from tests.real_data import DATA, needs_data
from visionft.data.dataset import load_dataset
from visionft.data.formats.detect import choose_format
from visionft.data.formats.folder import Folder
from visionft.data.listing import LabelOptions
from visionft.data.splits import SPLITS
from visionft.data.targets.mask import Mask
from visionft.errors import DataError

NAMES = ("sky", "road", "car")
SPLIT_FOLDERS = {("train", "trainannot"): 4, ("val", "valannot"): 5, ("test", "testannot"): 5}


def load(root, **options):
    return load_dataset(root, options=LabelOptions(**({"classes": NAMES} | options)))


def told(dataset):
    return [str(problem) for problem in dataset.problems]


def test_masks_become_samples_with_their_pixels(tmp_path):
    dataset = load(make_pairs(tmp_path, SPLIT_FOLDERS, (0, 1, 1, 255, 2)))
    assert (dataset.target, dataset.class_names, dataset.problems) == (Mask, NAMES, ())
    assert [len(dataset.split(split)) for split in SPLITS] == [4, 5, 5]
    for sample in dataset.samples:
        assert sample.target.class_counts == {0: 24, 1: 48, 2: 24}
        assert np.array_equal(sample.target.source.read(), rows_of((0, 1, 1, 255, 2)))
    assert dataset.image_counts("train") == {"sky": 4, "road": 4, "car": 4}
    assert load(tmp_path) == dataset


def test_splits_are_made_as_for_any_data(tmp_path):
    dataset = load(make_pairs(tmp_path, {("images", "masks"): 60}))
    sizes = {split: len(dataset.split(split)) for split in SPLITS}
    assert sum(sizes.values()) == 60
    assert all(4 <= sizes[split] <= 18 for split in ("val", "test"))


def test_masks_of_another_size_are_left_out_and_told(tmp_path):
    make_pairs(tmp_path, SPLIT_FOLDERS)
    write_image(tmp_path / "train/small.png", 90)
    write_mask(tmp_path / "trainannot/small.png", (0, 1, 2), (6, 5))
    write_turned_jpeg(tmp_path / "train/turned.jpg")
    write_mask(tmp_path / "trainannot/turned.png", (0, 1, 2))
    write_turned_jpeg(tmp_path / "train/upright.jpg")
    write_mask(tmp_path / "trainannot/upright.png", (0, 1, 2), (10, 12))
    dataset = load(tmp_path)
    assert len(dataset.samples) == 16
    assert {"train/turned.jpg", "train/upright.jpg"} <= {sample.id for sample in dataset.samples}
    assert [line for line in told(dataset) if "pixels, the image" in line] == [
        "train/small.png: the mask has 6 x 5 pixels, the image 12 x 10; they must be the same: set "
        "data.mask_size=resize, or resize the mask, with nearest neighbour; left out",
    ]


def test_unknown_values_leave_an_image_out_or_stop_a_strict_reader(tmp_path):
    make_pairs(tmp_path, SPLIT_FOLDERS)
    write_mask(tmp_path / "trainannot/0.png", (0, 1, 9))
    (tmp_path / "valannot/4.png").write_bytes(b"no image")
    dataset = load(tmp_path)
    assert len(dataset.samples) == 12
    assert any("train/0.png" in line and "stand for no class: 9 (36 pixels)" in line for line in told(dataset))
    with pytest.raises(DataError, match=r"2 bad images\n.*stand for no class: 9 .*\n.*valannot/4.png: not a JPEG"):
        load_dataset(tmp_path, classes=NAMES, strict=True)


def test_when_no_mask_can_be_used_the_first_are_named(tmp_path):
    make_pairs(tmp_path, {("images", "masks"): 30}, (5, 6))
    with pytest.raises(
        DataError, match=r"none of the 30 images can be used with its mask\n.*: 5 in 30 \(first: .*0.png, 60"
    ) as caught:
        load(tmp_path)
    assert len(str(caught.value).splitlines()) == 2


def test_masks_that_teach_little_are_told(tmp_path):
    make_pairs(tmp_path, SPLIT_FOLDERS)
    write_mask(tmp_path / "trainannot/0.png", (255,))
    for number in (1, 4):
        write_mask(next(tmp_path.glob(f"*annot/{number}.png")), (0,))
    assert told(load(tmp_path)) == [
        "masks: 1 are ignored in every pixel, so they teach nothing: train/0.png",
        "masks: 2 of 14 hold nothing but 'sky': train/1.png, val/4.png",
    ]


def test_classes_without_pixels_are_told(tmp_path):
    make_pairs(tmp_path, SPLIT_FOLDERS)
    for mask in (tmp_path / "valannot").iterdir():
        write_mask(mask, (0, 1))
    assert told(load(tmp_path, classes=(*NAMES, "bus"))) == [
        "bus: the class has no pixel in any mask",
        "train: no pixel of bus; they cannot be learned",
        "val: no pixel of car, bus; its numbers say nothing about them",
        "test: no pixel of bus; its numbers say nothing about them",
    ]


def test_copies_across_splits_are_told(tmp_path):
    make_pairs(tmp_path, SPLIT_FOLDERS)
    write_image(tmp_path / "val/copy.png", 0)
    write_mask(tmp_path / "valannot/copy.png", (0, 1))
    assert told(load(tmp_path)) == [
        "val/copy.png: the same bytes as train/0.png, but in val and train: the numbers flatter",
        "val/copy.png: the same bytes as train/0.png, but another mask",
    ]


def test_many_masks_with_the_same_defect_share_a_line(tmp_path):
    make_pairs(tmp_path, SPLIT_FOLDERS)
    for number in (0, 1, 2):
        write_mask(tmp_path / f"trainannot/{number}.png", (0, 1, 7 + number))
    for number in range(5, 9):
        write_mask(next(tmp_path.glob(f"*annot/{number}.png")), (0, 1), (6, 5))
    lines = told(load(tmp_path))
    assert (
        "masks: 3 hold values that stand for no class: 7 in 1 (first: train/0.png, 36 pixels), 8 in 1 (first: "
        "train/1.png, 36 pixels), 9 in 1 (first: train/2.png, 36 pixels); allowed are 0 sky, 1 road, 2 car, 255 is "
        "ignored; name them in data.classes or list them in data.ignore; left out"
    ) in lines
    (sizes,) = [line for line in lines if "another size" in line]
    assert sizes.startswith(
        "4 images: the mask has another size than the image; they must be the same: set data.mask_size=resize"
    )
    assert sizes.endswith("and 1 more; left out")


def write_exif(path, orientation, size, content):
    exif = Image.Exif()
    exif[274] = orientation
    pixels = np.random.default_rng(content).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, exif=exif)


def test_rotations_that_sizes_cannot_confirm_are_told(tmp_path):
    make_pairs(tmp_path, SPLIT_FOLDERS)
    cases = {
        "upright.jpg": (1, (12, 10)),
        "turned.jpg": (6, (12, 10)),
        "upside.jpg": (3, (12, 10)),
        "mirror.png": (2, (12, 10)),
        "square.tif": (6, (10, 10)),
    }
    for number, (name, (orientation, size)) in enumerate(cases.items()):
        write_exif(tmp_path / "train" / name, orientation, size, 70 + number)
        shown = size[::-1] if orientation > 4 else size
        write_mask(tmp_path / "trainannot" / f"{name[:-4]}.png", (0, 1, 2), shown)
    assert [line for line in told(load(tmp_path)) if "EXIF" in line] == [
        "masks: 3 images carry an EXIF rotation that their masks' sizes cannot confirm: train/mirror.png, "
        "train/square.tif, train/upside.jpg; look at them: image and mask must be upright alike"
    ]


def test_classes_called_images_and_masks_are_told_the_way_out(tmp_path):
    for folder, first in (("images", 0), ("masks", 50)):
        for number in range(4):
            path = tmp_path / folder / f"{number}.jpg"
            path.parent.mkdir(exist_ok=True)
            write_exif(path, 1, (12, 10), first + number)
    with pytest.raises(DataError, match=r"the masks are JPEGs .* give data.format: folder"):
        load_dataset(tmp_path)
    assert load_dataset(tmp_path, format="folder").class_names == ("images", "masks")


def test_a_handful_of_images_can_be_trained_on(tmp_path):
    dataset = load(make_pairs(tmp_path, {("images", "masks"): 5}))
    assert all(dataset.split(split) for split in SPLITS)
    assert not [problem for problem in dataset.problems if problem.fatal]


def test_colours_of_the_user_reach_the_data_set(tmp_path):
    classes = {"g": (0, 0, 0), "box": ((255, 0, 0), (9, 9, 9)), "disc": (0, 0, 255)}
    colours = np.uint8([(0, 0, 0), (255, 0, 0), (0, 0, 255), (9, 9, 9)])
    make_pairs(tmp_path, SPLIT_FOLDERS)
    for mask in tmp_path.glob("*annot/*.png"):
        save(mask, colours[rows_of((0, 1, 2, 3))])
    assert load(tmp_path, classes=classes).palette == ((0, 0, 0), (255, 0, 0), (0, 0, 255))


def test_patterns_need_no_format(tmp_path):
    make_pairs(tmp_path, {("rgb", "classes"): 12})
    dataset = load(tmp_path, images="rgb/{name}.png", masks="classes/{name}.png")
    assert (dataset.target, len(dataset.samples)) == (Mask, 12)


CAMVID = ("sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "bicyclist")


@pytest.mark.data
@needs_data
def test_camvid():
    dataset = load_dataset(DATA / "camvid-subset", options=LabelOptions(CAMVID, (11,)))
    assert (dataset.target, dataset.class_names, dataset.problems) == (Mask, CAMVID, ())
    assert [len(dataset.split(split)) for split in SPLITS] == [41, 13, 20]
    learned = dict.fromkeys(range(11), 0)
    for sample in dataset.split("train"):
        for label, count in sample.target.class_counts.items():
            learned[label] += count
    shares = {CAMVID[label]: count / (41 * 480 * 360) for label, count in learned.items()}
    assert shares["road"] == pytest.approx(0.309, abs=0.001)  # as the set's own description has it
    assert shares["bicyclist"] == pytest.approx(0.003, abs=0.001)
    assert 1 - sum(shares.values()) == pytest.approx(0.036, abs=0.001)


@pytest.mark.data
@pytest.mark.slow
@needs_data
def test_road_cracks():
    options = LabelOptions(("road", "crack"), images="**/{name}_RAW.jpg", masks="**/{name}_CRACK.png")
    dataset = load_dataset(DATA / "road-cracks-subset", options=options)
    assert len(dataset.samples) == 102
    assert sum(1 in sample.target.classes for sample in dataset.samples) == 92
    assert [str(problem).partition(":")[0] for problem in dataset.problems] == ["masks"]


@pytest.mark.data
@needs_data
def test_sparse_ids_of_coco():
    text = (DATA / "coco-mini-yolo/semantic_segmentation/config.yaml").read_text()
    names = {name: number for number, name in yaml.safe_load(text)["classes"].items() if number}
    patterns = {"images": "images/{name}.jpg", "masks": "semantic_segmentation/masks/{name}.png"}
    dataset = load_dataset(DATA / "coco-mini-yolo", options=LabelOptions(names, (0,), **patterns))
    assert [len(dataset.split(split)) for split in SPLITS] == [60, 60, 0]
    assert all(sum(counts.values()) > 0 for counts in (dataset.image_counts("train"), dataset.image_counts("val")))
    del names["person"]
    with pytest.raises(DataError, match=r"stand for no class: 1 in 60 \("):
        load_dataset(DATA / "coco-mini-yolo", options=LabelOptions(names, (0,), **patterns), strict=True)


@pytest.mark.data
@needs_data
@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("road-cracks-subset", "data.images='**/{name}_RAW.jpg' and data.masks='**/{name}_CRACK.png'"),
        ("clothing-small", None),
        ("sign-digits-subset", None),
    ],
)
def test_masks_in_unknown_layouts_are_suspected(name, pattern):
    found = [str(problem) for problem in Folder().read(DATA / name).problems if "and their masks" in problem.what]
    assert [pattern in line for line in found] == ([True] if pattern else [])


@pytest.mark.data
@needs_data
def test_masks_in_a_folder_of_another_name_are_found():
    folder = DATA / "coco-mini-yolo"
    assert choose_format(folder) == "masks"
    with pytest.raises(DataError, match=r"128 different values: .*; say in data\.classes what they stand for"):
        load(folder, classes=None)


def test_masks_at_half_the_resolution_are_used_where_that_is_said(tmp_path):
    for number in range(4):
        write_image(tmp_path / f"images/{number}.png", number, (12, 10))
        write_mask(tmp_path / f"masks/{number}.png", (0, 1, 2), (6, 5))
    with pytest.raises(DataError, match=r"set data\.mask_size=resize"):
        load(tmp_path)
    dataset = load(tmp_path, mask_size="resize")
    small_HW = np.array(Image.open(tmp_path / "masks/0.png"))
    assert np.array_equal(dataset.samples[0].target.read((12, 10)).mask_HW, small_HW.repeat(2, 0).repeat(2, 1))
    assert sum(dataset.samples[0].target.class_counts.values()) == 120


def test_masks_of_another_shape_are_not_resized(tmp_path):
    make_pairs(tmp_path, SPLIT_FOLDERS)
    write_image(tmp_path / "train/other.png", 90)
    write_mask(tmp_path / "trainannot/other.png", (0, 1, 2), (9, 9))
    dataset = load(tmp_path, mask_size="resize")
    assert len(dataset.samples) == 16 - 2
    assert any("look whether the mask belongs" in line for line in told(dataset))
