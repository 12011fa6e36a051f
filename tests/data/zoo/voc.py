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


@layout("Roboflow, Pascal VOC", format="voc", task="detection", classes=PETS,
        images={"train": 3, "val": 1, "test": 1}, labels=6)  # fmt: skip
def roboflow(root):
    objects = {"train": [("cat",), ("dog", "cat"), ("dog",)], "valid": [("cat",)], "test": [("dog",)]}
    for split, several in objects.items():
        images = pictures(root / split, len(several), f"{split}{{}}_jpg.rf.0a1b.jpg")
        for image, of_image in zip(images, several, strict=True):
            files.voc(root / split / f"{image.stem}.xml", image.name, *of_image)


@layout("CVAT, Pascal VOC 1.1", format="voc", task="detection", classes=PETS, images={"none": 3}, labels=4)
def cvat(root):
    for image, of_image in zip(pictures(root / "JPEGImages", 3), [("cat",), ("dog", "cat"), ("dog",)], strict=True):
        files.voc(root / f"Annotations/{image.stem}.xml", image.name, *of_image)
    text(root / "ImageSets/Main/default.txt", "0\n1\n2\n")
    text(root / "labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:255,0,0::\ndog:0,255,0::\n")


@layout("Pascal VOC, lists of single classes alone", format="voc", task="detection", classes=PETS,
        images={"train": 3, "val": 2}, labels=5)  # fmt: skip
def lists_of_classes(root):
    objects = [("cat",), ("dog",), ("dog",), ("cat",), ("dog",)]
    for image, (name,) in zip(pictures(root / "JPEGImages", 5), objects, strict=True):
        files.voc(root / f"Annotations/{image.stem}.xml", image.name, name)
    for split, numbers in (("train", (0, 1, 2)), ("val", (3, 4))):
        for name in PETS:
            rows = "".join(f"{number} {1 if objects[number] == (name,) else -1:2}\n" for number in numbers)
            text(root / f"ImageSets/Main/{name}_{split}.txt", rows)


@layout("roLabelImg, turned boxes", format="voc", task="detection", classes=PETS, images={"none": 3}, labels=3,
        says=("turned boxes",))  # fmt: skip
def rolabelimg(root):
    turned = "<robndbox><cx>6</cx><cy>5</cy><w>6</w><h>4</h><angle>0.4</angle></robndbox>"
    for image, name in zip(pictures(root, 3), ("cat", "dog", "dog"), strict=True):
        one = f"<object><type>robndbox</type><name>{name}</name>{turned}</object>"
        text(
            root / f"{image.stem}.xml", f"<annotation verified='no'><filename>{image.stem}</filename>{one}</annotation>"
        )


@layout("LabelMe of MIT, polygons in XML", format="voc", task="detection", classes=PETS, images={"none": 3}, labels=3,
        says=("polygons",), losses={"drop Annotations": "pictures alone say nothing"})  # fmt: skip
def labelme_mit(root):
    points = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in ((2, 2), (9, 3), (6, 8)))
    for image, name in zip(pictures(root / "Images", 3), ("cat", "dog", "dog"), strict=True):
        one = f"<object><name>{name}</name><polygon>{points}</polygon></object>"
        text(root / f"Annotations/{image.stem}.xml", f"<annotation><filename>{image.name}</filename>{one}</annotation>")


@layout("NEU-DET, pictures in class folders", format="voc", task="detection", classes=("划痕", "斑块"),
        images={"train": 4, "val": 2}, labels=6)  # fmt: skip
def neu_det(root):
    for split, count in (("train", 2), ("validation", 1)):
        for folder, name in (("scratches", "划痕"), ("patches", "斑块")):
            for image in pictures(root / split / "images" / folder, count, f"{folder}_{{}}.jpg"):
                files.voc(root / split / "annotations" / f"{image.stem}.xml", image.name, name)
