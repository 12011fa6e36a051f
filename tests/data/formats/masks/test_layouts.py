"""Trees of images and masks as tools and published data sets have them."""

import re

import numpy as np
import pytest

from tests.data.folders import make_folder, write_image
from tests.data.mask_sets import save, write_mask
from tests.data.zoo import files
from visionft.data.dataset import load_dataset
from visionft.data.formats.detect import detect_format
from visionft.data.formats.masks.reader import Masks
from visionft.data.listing import LabelOptions
from visionft.errors import DataError

LAYOUTS = {
    "ISIC 2018": {
        "ISIC2018_Task1-2_Training_Input/ISIC_{}.jpg": ["ISIC2018_Task1_Training_GroundTruth/ISIC_{}_segmentation.png"],
        "ISIC2018_Task1-2_Validation_Input/ISIC_9{}.jpg": [
            "ISIC2018_Task1_Validation_GroundTruth/ISIC_9{}_segmentation.png"
        ],
    },
    "Cityscapes": {
        "leftImg8bit/train/aachen/aachen_{}_leftImg8bit.png": ["gtFine/train/aachen/aachen_{}_gtFine_labelIds.png"],
        "leftImg8bit/val/bonn/bonn_{}_leftImg8bit.png": ["gtFine/val/bonn/bonn_{}_gtFine_labelIds.png"],
    },
    "Cityscapes, unpacked": {
        "leftImg8bit_trainvaltest/leftImg8bit/train/a/a_{}_leftImg8bit.png": [
            "gtFine_trainvaltest/gtFine/train/a/a_{}_gtFine_labelIds.png"
        ],
    },
    "BUSI": {
        "benign/benign ({}).png": ["benign/benign ({})_mask.png", "benign/benign ({})_mask_1.png"],
        "normal/normal ({}).png": ["normal/normal ({})_mask.png"],
    },
    "Crack500": {"train/img/{}.jpg": ["train/lab/{}.png"], "val/img/9{}.jpg": ["val/lab/9{}.png"]},
    "CamVid": {"train/{}.png": ["train_labels/{}_L.png"], "val/9{}.png": ["val_labels/9{}_L.png"]},
    "DRIVE": {"training/images/{}_training.tif": ["training/1st_manual/{}_manual1.gif"]},
    "Oxford-IIIT Pets": {"images/Abyssinian_{}.jpg": ["annotations/trimaps/Abyssinian_{}.png"]},
    "Carvana": {"train/{}_01.jpg": ["train_masks/{}_01_mask.gif"]},
    "Massachusetts buildings": {"png/a_{}.png": ["mask/a_{}.png"]},
    "mask of x.jpg called x.jpg.png": {"images/{}.jpg": ["masks/{}.jpg.png"]},
    "Supervisely": {
        "ds0/img/{}.jpg": ["ds0/masks_machine/{}.jpg.png"],
        "ds1/img/9{}.jpg": ["ds1/masks_machine/9{}.png"],
    },
    "prefix": {"images/image_000{}.png": ["masks/gt_000{}.png"]},
    "dash": {"x{}.jpg": ["x{}-mask.png"]},
    "DeepGlobe": {"train/{}_sat.jpg": ["train/{}_mask.png"]},
    "ground truth": {"{}.png": ["{}_GT.png"]},
    "words around both": {"frames/cam_a_{}_left.png": ["labels/sem_a_{}_right.png"]},
    "MMSegmentation": {
        "img_dir/train/{}.jpg": ["ann_dir/train/{}.png"],
        "img_dir/val/9{}.jpg": ["ann_dir/val/9{}.png"],
    },
    "CamVid, raw": {"701_StillsRaw/a_{}.png": ["LabeledApproved/a_{}_L.png"]},
    "GlaS": {"train_{}.bmp": ["train_{}_anno.bmp"]},
    "CVC": {"PNG/Original/{}.png": ["PNG/Ground Truth/{}.png"]},
    "KITTI": {"image_2/00{}.png": ["semantic/00{}.png"]},
    "masks below the images": {"{}.jpg": ["masks/{}.png"]},
    "Data Science Bowl 2018": {"a{}/images/a{}.png": ["a{}/masks/1f{}.png", "a{}/masks/2e{}.png"]},
}


