"""Text files, and tables whose columns have no names, that list images with their labels or boxes."""

import json

from tests.data.zoo.files import classes, pictures, text, yolo
from tests.data.zoo.layout import layout

PETS = ("cat", "dog")
CLASSES = {"format": "manifest", "task": "classification", "classes": PETS}
BOXES = {"format": "box_table", "task": "detection"}
LINES = {"format": "yolo", "task": "detection"}
KITTI = "Car 0.00 0 -1.58 2 2 8 7 1.65 1.67 3.64 -0.65 1.71 46.70 -1.59\n"


def lines(path, form, images, **more):
    """Write a line for each image, whose label is its number or name in turn."""
    rows = (form.format(name=one.name, stem=one.stem, at=at, label=PETS[at % 2], **more) for at, one in images)
    return text(path, "\n".join(rows))


def numbered(folder, count, first=0, name="{}.jpg"):
    """Write pictures, and return them with their numbers."""
    return list(enumerate(pictures(folder, count, name, first), start=first))


@layout(
    "ImageNet, train.txt and val.txt",
    format="manifest",
    task="classification",
    classes=("0", "1"),
    images={"train": 4, "val": 4},
    labels=8,
    says=("task.kind=multilabel",),
)
def imagenet(root):
    for split in ("train", "val"):
        for_split = numbered(root / split, 4)
        text(root / f"{split}.txt", "\n".join(f"{image.name} {at % 2}" for at, image in for_split))


@layout("a list and classes.txt", images={"none": 6}, labels=6, says=("named as a list",), **CLASSES)
def names_beside(root):
    images = numbered(root / "images", 6)
    text(root / "list.txt", "\n".join(f"images/{image.name} {at % 2}" for at, image in images))
    text(root / "classes.txt", "cat\ndog\n")


@layout("a list of names with tabs", images={"none": 6}, labels=6, given="list.txt", **CLASSES)
def tabs(root):
    lines(root / "list.txt", "images/{name}\t{label}", numbered(root / "images", 6))


@layout(
    "class folders and lists of their images",
    format="folder",
    task="classification",
    classes=PETS,
    images={"train": 6, "val": 2},
    labels=8,
    says=("6 train, 2 val",),
)
def class_folders(root):
    classes(root, *PETS, count=4)
    for split, numbers in (("train", (0, 1, 2)), ("val", (3,))):
        text(root / f"{split}.txt", "\n".join(f"{name}/{number}.jpg" for name in PETS for number in numbers))


@layout(
    "class folders and lists of numbers",
    images={"train": 6, "val": 2},
    labels=8,
    says=("folders",),
    losses={"drop train.txt": "the class folders say the same"},
    **CLASSES,
)
def class_numbers(root):
    classes(root, *PETS, count=4)
    for split, numbers in (("train", (0, 1, 2)), ("val", (3,))):
        rows = (f"{name}/{at}.jpg {number}" for number, name in enumerate(PETS) for at in numbers)
        text(root / f"{split}.txt", "\n".join(rows))


@layout("Food-101", format="folder", task="classification", classes=PETS, images={"train": 6, "test": 2}, labels=8)
def food(root):
    classes(root / "images", *PETS, count=4)
    for split, numbers in (("train", (0, 1, 2)), ("test", (3,))):
        text(root / f"meta/{split}.txt", "\n".join(f"{name}/{number}" for name in PETS for number in numbers))
    text(root / "meta/classes.txt", "cat\ndog\n")


@layout(
    "CUB-200, NABirds", format="folder", task="classification", classes=PETS, images={"train": 4, "test": 2}, labels=6
)
def birds(root):
    classes(root / "images", *PETS)
    paths = [f"{name}/{number}.jpg" for name in PETS for number in range(3)]
    text(root / "images.txt", "\n".join(f"{at} {path}" for at, path in enumerate(paths, start=1)))
    text(root / "train_test_split.txt", "\n".join(f"{at} {int(at % 3 > 0)}" for at in range(1, 7)))
    text(root / "image_class_labels.txt", "\n".join(f"{at} {1 + at // 4}" for at in range(1, 7)))
    text(root / "classes.txt", "1 cat\n2 dog\n")


@layout(
    "a list of several labels",
    format="label_file",
    task="multilabel",
    classes=PETS,
    images={"train": 4, "val": 2},
    labels=9,
)
def several(root):
    images = numbered(root / "images", 6)
    for split, some in (("train", images[:4]), ("val", images[4:])):
        text(
            root / f"{split}.txt", "\n".join(f"images/{one.name} {'cat dog' if at % 2 else 'dog'}" for at, one in some)
        )


@layout(
    "CelebA, attributes",
    given="list_attr_celeba.txt",
    format="label_table",
    task="multilabel",
    classes=("Bald", "Smiling"),
    images={"none": 4},
    labels=4,
)
def celeba(root):
    rows = [f"{one.name}  {1 if at % 2 else -1} {1 if at > 1 else -1}" for at, one in numbered(root / "img_align", 4)]
    text(root / "list_attr_celeba.txt", "\n".join(("4", "Bald Smiling", *rows)))


