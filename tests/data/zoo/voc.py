"""XML files of Pascal VOC, and the trees that tools put them into."""

from tests.data.zoo import files
from tests.data.zoo.files import pictures, text
from tests.data.zoo.layout import layout

PETS = ("cat", "dog")


@layout("Pascal VOC 2012", format="voc", task="detection", classes=PETS, images={"train": 3, "val": 2}, labels=6)
def voc_2012(root):
    devkit = root / "VOCdevkit/VOC2012"
    objects = [("cat",), ("dog", "cat"), ("dog",), ("cat",), ("dog",)]
    for image, of_image in zip(pictures(devkit / "JPEGImages", 5, "2008_{:06}.jpg"), objects, strict=True):
        files.voc(devkit / f"Annotations/{image.stem}.xml", image.name, *of_image)
    text(devkit / "ImageSets/Main/train.txt", "2008_000000\n2008_000001\n2008_000002\n")
    text(devkit / "ImageSets/Main/val.txt", "2008_000003\n2008_000004\n")


@layout("LabelImg, XML beside images", format="voc", task="detection", classes=PETS, images={"none": 4}, labels=5)
def labelimg(root):
    objects = [("cat",), ("dog", "cat"), ("dog",), ("cat",)]
    for image, of_image in zip(pictures(root, 4), objects, strict=True):
        files.voc(root / f"{image.stem}.xml", image.name, *of_image)