def write(root, layout, count=4):
    """Return image -> masks, as written."""
    pairs = {}
    for content, (image, masks) in enumerate(layout.items()):
        for number in range(count):
            path = write_image(root / image.replace("{}", str(number)), 50 * content + number)
            pairs[path] = [root / mask.replace("{}", str(number)) for mask in masks]
            for at, mask in enumerate(pairs[path]):
                write_mask(mask, (0, 255) if at == 0 else (255, 255, 0))
    return pairs


def told(listing):
    return "\n".join(map(str, listing.problems))


@pytest.mark.parametrize("tool", LAYOUTS)
def test_layouts(tmp_path, tool):
    pairs = write(tmp_path, LAYOUTS[tool])
    assert detect_format(tmp_path) == "masks"
    listing = Masks().read(tmp_path)
    found = {entry.image: [entry.target.source.path, *entry.target.source.others] for entry in listing.entries}
    assert found == pairs
    for entry in listing.entries:
        parts = entry.id.casefold()
        stated = "train" if "train" in parts.replace("trainval", "") else "val" if "val" in parts else None
        stated = None if tool == "GlaS" else stated  # where train is part of a file's name
        assert entry.split == stated, entry.id
    assert "left out" not in told(listing)


@pytest.mark.parametrize("tool", ["BUSI", "Data Science Bowl 2018"])
def test_several_masks_of_an_image_are_put_together_and_told(tmp_path, tool):
    write(tmp_path, LAYOUTS[tool])
    listing = Masks().read(tmp_path)
    assert "4 images have several masks, which are put together" in told(listing) or listing.problems
    both = next(entry for entry in listing.entries if entry.target.source.others)
    rows = both.target.source.read()[:, 0]
    assert rows.tolist() == [int(row % 2 == 1 or row % 3 != 2) for row in range(10)]
    if tool == "BUSI":
        assert "4 images have several masks, which are put together: benign (0)_mask.png and" in told(listing)


def test_codes_for_training_go_first_and_the_others_are_told(tmp_path):
    write(tmp_path, LAYOUTS["Cityscapes"])
    for mask in list(tmp_path.glob("gtFine/*/*/*_labelIds.png")):
        for word in ("labelTrainIds", "instanceIds", "color"):
            write_mask(mask.with_name(mask.name.replace("labelIds", word)), (0, 1))
    listing = Masks().read(tmp_path)
    assert {entry.target.source.path.stem.rpartition("_")[2] for entry in listing.entries} == {"labelTrainIds"}
    line = next(line for line in told(listing).splitlines() if "of the kind _gtfine_labelids are not read" in line)
    images, masks = (line.split(f"data.{key}=")[1].split("'")[1] for key in ("images", "masks"))
    other = Masks(LabelOptions(images=images, masks=masks)).read(tmp_path)
    assert len(other.entries) == 8
    assert {entry.target.source.path.stem.rpartition("_")[2] for entry in other.entries} == {"labelIds"}


def test_other_masks_beside_are_told_with_the_way_to_them(tmp_path):
    write(tmp_path, LAYOUTS["DRIVE"])
    for number in range(4):
        write_mask(tmp_path / f"training/mask/{number}_training_mask.gif", (255,))
    listing = Masks().read(tmp_path)
    assert {entry.target.source.path.parent.name for entry in listing.entries} == {"1st_manual"}
    line = next(line for line in told(listing).splitlines() if "mask: is not read, since there is 1st_manual" in line)
    images, masks = (line.split(f"data.{key}=")[1].split("'")[1] for key in ("images", "masks"))
    found = Masks(LabelOptions(("a", "b"), images=images, masks=masks)).read(tmp_path)
    assert {entry.target.source.path.parent.name for entry in found.entries} == {"mask"}


