"""Images and masks, and the trees that people keep them in."""

import cv2
import numpy as np

from tests.data.zoo.files import SIZE, mask, picture, pictures, text
from tests.data.zoo.layout import layout

TWO = ("background", "foreground")


@layout("images/ and masks/", format="masks", task="segmentation", classes=TWO, images={"none": 4})
def images_and_masks(root):
    for image in pictures(root / "images", 4):
        mask(root / f"masks/{image.stem}.png")


@layout("supervisely to folders", format="masks", task="segmentation", classes=TWO, images={"train": 3, "val": 2})
def split_folders(root):
    for split, count in (("train", 3), ("valid", 2)):
        for image in pictures(root / split / "images", count):
            mask(root / split / f"masks/{image.stem}.png")


@layout("Carvana", format="masks", task="segmentation", classes=TWO, images={"none": 4})
def carvana(root):
    for image in pictures(root, 4, "{:04x}_01.jpg"):
        mask(root / f"{image.stem}_mask.png")


def pairs(root, image, of_image, count=4, first=0, values=(0, 255)):
    """Write pictures and their masks, named by two patterns of a number."""
    for number in range(first, first + count):
        picture(root / image.format(number))
        mask(root / of_image.format(number), values)


@layout("ISIC 2018", format="masks", task="segmentation", classes=TWO, images={"train": 4, "val": 2})
def isic(root):
    for part, count, first in (("Training", 4, 0), ("Validation", 2, 50)):
        truth = f"ISIC2018_Task1_{part}_GroundTruth/ISIC_{{:07d}}_segmentation.png"
        pairs(root, f"ISIC2018_Task1-2_{part}_Input/ISIC_{{:07d}}.jpg", truth, count, first)
        text(root / f"ISIC2018_Task1_{part}_GroundTruth/LICENSE.txt")


@layout(
    "Cityscapes",
    format="masks",
    task="segmentation",
    classes=("class 7", "class 11"),
    images={"train": 4, "val": 2},
    says=("_gtfine_color are not read",),
)
def cityscapes(root):
    for split, count in (("train", 4), ("val", 2)):
        stem = f"{split}/city/city_{{:06d}}"
        labels = f"gtFine/{stem}_gtFine_labelIds.png"
        pairs(root, f"leftImg8bit/{stem}_leftImg8bit.png", labels, count, values=(7, 11))
        for number in range(count):
            mask(root / f"gtFine/{stem}_gtFine_color.png".format(number), (9, 200))
            text(root / f"gtFine/{stem}_gtFine_polygons.json".format(number), '{"objects": []}')


@layout(
    "BUSI",
    format="masks",
    task="segmentation",
    classes=TWO,
    images={"none": 6},
    says=("masks, which are put together",),
    losses={"drop benign": "pictures go with their masks", "drop malignant": "likewise"},
)
def busi(root):
    for kind in ("benign", "malignant"):
        pairs(root, f"{kind}/{kind} ({{}}).png", f"{kind}/{kind} ({{}})_mask.png", 3)
    mask(root / "benign/benign (1)_mask_1.png", (255, 0, 0))


@layout("Crack500", format="masks", task="segmentation", classes=TWO, images={"train": 4, "val": 2})
def crack500(root):
    pairs(root, "train/img/{}.jpg", "train/lab/{}.png")
    pairs(root, "val/img/{}.jpg", "val/lab/{}.png", 2, 50)


@layout("CamVid", format="masks", task="segmentation", classes=("Sky", "Car"), images={"train": 4, "val": 2})
def camvid(root):
    pairs(root, "train/a_{}.png", "train_labels/a_{}_L.png", values=(0, 1))
    pairs(root, "val/a_{}.png", "val_labels/a_{}_L.png", 2, 50, values=(0, 1))
    text(root / "class_dict.csv", "name,r,g,b\nSky,128,128,128\nCar,64,0,128\n")


@layout(
    "DRIVE",
    format="masks",
    task="segmentation",
    classes=TWO,
    images={"train": 4, "test": 2},
    says=("mask: is not read, since there is 1st_manual",),
)
def drive(root):
    for split, count, first in (("training", 4, 21), ("test", 2, 1)):
        pairs(root, f"{split}/images/{{}}_{split}.tif", f"{split}/1st_manual/{{}}_manual1.gif", count, first)
        for number in range(first, first + count):
            mask(root / f"{split}/mask/{number}_{split}_mask.gif", (255,))


@layout(
    "Oxford-IIIT Pets",
    format="masks",
    task="segmentation",
    classes=("class 1", "class 2", "class 3"),
    images={"none": 4},
)
def pets(root):
    pairs(root, "images/Bengal_{}.jpg", "annotations/trimaps/Bengal_{}.png", values=(1, 2, 3))
    text(root / "annotations/list.txt", "".join(f"Bengal_{number} 1 1 1\n" for number in range(4)))


