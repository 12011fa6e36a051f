"""Folders of classes, and trees that look like some."""

from tests.data.zoo.files import classes
from tests.data.zoo.layout import layout

PETS = ("cat", "dog")


@layout("torchvision ImageFolder", format="folder", task="classification", classes=PETS, images={"none": 6}, labels=6)
def image_folder(root):
    classes(root, *PETS)


@layout("imagenette", format="folder", task="classification", classes=PETS, images={"train": 6, "val": 4}, labels=10)
def imagenette(root):
    classes(root / "train", *PETS)
    classes(root / "val", *PETS, count=2)