@layout("JSON, a name for each image", images={"none": 6}, labels=6, given="labels.json", **CLASSES)
def json_names(root):
    text(root / "labels.json", json.dumps({one.name: PETS[at % 2] for at, one in numbered(root / "images", 6)}))


@layout("Label Studio, CSV of choices", images={"none": 4}, labels=4, given="project.csv", **CLASSES)
def label_studio_csv(root):
    rows = (f"/data/upload/1/0a1b2c3d-{one.name},{at},{PETS[at % 2]},1" for at, one in numbered(root / "images", 4))
    text(root / "project.csv", "\n".join(("image,id,choice,annotator", *rows)))


@layout("Google AutoML, boxes", given="a.csv", classes=("cat",), images={"train": 2, "val": 2}, labels=4, **BOXES)
def automl(root):
    form = "{split},gs://bucket/images/{name},cat,0.1,0.1,,,0.5,0.5,,"
    images = numbered(root / "images", 4)
    parts = [form.format(split="TRAIN" if at < 2 else "VALIDATION", name=one.name) for at, one in images]
    text(root / "a.csv", "\n".join(parts))


@layout("Google AutoML, labels", given="a.csv", images={"train": 3, "test": 1, "none": 2}, labels=6, **CLASSES)
def automl_labels(root):
    sets = ("TRAIN", "TRAIN", "TRAIN", "TEST", "UNASSIGNED", "UNASSIGNED")
    rows = (f"{sets[at]},gs://bucket/images/{one.name},{PETS[at % 2]}" for at, one in numbered(root / "images", 6))
    text(root / "a.csv", "\n".join(rows))


@layout("Udacity, space-separated CSV", classes=("car",), images={"none": 3}, labels=3, **BOXES)
def udacity(root):
    lines(root / "labels.csv", '{name} 2 2 8 7 0 "car"', numbered(root, 3))


@layout("Udacity, CrowdAI", classes=("Car",), images={"none": 3}, labels=3, **BOXES)
def crowdai(root):
    rows = (f"2,2,8,7,{one.name},Car,http://x.org/{at}" for at, one in numbered(root, 3))
    text(root / "labels.csv", "\n".join(("xmin,ymin,xmax,ymax,Frame,Label,Preview URL", *rows)))


@layout("Roboflow, self-driving", asks=(), says=("export/_annotations.csv", "set data.path="))
def self_driving(root):
    rows = (f"{one.name},12,10,car,2,2,8,7" for _, one in numbered(root / "export", 3))
    text(root / "export/_annotations.csv", "\n".join(("filename,width,height,class,xmin,ymin,xmax,ymax", *rows)))


@layout("Open Images, boxes", classes=("/m/01g317",), images={"train": 3, "val": 3}, labels=6, **BOXES)
def open_images(root):
    header = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsGroupOf"
    for split in ("train", "validation"):
        rows = (f"{one.stem},xclick,/m/01g317,1,0.1,0.9,0.1,0.9,0" for _, one in numbered(root / split, 3))
        text(root / f"{split}-annotations-bbox.csv", "\n".join((header, *rows)))
    text(root / "class-descriptions-boxable.csv", "/m/01g317,Person\n")


@layout(
    "Open Images, verified labels",
    given="train-labels.csv",
    format="label_table",
    task="multilabel",
    classes=("/m/1", "/m/2"),
    images={"none": 4},
    labels=6,
    says=("2 rows have 0",),
)
def verified(root):
    rows = []
    for at, one in numbered(root / "train", 4):
        rows += [f"{one.stem},v,/m/1,{at % 2}", f"{one.stem},v,/m/2,1"]
    text(root / "train-labels.csv", "\n".join(("ImageID,Source,LabelName,Confidence", *rows)))


@layout("raccoons, train_labels.csv", classes=("raccoon",), images={"train": 3, "test": 3}, labels=6, **BOXES)
def raccoons(root):
    for split in ("train", "test"):
        rows = (f"{one.name},12,10,raccoon,2,2,8,7" for _, one in numbered(root / "images" / split, 3))
        file = root / f"{split}_labels.csv"
        text(file, "\n".join(("filename,width,height,class,xmin,ymin,xmax,ymax", *rows)))


@layout("Keras RetinaNet with classes.csv", classes=("cat",), images={"none": 4}, labels=4, **BOXES)
def retinanet(root):
    lines(root / "annotations.csv", "images/{name},2,2,8,7,cat", numbered(root / "images", 4))
    text(root / "classes.csv", "cat,0\n")


@layout("keras-yolo3", classes=("0", "1"), images={"none": 4}, labels=8, **BOXES)
def keras_yolo(root):
    lines(root / "train.txt", "images/{name} 1,1,5,5,0 2,2,8,8,1", numbered(root / "images", 4))


