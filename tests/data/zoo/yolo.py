"""Label files of YOLO, and the trees that tools put them into."""

from tests.data.zoo import files
from tests.data.zoo.files import pictures, text
from tests.data.zoo.layout import layout

PETS = ("cat", "dog")
SPLITS = {"train": 3, "val": 2}


@layout("ultralytics", format="yolo", task="detection", classes=PETS, images=SPLITS, labels=5)
def ultralytics(root):
    for split, counts in (("train", [(0,), (1, 0), ()]), ("val", [(1,), (0,)])):
        for image, objects in zip(pictures(root / "images" / split, len(counts)), counts, strict=True):
            files.yolo(root / "labels" / split / f"{image.stem}.txt", *objects)
    text(root / "data.yaml", "path: .\ntrain: images/train\nval: images/val\nnames:\n  0: cat\n  1: dog\n")


@layout("Roboflow, YOLOv8", format="yolo", task="detection", classes=PETS, images=SPLITS, labels=5)
def roboflow(root):
    for split, counts in (("train", [(0,), (1, 0), ()]), ("valid", [(1,), (0,)])):
        for image, objects in zip(pictures(root / split / "images", len(counts)), counts, strict=True):
            files.yolo(root / split / "labels" / f"{image.stem}.txt", *objects)
    text(root / "data.yaml", "train: ../train/images\nval: ../valid/images\n\nnc: 2\nnames: ['cat', 'dog']\n")