def test_two_pictures_of_one_name_share_no_mask(tmp_path):
    write(tmp_path, {"images/{}.jpg": ["masks/{}.png"]})
    write_image(tmp_path / "images/3.png", 99)
    listing = Masks().read(tmp_path)
    assert [entry.id for entry in listing.entries if "3" in entry.id] == ["images/3.jpg"]
    assert "left out: 3.png" in told(listing)
    write_mask(tmp_path / "masks/3.png.png", (0, 255))
    both = Masks().read(tmp_path)
    masks = {entry.id: entry.target.source.path.name for entry in both.entries if "3" in entry.id}
    assert masks == {"images/3.jpg": "3.png", "images/3.png": "3.png.png"}


@pytest.mark.parametrize(
    "classes",
    [
        {"with_mask": 4, "without_mask": 4},
        {"mask": 4, "png": 4},
        {"train/mask": 4, "train/no mask": 4},
        {"gt": 4, "sedan": 4},
        {"manual": 4, "automatic": 4},
    ],
)
def test_photographs_are_no_masks_whatever_their_folder_is_called(tmp_path, classes):
    assert detect_format(make_folder(tmp_path, classes)) == "folder"


def cvat(root, lists):
    colours = np.uint8([(0, 0, 0), (48, 112, 32), (176, 112, 32)])
    for number in range(6):
        write_image(root / f"JPEGImages/{number}.jpg", number)
        for folder in ("SegmentationClass", "SegmentationObject"):
            save(root / f"{folder}/{number}.png", colours[np.arange(10)[:, None].repeat(12, 1) % 3])
    (root / "labelmap.txt").write_text(
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\nCat:48,112,32::\nDog:176,112,32::\n"
    )
    for name, lines in lists.items():
        file = root / f"ImageSets/Segmentation/{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines))
    return root


TRAIN, VAL = ["0", "1", "2", "3"], ["4", "5"]
HABITS = {
    "CVAT": {"train": TRAIN, "val": VAL},
    "names of files": {"train": [f"{name}.jpg" for name in TRAIN], "valid": [f"{name}.png" for name in VAL]},
    "folders and quotes": {
        "train": [f'"JPEGImages/{name}.jpg"' for name in TRAIN],
        "Validation": [f" {name} " for name in VAL],
    },
    "PaddleSeg": {"train_list": [f"JPEGImages/{n}.jpg SegmentationClass/{n}.png" for n in TRAIN], "val_list": VAL},
    "trainval beside": {"trainval": TRAIN + VAL, "val": VAL},
}


@pytest.mark.parametrize("habit", HABITS)
def test_lists_state_splits(tmp_path, habit):
    listing = Masks().read(cvat(tmp_path, HABITS[habit]))
    assert listing.class_names == ("background", "Cat", "Dog")
    assert listing.palette == ((0, 0, 0), (48, 112, 32), (176, 112, 32))
    assert {entry.image.stem: entry.split for entry in listing.entries} == dict.fromkeys(
        TRAIN, "train"
    ) | dict.fromkeys(VAL, "val")
    assert listing.problems == ()


def test_what_lists_say_that_is_not_understood_is_told(tmp_path):
    lists = {"train": [*TRAIN[:3], "gone"], "val": [*VAL, "0"], "fold1": TRAIN, "test": ["x", "y"]}
    listing = Masks().read(cvat(tmp_path, lists))
    text = told(listing)
    assert "train.txt: 1 names have no image with a mask: gone" in text
    assert "fold1.txt: is called like no split" in text
    assert "test.txt: none of its 2 lines names an image" in text
    assert "are in another list as well, which counts: 0" in text
    assert "1 image is in no stated split, as others are, and may train: JPEGImages/3.jpg" in text


CLASS_FILES = {
    "masks/_classes.csv": "Pixel Value, Class\n0, background\n1, cat\n2, dog\n",
    "class_names.txt": "background\ncat\ndog\n",
    "labels.txt": "0: background\n1: cat\n2: dog\n",
    "Classes.TXT": "background\ncat\ndog",
    "class_dict.csv": "name,id\nbackground,0\ncat,1\ndog,2\n",
    "classes.txt": "cat\ndog\n",
    "obj_class_to_machine_color.json": '{"cat": [1, 1, 1], "dog": [2, 2, 2]}',
}


