"""Folders of classes as people keep them: split folders in all habits, and what lies beside them."""

import os

from tests.data.zoo.files import classes, picture, pictures, text
from tests.data.zoo.layout import layout

PETS = ("cat", "dog")
CLASSES = {"format": "folder", "task": "classification", "classes": PETS}
TWO_SPLITS = {**CLASSES, "images": {"train": 6, "val": 4}, "labels": 10}
TRAIN_TEST = {**CLASSES, "images": {"train": 6, "test": 4}, "labels": 10}
THREE_SPLITS = {**CLASSES, "images": {"train": 6, "val": 2, "test": 4}, "labels": 12}
NO_SPLITS = {**CLASSES, "images": {"none": 6}, "labels": 6}
_COUNTS = {"train": 3, "val": 1, "test": 2}


def splits(root, **folders):
    """Write class folders into a folder for each split given."""
    for split, name in folders.items():
        classes(root / name, *PETS, count=2 if len(folders) == 2 and split != "train" else _COUNTS[split])


@layout("torchvision ImageFolder", **NO_SPLITS)
def image_folder(root):
    classes(root, *PETS)


@layout("imagenette", **TWO_SPLITS)
def imagenette(root):
    splits(root, train="train", val="val")
    text(root / "noisy_imagenette.csv", "path,noisy_labels_0\n")


@layout("Keras, train_test_split", **THREE_SPLITS)
def three_splits(root):
    splits(root, train="training", val="validation", test="testing")


@layout("Kaggle, cats and dogs for Udemy", **TRAIN_TEST)
def nested_twins(root):
    splits(root, train="training_set/training_set", test="test_set/test_set")


@layout("Kaggle, Intel image classification", **TRAIN_TEST)
def intel(root):
    splits(root, train="seg_train/seg_train", test="seg_test/seg_test")
    pictures(root / "seg_pred/seg_pred", 2)


@layout("Kaggle, Food-11", **THREE_SPLITS)
def food_11(root):
    splits(root, train="training", val="validation", test="evaluation")


@layout("Hugging Face, train and eval", **TWO_SPLITS)
def train_eval(root):
    splits(root, train="train", val="eval")


@layout("speech habits, dev", **THREE_SPLITS)
def train_dev_test(root):
    splits(root, train="train", val="dev", test="test")


@layout("fast.ai, underscores", **TWO_SPLITS)
def underscores(root):
    splits(root, train="_train", val="_valid")


@layout("Windows Explorer, capitals and words", **TRAIN_TEST)
def words(root):
    splits(root, train="Train Data", test="Test Data")


@layout("split-folders", **THREE_SPLITS)
def split_folders(root):
    splits(root / "output", train="train", val="val", test="test")


@layout("abbreviations", **TRAIN_TEST)
def abbreviations(root):
    splits(root, train="tr", test="te")


@layout("trainset and holdout", **TRAIN_TEST)
def holdout(root):
    splits(root, train="trainset", test="holdout")


@layout("MVTec habits, splits in each class", **TRAIN_TEST)
def splits_in_classes(root):
    for pet in PETS:
        pictures(root / pet / "train", 3)
        pictures(root / pet / "test", 2)


@layout("deep sub-folders", **NO_SPLITS)
def sub_folders(root):
    pictures(root / "cat/indoor/day", 2)
    pictures(root / "cat", 1)
    pictures(root / "dog/garden", 3)


@layout("Kaggle, unlabelled test", **CLASSES, images={"train": 6}, labels=6, says=("4 images lie in no class folders",))
def unlabelled_test(root):
    splits(root, train="train")
    pictures(root / "test", 4)


@layout("STL-10 habits", **TWO_SPLITS, says=("with its 5 images",))
def unlabelled(root):
    splits(root, train="train", val="val")
    pictures(root / "unlabeled", 5)


@layout("Synology DSM", **NO_SPLITS, says=("2 are hidden, or left by a system or tool",))
def synology(root):
    classes(root, *PETS)
    for image in sorted(root.rglob("*.jpg")):
        picture(image.parent / "@eaDir" / image.name / "SYNOPHOTO_THUMB_M.jpg")


@layout("macOS Finder on a stick, Jupyter", **NO_SPLITS, says=("3 are hidden, or left by a system or tool",))
def finder(root):
    classes(root, *PETS)
    for name in ("cat/._0.jpg", "__MACOSX/cat/._0.jpg", ".DS_Store", "cat/Thumbs.db", "cat/desktop.ini"):
        text(root / name)
    for name in ("cat/.ipynb_checkpoints/0-checkpoint.jpg", ".thumbnails/1.jpg"):
        picture(root / name)


@layout("a pipe among images", **NO_SPLITS, says=("1 pipes, sockets or devices",))
def pipe(root):
    classes(root, *PETS)
    os.mkfifo(root / "cat/pipe.jpg")
    os.mkfifo(root / "control")


@layout(
    "vehicles",
    format="folder",
    task="classification",
    classes=("bus", "car", "train"),
    images={"none": 9},
    labels=9,
)
def vehicles(root):
    classes(root, "bus", "car", "train")


@layout(
    "vehicles by day and night",
    format="folder",
    task="classification",
    classes=("bus", "car", "train"),
    images={"none": 9},
    labels=9,
)
def vehicles_deep(root):
    for name in ("bus", "car", "train"):
        pictures(root / name / "day", 2)
    pictures(root / "bus/night", 1)
    pictures(root / "train", 1)
    pictures(root / "car/dusk", 1)


@layout(
    "face masks",
    format="folder",
    task="classification",
    classes=("mask", "no mask"),
    images={"none": 6},
    labels=6,
)
def face_masks(root):
    classes(root, "mask", "no mask")


@layout(
    "parcels",
    format="folder",
    task="classification",
    classes=("boxes", "labels"),
    images={"none": 6},
    labels=6,
)
def parcels(root):
    classes(root, "boxes", "labels", name="{}.png")


@layout("gallery-dl, captions beside images", **NO_SPLITS)
def captions(root):
    classes(root, *PETS)
    for image in sorted(root.rglob("*.jpg")):
        text(image.with_suffix(".txt"), "a photo of a pet, best quality")
        text(image.with_suffix(".json"), '{"author": "somebody", "width": 12}')


@layout("class folders, Roboflow's README", **TWO_SPLITS)
def readmes(root):
    splits(root, train="train", val="valid")
    text(root / "README.roboflow.txt", "Exported via roboflow")
    text(root / "train/cat/notes.txt", "1 2 3")


@layout("Animals with Attributes 2", **NO_SPLITS)
def awa2(root):
    classes(root / "JPEGImages", *PETS)
    text(root / "classes.txt", "1 cat\n2 dog\n")
