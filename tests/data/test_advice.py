"""What a refusal advises is done, literally, and the data are then read rightly."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.data.zoo.files import classes, coco, mask, picture, pictures, text, yolo
from tests.data.zoo.reading import read
from visionft.errors import VisionftError

PETS = ("cat", "dog")
KNOWN: dict[str, "Advice"] = {}


@dataclass(frozen=True)
class Advice:
    """A refusal or a problem, and what it says to do.

    Attributes:
        write: makes the data below an empty folder.
        says: the words of the advice that are followed.
        follow: does it, and returns what is given then, below the folder.
        sets: overrides that it says to give; the key of each stands in the message.
        task: the task that must come out.
        classes: likewise.
        images: how many there must be.
    """

    write: Callable[[Path], None]
    says: str
    follow: Callable[[Path], str]
    sets: tuple[str, ...]
    task: str
    classes: tuple[str, ...]
    images: int


def advice(says, follow=lambda root: "", *, sets=(), task="classification", names=PETS, images=6):
    """Declare the decorated function as data of which a message says what to do."""

    def declare(write):
        KNOWN[write.__name__] = Advice(write, says, follow, sets, task, names, images)
        return write

    return declare


def move(root, starts, to):
    """Move files whose names begin so into a new folder."""
    (root / to).mkdir(parents=True, exist_ok=True)
    for file in sorted(root.rglob(f"{starts}*")):
        if file.is_file():
            shutil.move(file, root / to / file.name)


def classes_of_names(root):
    for name in PETS:
        move(root, f"{name}.", name)
    return ""


@advice("make a folder of each and put its images there", classes_of_names, images=12)
def names_that_begin_alike(root):
    for number in range(6):
        for name in PETS:
            picture(root / f"{name}.{number}.jpg")


def halves(root):
    move(root, "a", "cat")
    move(root, "b", "dog")
    (root / "c.jpg").unlink()
    return ""


@advice("make a folder per class", halves, images=12)
def images_in_one_folder(root):
    for number in range(6):
        picture(root / f"a{number}.jpg")
        picture(root / f"b{number}.jpg")
    picture(root / "c.jpg")


def folders_in_splits(root):
    for split in ("train", "test"):
        for number, file in enumerate(sorted((root / split).glob("*.jpg"))):
            target = root / split / PETS[number % 2] / file.name
            target.parent.mkdir(exist_ok=True)
            file.rename(target)
    return ""


@advice("make a folder per class in each", folders_in_splits, images=16)
def split_folders_without_classes(root):
    pictures(root / "train", 8)
    pictures(root / "test", 8)


def table_of_splits(root):
    rows = [f"{split}/{number}.jpg,{PETS[number % 2]},{split}" for split in ("train", "test") for number in range(8)]
    text(root / "labels.csv", "\n".join(("path,label,split", *rows)))
    return "labels.csv"


@advice("give a CSV with columns path,label,split", table_of_splits, images=16)
def split_folders_and_a_table(root):
    split_folders_without_classes(root)


def masks_beside(root):
    for number in range(6):
        mask(root / f"masks/{number}.png")
    return ""


@advice("put masks into masks/", masks_beside, task="segmentation", names=("background", "foreground"))
def images_alone_get_masks(root):
    pictures(root / "images", 6)


def labels_beside(root):
    for number in range(6):
        yolo(root / f"labels/{number}.txt", 0)
    return ""


@advice("YOLO's text files into labels/", labels_beside, task="detection", names=("class 0",))
def images_alone_get_labels(root):
    pictures(root / "images", 6)


def coco_beside(root):
    coco(root / "annotations/instances.json", {f"{number}.jpg": (1, 2) for number in range(6)})
    return ""


@advice("a COCO file into annotations/", coco_beside, task="detection")
def images_alone_get_coco(root):
    pictures(root / "images", 6)


@advice("give one of the folders above them", lambda root: "site1")
def two_sites(root):
    for site in ("site1", "site2"):
        classes(root / site, *PETS)


def called_splits(root):
    (root / "site1").rename(root / "train")
    (root / "site2").rename(root / "val")
    return ""


@advice("call these train, val and test", called_splits, images=12)
def two_sites_as_splits(root):
    two_sites(root)


@advice("set data.format=folder", sets=("data.format=folder",), names=("site1", "site2"), images=12)
def two_sites_as_classes(root):
    two_sites(root)


@advice(
    "set data.images='pictures/{name}.jpg'",
    sets=("data.images=pictures/{name}.jpg", "data.masks=answers/{name}.png"),
    task="segmentation",
    names=("background", "foreground"),
)
def masks_in_an_unknown_folder(root):
    for image in pictures(root / "pictures", 6):
        mask(root / f"answers/{image.stem}.png")


@advice(
    "set data.mask_size=resize",
    sets=("data.mask_size=resize",),
    task="segmentation",
    names=("background", "foreground"),
)
def masks_at_half_the_resolution(root):
    for image in pictures(root / "images", 6):
        small = np.repeat(np.uint8([0, 255, 0, 255, 0])[:, None], 6, axis=1)
        (root / "masks").mkdir(exist_ok=True)
        cv2.imwrite(str(root / f"masks/{image.stem}.png"), small)


def one_word(root):
    for file in (root / "labels").iterdir():
        file.write_text(file.read_text().rpartition(",")[0] + ",text\n")
    return ""


@advice("put one word, such as text, in their place", one_word, task="detection", names=("text",), images=12)
def transcriptions(root):
    for at, image in enumerate(pictures(root / "images", 12)):
        text(root / f"labels/{image.stem}.txt", f"2,2,8,2,8,7,2,7,Genaxis{at}\n")


def with_header(root):
    file = root / "labels.csv"
    file.write_text("path,label\n" + file.read_text())
    return "labels.csv"


@advice("write 'path,label' above it", with_header)
def a_table_without_names(root):
    rows = [f"images/{at}.jpg,{PETS[at % 2]}" for at, _ in enumerate(pictures(root / "images", 6))]
    text(root / "labels.csv", "\n".join(rows))


@advice("data.columns.val", sets=("data.columns.split=split", "data.columns.val=1"))
def a_table_of_folds(root):
    rows = [f"images/{at}.jpg,{PETS[at % 2]},{at // 2}" for at, _ in enumerate(pictures(root / "images", 6))]
    text(root / "labels.csv", "\n".join(("path,label,split", *rows)))


@advice("read no splits: --set data.columns.split=false", sets=("data.columns.split=false",))
def a_table_of_folds_that_are_not_wanted(root):
    a_table_of_folds(root)


@advice(
    "for several labels for an image: --set task.kind=multilabel", sets=("task.kind=multilabel",), task="multilabel"
)
def a_list_of_classes(root):
    rows = [f"images/{at}.jpg {PETS[at % 2]}" for at, _ in enumerate(pictures(root / "images", 6))]
    text(root / "list.txt", "\n".join(rows))


@advice("give the CSV file", lambda root: "one.csv")
def two_tables(root):
    rows = [f"images/{at}.jpg,{PETS[at % 2]}" for at, _ in enumerate(pictures(root / "images", 6))]
    for name in ("one", "two"):
        text(root / f"{name}.csv", "\n".join(("path,label", *rows)))


def arrays_as_masks(root):
    (root / "img").rename(root / "images")
    return masks_beside(root)


@advice(
    "write each as a PNG of class numbers", arrays_as_masks, task="segmentation", names=("background", "foreground")
)
def arrays_beside_images(root):
    for image in pictures(root / "img", 6):
        text(root / f"cls/{image.stem}.mat", "MATLAB 5.0")


def masks_of_numbers(root):
    shutil.move(root / "images", root / "new/images")
    masks_beside(root / "new")
    return "new"


@advice(
    "write a mask of class numbers for each picture into masks/ beside images/",
    masks_of_numbers,
    task="segmentation",
    names=("background", "foreground"),
)
def panoptic(root):
    images = [
        {"id": at, "file_name": one.name, "width": 12, "height": 10}
        for at, one in enumerate(pictures(root / "images", 6))
    ]
    segment = {"id": 3, "category_id": 1, "area": 3, "bbox": [1, 1, 2, 2], "iscrowd": 0}
    annotations = [{"image_id": at, "file_name": f"{at}.png", "segments_info": [segment]} for at in range(6)]
    categories = [{"id": 1, "name": "cat", "isthing": 1}]
    data = {"images": images, "annotations": annotations, "categories": categories}
    text(root / "annotations/panoptic_train.json", json.dumps(data))


@advice(
    "with --set task.kind=multilabel",
    lambda root: "labels.csv",
    sets=("task.kind=multilabel",),
    task="multilabel",
    names=("MEL", "NV"),
)
def marks_beside_numbers(root):
    pictures(root / "images", 6)
    rows = [f"images/{number}.jpg,{20 + number},{number % 2}.0,{1 - number % 2}.0" for number in range(6)]
    text(root / "labels.csv", "\n".join(("image,age,MEL,NV", *rows)))


@advice("set data.path=", lambda root: "splits", images=6, names=("0", "1"))
def lists_in_a_folder_of_their_own(root):
    pictures(root / "images", 6)
    for split, numbers in (("train", range(4)), ("val", range(4, 6))):
        text(root / f"splits/{split}.txt", "".join(f"images/{number}.jpg {number % 2}\n" for number in numbers))


@advice(
    "data.images=../../images/100k",
    lambda root: "labels/det_20",
    sets=("data.images=../../images/100k",),
    task="detection",
    names=("car",),
    images=12,
)
def bdd100k(root):
    box = {"category": "car", "box2d": {"x1": 1, "y1": 1, "x2": 6, "y2": 6}}
    for split in ("train", "val"):
        names = [image.name for image in pictures(root / "images/100k" / split, 6, f"{split}{{}}.jpg")]
        frames = [{"name": name, "labels": [box]} for name in names]
        text(root / f"labels/det_20/det_{split}.json", json.dumps(frames))


@advice(
    "data.images=..",
    lambda root: "wider_face_split",
    sets=("data.images=..",),
    task="detection",
    names=("object",),
    images=12,
)
def wider_face(root):
    for split in ("train", "val"):
        images = pictures(root / f"WIDER_{split}/images/0--Parade", 6, f"{split}{{}}.jpg")
        lines = [f"0--Parade/{image.name}\n1\n1 1 6 6 0 0 0 0 0 0\n" for image in images]
        text(root / f"wider_face_split/wider_face_{split}_bbx_gt.txt", "".join(lines))


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_what_is_advised_works(name, tmp_path):
    one = KNOWN[name]
    one.write(tmp_path)
    try:
        message = "\n".join(read(tmp_path).problems)
    except VisionftError as error:
        message = str(error)
    assert one.says in message
    for setting in one.sets:
        key = setting.partition("=")[0]
        assert key in message
    found = read(tmp_path / one.follow(tmp_path), one.sets)
    assert (found.task, found.classes, sum(found.images.values())) == (one.task, one.classes, one.images)