def wider_list(root):
    rows = []
    for _, one in numbered(root / "WIDER_train/images/0--Parade", 3, name="0_Parade_{}.jpg"):
        rows += [f"0--Parade/{one.name}", "2", "1 1 5 5 0 0 0 0 0 0", "3 3 4 4 2 0 0 0 2 0"]
    text(root / "wider_face_split/wider_face_train_bbx_gt.txt", "\n".join((*rows, "")))


@layout("WIDER FACE", asks=(), says=("bbx_gt.txt", "set data.path=", "data.images=../WIDER_train"))
def wider(root):
    wider_list(root)


@layout("KITTI", classes=("Car",), images={"none": 4}, labels=4, says=("as KITTI has it",), **LINES)
def kitti(root):
    for _, one in numbered(root / "training/image_2", 4, name="{:06}.png"):
        text(
            root / f"training/label_2/{one.stem}.txt",
            KITTI + "DontCare -1 -1 -10 1 1 3 3 -1 -1 -1 -1000 -1000 -1000 -10\n",
        )


@layout("VisDrone", classes=("class 4",), images={"none": 3}, labels=3, says=("as VisDrone has it",), **LINES)
def visdrone(root):
    for _, one in numbered(root / "VisDrone2019-DET-train/images", 3):
        text(root / f"VisDrone2019-DET-train/annotations/{one.stem}.txt", "2,2,6,5,1,4,0,0\n1,1,3,3,0,0,0,0\n")


@layout("DOTA", classes=("plane",), images={"none": 3}, labels=3, says=("as DOTA has it",), **LINES)
def dota(root):
    for _, one in numbered(root / "images", 3, name="P{:04}.png"):
        text(root / f"labelTxt/{one.stem}.txt", "imagesource:GoogleEarth\ngsd:0.14\n2 2 8 2 8 7 2 7 plane 0\n")


@layout(
    "YOLO with a test set without labels",
    classes=("class 0",),
    images={"train": 3, "val": 3},
    labels=6,
    says=("left out: 0.jpg, 1.jpg",),
    **LINES,
)
def unlabelled_test(root):
    for split in ("train", "val", "test"):
        for _, one in numbered(root / split / "images", 3 if split != "test" else 2):
            if split != "test":
                yolo(root / split / "labels" / f"{one.stem}.txt", 0)


@layout("ICDAR, texts that were read", asks=(), says=("different texts", "put one word"))
def transcriptions(root):
    for at, one in numbered(root / "images", 12):
        text(root / f"labels/{one.stem}.txt", f"2,2,8,2,8,7,2,7,Genaxis{at}\n")


@layout("Cityscapes, polygons alone", asks=(), says=("Cityscapes", "csCreateTrainIdLabelImgs"))
def cityscapes_polygons(root):
    data = {"imgHeight": 10, "imgWidth": 12, "objects": [{"label": "road", "polygon": [[2, 2], [8, 2], [8, 7]]}]}
    for _, one in numbered(root / "leftImg8bit/train/aachen", 3, name="aachen_{:06}_leftImg8bit.png"):
        name = one.name.replace("leftImg8bit.png", "gtFine_polygons.json")
        text(root / f"gtFine/train/aachen/{name}", json.dumps(data))


@layout("SBD, masks in .mat files", asks=(), says=("files of arrays", "into masks/"))
def sbd(root):
    for _, one in numbered(root / "img", 3):
        text(root / f"cls/{one.stem}.mat", "MATLAB 5.0 MAT-file")


@layout("MOT Challenge", asks=(), says=("MOT Challenge", "mot_seq"))
def mot(root):
    numbered(root / "train/MOT17-02/img1", 3, name="{:06}.jpg")
    text(root / "train/MOT17-02/gt/gt.txt", "1,1,2,2,6,5,1,1,0.9\n2,1,2,2,6,5,1,1,0.9\n")
    text(root / "train/MOT17-02/seqinfo.ini", "[Sequence]\nname=MOT17-02\nimDir=img1\n")


def scalabel(root):
    box = {"category": "car", "box2d": {"x1": 2, "y1": 2, "x2": 8, "y2": 7}}
    lane = {"category": "lane", "poly2d": [{"vertices": [[1, 1], [2, 2]]}]}
    names = [one.name for _, one in numbered(root / "images/100k/train", 3)]
    data = [{"name": name, "labels": [box, lane] if at else []} for at, name in enumerate(names)]
    return text(root / "labels/bdd100k_labels_images_train.json", json.dumps(data))


@layout(
    "BDD100K, a file",
    given="labels/bdd100k_labels_images_train.json",
    classes=("car",),
    images={"none": 3},
    labels=2,
    says=("2 labels have none: lane",),
    **BOXES,
)
def bdd_file(root):
    scalabel(root)


@layout("BDD100K", asks=(), says=("set data.path=", "bdd100k_labels_images_train.json"))
def bdd(root):
    scalabel(root)
