"""Trees in which a guess would be wrong as often as right, and what the message must advise."""

import json

from tests.data.zoo.classes import CLASSES, PETS
from tests.data.zoo.files import classes, mask, picture, pictures, text
from tests.data.zoo.layout import layout

UPPER = {"format": "folder", "task": "classification"}
MASKS = {"format": "masks", "task": "segmentation", "classes": ("background", "foreground")}


@layout("Kaggle, classes in file names", asks=(), says=("cat (4), dog (4)", "make a folder of each"))
def classes_in_names(root):
    for number in range(4):
        picture(root / f"train/cat.{number}.jpg")
        picture(root / f"train/dog.{number}.jpg")


@layout("images alone", asks=(), says=("make a folder per class",))
def images_alone(root):
    pictures(root, 6)


@layout("images/ alone", asks=(), says=("no labels were found",))
def images_folder_alone(root):
    pictures(root / "JPEGImages", 6)


@layout("splits without classes", asks=(), says=("no class folders",))
def splits_alone(root):
    pictures(root / "train", 4)
    pictures(root / "test", 4)


@layout(
    "recordings of two sites",
    **UPPER,
    asks=("data.format=folder",),
    says=("cat, dog",),
    classes=("site1", "site2"),
    images={"none": 12},
    labels=12,
)
def sites(root):
    for site in ("site1", "site2"):
        classes(root / site, *PETS)


@layout(
    "masks in an unknown folder",
    **MASKS,
    asks=("data.images='pictures/{name}.jpg'", "data.masks='answers/{name}.png'"),
    images={"none": 4},
)
def unknown_mask_folder(root):
    for image in pictures(root / "pictures", 4):
        mask(root / f"answers/{image.stem}.png")


@layout(
    "pictures beside maps, both thought to be classes",
    **UPPER,
    asks=("data.format=folder",),
    says=("images and their masks",),
    classes=("maps", "shots"),
    images={"none": 8},
    labels=8,
)
def maps_as_classes(root):
    for image in pictures(root / "shots", 4):
        mask(root / f"maps/{image.stem}.png", (0, int(image.stem) + 1))


@layout("XML files of an unknown kind", **CLASSES, asks=("data.format=folder",), images={"none": 6}, labels=6)
def unknown_xml(root):
    classes(root, *PETS, name="{}.png")
    for image in sorted(root.rglob("*.png")):
        text(image.parent / "notes" / f"{image.stem}.xml", "<doc><polygon>1 2 3 4</polygon></doc>")


@layout("JSON files of a labelling tool", **CLASSES, asks=("data.format=folder",), images={"none": 6}, labels=6)
def unknown_json(root):
    classes(root, *PETS, name="{}.png")
    for image in sorted(root.rglob("*.png")):
        text(image.with_suffix(".json"), json.dumps({"regions": [], "result": []}))
