"""Images and masks, and the trees that people keep them in."""

from tests.data.zoo.files import mask, pictures
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
