"""COCO files, and the trees that tools put them into."""

from tests.data.zoo import files
from tests.data.zoo.files import pictures
from tests.data.zoo.layout import layout

PETS = ("cat", "dog")
SPLITS = {"train": 3, "val": 2}


@layout("COCO 2017", format="coco", task="detection", classes=PETS, images=SPLITS, labels=6)
def coco_2017(root):
    for split, counts in (("train", [(1,), (2, 1), ()]), ("val", [(2,), (1, 2)])):
        images = pictures(root / f"{split}2017", len(counts))
        listed = {image.name: categories for image, categories in zip(images, counts, strict=True)}
        files.coco(root / f"annotations/instances_{split}2017.json", listed)


@layout("Roboflow, COCO", format="coco", task="detection", classes=PETS, images=SPLITS, labels=6)
def roboflow(root):
    for split, counts in (("train", [(1,), (2, 1), ()]), ("valid", [(2,), (1, 2)])):
        images = pictures(root / split, len(counts), "{}_jpg.rf.1a2b.jpg")
        listed = {image.name: categories for image, categories in zip(images, counts, strict=True)}
        files.coco(root / split / "_annotations.coco.json", listed)


@layout("a tool of one's own", format="coco", task="detection", classes=PETS, images={"none": 4}, labels=4)
def any_name(root):
    images = pictures(root / "images", 4)
    files.coco(root / "boxes from tool.json", {image.name: (1 + int(image.stem) % 2,) for image in images})