@pytest.mark.parametrize("file", CLASS_FILES)
def test_files_that_name_values(tmp_path, file):
    for number in range(4):
        write_image(tmp_path / f"images/{number}.jpg", number)
        write_mask(tmp_path / f"masks/{number}.png", (0, 1, 2, 2))
    (tmp_path / file).write_text(CLASS_FILES[file])
    dataset = load_dataset(tmp_path)
    assert dataset.class_names == ("background", "cat", "dog")
    assert dataset.samples[0].target.class_counts == {0: 36, 1: 36, 2: 48}
    assert ("0 is taken for background" in told(dataset)) == (file == "classes.txt")


COLOUR_FILES = {
    "class_dict.csv": "name,r,g,b\nvoid,0,0,0\ncar,64,0,128\nroad,128,64,128\n",
    "label_class_dict.csv": "name;red;green;blue\nvoid;0;0;0\ncar;64;0;128\nroad;128;64;128\n",
    "labelmap.txt": "void:0,0,0::\ncar:64,0,128::\nroad:128,64,128::\n",
    "label_colors.txt": "0 0 0\tvoid\n64 0 128\tcar\n128 64 128\troad\n",
}


@pytest.mark.parametrize("file", COLOUR_FILES)
@pytest.mark.parametrize("palette", [False, True])
def test_files_that_name_colours(tmp_path, file, palette):
    colours = np.uint8([(128, 64, 128), (64, 0, 128), (0, 0, 0)])
    rows = (np.arange(10)[:, None].repeat(12, 1) % 3).astype(np.uint8)
    for number in range(4):
        write_image(tmp_path / f"images/{number}.jpg", number)
        save(
            tmp_path / f"masks/{number}.png",
            rows if palette else colours[rows],
            colours.ravel().tolist() if palette else None,
        )
    (tmp_path / file).write_text(COLOUR_FILES[file])
    dataset = load_dataset(tmp_path)
    assert dataset.class_names == ("void", "car", "road")
    assert np.array_equal(dataset.samples[0].target.source.read(), 2 - rows)


def test_tables_of_other_things_are_not_read_as_classes(tmp_path):
    write(tmp_path, {"images/{}.jpg": ["masks/{}.png"]})
    (tmp_path / "labels.csv").write_text("filename,label,id\n0.jpg,cat,a\n")
    (tmp_path / "train.csv").write_text("id,class\nx,1\n")
    assert Masks().read(tmp_path).class_names == ("background", "foreground")
    (tmp_path / "class_dict.csv").write_text("name,r,g,b\nvoid,0,0\n")
    with pytest.raises(DataError, match=r"class_dict.csv:2: found 'void,0,0'; expected a name"):
        Masks().read(tmp_path)


def test_folders_of_masks_for_each_class_are_asked_about(tmp_path):
    """Whichever was taken, the other classes would be background."""
    for image in files.pictures(tmp_path / "images", 4):
        for name in ("car", "road"):
            files.mask(tmp_path / "masks" / name / f"{image.stem}.png")
    (told,) = [one for one in Masks().read(tmp_path).problems if one.fatal]
    assert "car, road" in told.what
    patterns = re.search("data.images='(.*?)' and data.masks='(.*?)'", told.what)
    listing = Masks(LabelOptions(images=patterns[1], masks=patterns[2])).read(tmp_path)
    assert len(listing.entries) == 4
    assert not any(one.fatal for one in listing.problems)


def test_several_masks_of_images_in_folders_of_their_own_are_told_once(tmp_path):
    for number in range(4):
        files.picture(tmp_path / f"id{number}/images/id{number}.png")
        for part in range(2):
            files.mask(tmp_path / f"id{number}/masks/{number}{part}.png")
    told = [one.what for one in Masks().read(tmp_path).problems if "put together" in one.what]
    assert len(told) == 1
    assert told[0].startswith("4 images have")


def test_what_white_means_is_told(tmp_path):
    for image in files.pictures(tmp_path / "images", 4):
        files.mask(tmp_path / f"masks/{image.stem}.png")
    listing = Masks().read(tmp_path)
    assert listing.class_names == ("background", "foreground")
    assert any("data.ignore: [255]" in one.what for one in listing.problems)
    assert Masks(LabelOptions(ignore=(255,))).read(tmp_path).class_names == ("class 0",)