@layout("Carvana, folders", format="masks", task="segmentation", classes=TWO, images={"train": 4})
def carvana_folders(root):
    pairs(root, "train/{:04x}_01.jpg", "train_masks/{:04x}_01_mask.gif")


@layout("Massachusetts buildings", format="masks", task="segmentation", classes=TWO, images={"none": 4})
def buildings(root):
    pairs(root, "png/a_{}.png", "mask/a_{}.png")


@layout("ADE20K", format="masks", task="segmentation", classes=("class 0", "class 3"), images={"train": 4, "val": 2})
def ade(root):
    for split, count in (("training", 4), ("validation", 2)):
        pairs(root, f"images/{split}/{split}_{{}}.jpg", f"annotations/{split}/{split}_{{}}.png", count, values=(0, 3))


@layout("Labelbox", format="masks", task="segmentation", classes=TWO, images={"none": 4})
def names_of_files(root):
    pairs(root, "images/{}.jpg", "masks/{}.jpg.png")


@layout("Supervisely", format="masks", task="segmentation", classes=("background", "cat"), images={"none": 6})
def supervisely(root):
    for folder in ("ds0", "ds1"):
        pairs(root, f"{folder}/img/{folder}{{}}.jpg", f"{folder}/masks_machine/{folder}{{}}.png", 3, values=(0, 1))
    text(root / "obj_class_to_machine_color.json", '{"cat": [1, 1, 1]}')


@layout("prefixes", format="masks", task="segmentation", classes=TWO, images={"none": 4})
def prefixes(root):
    pairs(root, "images/image_{:04d}.png", "masks/gt_{:04d}.png")


@layout("a dash", format="masks", task="segmentation", classes=TWO, images={"none": 4})
def dash(root):
    pairs(root, "x{}.jpg", "x{}-mask.png")


@layout("DeepGlobe", format="masks", task="segmentation", classes=TWO, images={"train": 4, "val": 2})
def deepglobe(root):
    pairs(root, "train/{}_sat.jpg", "train/{}_mask.png")
    pairs(root, "valid/{}_sat.jpg", "valid/{}_mask.png", 2, 50)


@layout(
    "Roboflow, PNG masks",
    format="masks",
    task="segmentation",
    classes=("background", "crack"),
    images={"train": 4, "val": 2},
)
def roboflow(root):
    for split, count in (("train", 4), ("valid", 2)):
        pairs(
            root, f"{split}/{split}{{}}_jpg.rf.1a.jpg", f"{split}/{split}{{}}_jpg.rf.1a_mask.png", count, values=(0, 1)
        )
        text(root / split / "_classes.csv", "Pixel Value, Class\n0, background\n1, crack\n")


@layout("Data Science Bowl 2018", format="masks", task="segmentation", classes=TWO, images={"none": 3})
def data_science_bowl(root):
    for number in range(3):
        pairs(root, f"a{number}/images/a{number}{{}}.png", f"a{number}/masks/1f{{}}.png", 1)
        mask(root / f"a{number}/masks/2e.png", (255, 0, 0))


@layout(
    "CVAT, Segmentation mask 1.1",
    format="masks",
    task="segmentation",
    classes=("background", "Cat"),
    images={"train": 3, "val": 2},
)
def cvat(root):
    colours = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    colours[2:7] = (32, 112, 48)
    for number in range(5):
        picture(root / f"JPEGImages/{number:03d}.jpg")
        for folder in ("SegmentationClass", "SegmentationObject"):
            file = root / f"{folder}/{number:03d}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(cv2.imencode(".png", colours)[1].tobytes())
    text(root / "ImageSets/Segmentation/train.txt", "000\n001\n002\n")
    text(root / "ImageSets/Segmentation/val.txt", "003\n004\n")
    text(root / "labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\nCat:48,112,32::\n")


@layout("Kvasir-SEG", format="masks", task="segmentation", classes=TWO, images={"none": 4}, says=("from 126 on",))
def kvasir(root):
    rows = (np.arange(SIZE[1])[:, None].repeat(SIZE[0], 1) > 4) * 252
    for image in pictures(root / "images", 4):
        file = root / f"masks/{image.stem}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(cv2.imencode(".jpg", rows.astype(np.uint8))[1].tobytes())


@layout("colours without names", asks=(), says=("hold 3 different colours", "data.classes: {class 0: [0, 0, 0], "))
def colours(root):
    values = np.uint8([(0, 0, 0), (0, 0, 200), (0, 200, 0)])[np.arange(SIZE[1])[:, None].repeat(SIZE[0], 1) % 3]
    for image in pictures(root / "images", 4):
        file = root / f"masks/{image.stem}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(cv2.imencode(".png", values)[1].tobytes())
