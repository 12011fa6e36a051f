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


def objects(labels, images, several):
    """Write label files for pictures, with a box for each class index given."""
    for image, of_image in zip(images, several, strict=True):
        files.yolo(labels / f"{image.stem}.txt", *of_image)


THREE, TWO = [(0,), (1, 0), ()], [(1,), (0,)]


@layout("CVAT and Datumaro, YOLO 1.1", format="yolo", task="detection", classes=PETS, images=SPLITS, labels=5)
def cvat_yolo_11(root):
    for split, counts in (("train", THREE), ("valid", TWO)):
        folder = root / f"obj_{split}_data"
        images = pictures(folder, len(counts), f"{split}_{{}}.jpg")
        objects(folder, images, counts)
        text(root / f"{split}.txt", "".join(f"data/{folder.name}/{image.name}\n" for image in images))
    text(root / "obj.names", "cat\ndog\n")
    lists = "train = data/train.txt\nvalid = data/valid.txt\n"
    text(root / "obj.data", f"classes = 2\n{lists}names = data/obj.names\nbackup = backup/\n")


@layout("Darknet, AlexeyAB", format="yolo", task="detection", classes=PETS, images=SPLITS, labels=5)
def darknet(root):
    for split, counts, first in (("train", THREE, 0), ("valid", TWO, 3)):
        images = pictures(root / "data/obj", len(counts), first=first)
        objects(root / "data/obj", images, counts)
        text(root / f"data/{split}.txt", "".join(f"data/obj/{image.name}\n" for image in images))
    text(root / "data/obj.names", "cat\ndog\n")
    text(
        root / "data/obj.data", "classes= 2\ntrain  = data/train.txt\nvalid  = data/valid.txt\nnames = data/obj.names\n"
    )


@layout("Label Studio, YOLO", format="yolo", task="detection", classes=PETS, images={"none": 3}, labels=3)
def label_studio(root):
    objects(root / "labels", pictures(root / "images", 3, "1f{}-cat.jpg"), THREE)
    text(root / "classes.txt", "cat\ndog\n")
    text(root / "notes.json", '{"categories": [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}], "info": {}}')


@layout("Make Sense, labels beside images", format="yolo", task="detection", classes=PETS, images={"none": 3}, labels=3)
def make_sense(root):
    objects(root, pictures(root, 3), THREE)
    text(root / "obj.names", "cat\ndog\n")


@layout("labelImg, YOLO with its list among the labels", format="yolo", task="detection", classes=PETS,
        images=SPLITS, labels=5)  # fmt: skip
def labelimg(root):
    for split, counts in (("train", THREE), ("val", TWO)):
        objects(root / split / "labels", pictures(root / split / "images", len(counts)), counts)
        text(root / split / "labels/classes.txt", "cat\ndog\n")


@layout("COCO for YOLOv5, lists of images", format="yolo", task="detection", classes=PETS, images=SPLITS, labels=5)
def lists_of_images(root):
    for split, counts in (("train2017", THREE), ("val2017", TWO)):
        images = pictures(root / "images" / split, len(counts))
        objects(root / "labels" / split, images, counts)
        text(root / f"{split}.txt", "".join(f"./images/{split}/{image.name}\n" for image in images))
    keys = "path: ../datasets/coco\ntrain: train2017.txt\nval: val2017.txt\n"
    text(root / "coco.yaml", f"{keys}test:\nnames:\n  0: cat\n  1: dog\ndownload: |\n  print('never run')\n")


@layout("by hand, lists and no data file", format="yolo", task="detection", classes=PETS, images=SPLITS, labels=5)
def lists_alone(root):
    images = pictures(root / "Images", 5)
    objects(root / "Labels", images, [*THREE, *TWO])
    text(root / "train.txt", "".join(f'"{image.stem}"\n' for image in images[:3]))
    text(root / "val.txt", "".join(f"{image.name}\n" for image in images[3:]))
    text(root / "classes.txt", "cat\ndog\n")


@layout("by hand, validation under another key", format="yolo", task="detection", classes=PETS, images=SPLITS, labels=5)
def validation(root):
    for split, counts in (("train", THREE), ("validation", TWO)):
        objects(root / split / "annotations", pictures(root / split / "images", len(counts)), counts)
    text(root / "dataset.yaml", "train: train/images/*.jpg\nvalidation: validation/images\nnc: '2'\nnames: cat, dog\n")


@layout("DOTA", format="yolo", task="detection", classes=("plane", "ship"), images=SPLITS, labels=5,
        says=("four corners before the class", "points in pixels"))  # fmt: skip
def dota(root):
    corners = "2 2 9 2 9 8 2 8"
    for split, counts in (("train", THREE), ("val", TWO)):
        for image, several in zip(pictures(root / split / "images", len(counts), "P{:04}.png"), counts, strict=True):
            rows = "".join(f"{corners} {('plane', 'ship')[one]} 0\n" for one in several)
            text(root / split / "labelTxt" / f"{image.stem}.txt", f"imagesource:GoogleEarth\ngsd:0.15\n{rows}")


@layout("ultralytics, pose", format="yolo", task="detection", classes=("person",), images=SPLITS, labels=5,
        says=("key points of 3 numbers",))  # fmt: skip
def pose(root):
    for split, count in (("train", 3), ("val", 2)):
        for image in pictures(root / "images" / split, count):
            text(root / "labels" / split / f"{image.stem}.txt", "0 0.5 0.5 0.4 0.6 0.4 0.3 2 0.6 0.7 1 0 0 0\n")
    text(root / "data.yaml", "train: images/train\nval: images/val\nnames: [person]\n")


@layout("ultralytics, predictions saved with save_conf", format="yolo", task="detection", classes=PETS,
        images={"none": 3}, labels=3, says=("how sure a network was",))  # fmt: skip
def predictions(root):
    for image, several in zip(pictures(root / "images", 3), THREE, strict=True):
        rows = "".join(f"{one} 0.5 0.5 0.5 0.5 0.9{one}1\n" for one in several)
        text(root / f"labels/{image.stem}.txt", rows)
    text(root / "classes.txt", "cat\ndog\n")
