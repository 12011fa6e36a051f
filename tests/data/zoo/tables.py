"""CSV, JSON, XML and text files that list images with their labels, or with what is drawn on them."""

import json

from tests.data.drawing_sets import cvat_image, shape, write_cvat, write_labelme
from tests.data.zoo.files import pictures, text
from tests.data.zoo.layout import layout

PETS = ("cat", "dog")
HALVES = {"train": 2, "val": 2}
TABLE = {"format": "manifest", "task": "classification", "classes": PETS, "labels": 4}
SPLITS = ("train", "train", "val", "val")
BOX = shape("cat", [[2, 2], [8, 7]], "rectangle")
OUTLINE = shape("dog", [[2, 2], [8, 2], [8, 7]])
CVAT_BOX = ("box", {"label": "cat", "xtl": 2, "ytl": 2, "xbr": 8, "ybr": 7})


def rows(root, form, header, file="labels.csv", folder="images", ending="\n"):
    """Write four pictures and a table with a row for each."""
    lines = [header] if header else []
    for at, image in enumerate(pictures(root / folder, 4)):
        values = {"name": image.name, "stem": image.stem, "path": f"{folder}/{image.name}", "label": PETS[at % 2]}
        lines.append(form.format(**values, split=SPLITS[at], cat=1 - at % 2, dog=at % 2, at=at))
    text(root / file, ending.join(lines))


@layout("pandas, to_csv", given="labels.csv", images=HALVES, **TABLE)
def csv_with_splits(root):
    rows(root, "{path},{label},{split}", "path,label,split")


@layout("Kaggle, train.csv and ids", images={"none": 4}, **TABLE)
def kaggle_ids(root):
    rows(root, "{stem},{label}", "image_id,label", "train.csv", "train_images")
    text(root / "sample_submission.csv", "image_id,label\n9,cat")


@layout("Kaggle, dog breeds", images={"none": 4}, given="labels.csv", **TABLE)
def kaggle_breeds(root):
    rows(root, "{stem},{label}", "id,breed", folder="train")


@layout("fastai, is_valid", images=HALVES, given="labels.csv", **TABLE)
def fastai(root):
    text(root / "models/note.md")
    pictures(root / "images", 4)
    lines = (f"images/{at}.jpg,{PETS[at % 2]},{at > 1}" for at in range(4))
    text(root / "labels.csv", "\n".join(("fname,label,is_valid", *lines)))


@layout("Excel in Germany", images=HALVES, given="labels.csv", **TABLE)
def excel(root):
    rows(root, "{path};{label};{split}", "sep=;\nFile Name;Class;Subset")


@layout("Hugging Face, metadata.csv", images={"none": 4}, given="metadata.csv", **TABLE)
def metadata(root):
    rows(root, "{name},{label}", "file_name,label", "metadata.csv", ".")


@layout("ISIC 2018, GroundTruth.csv", images={"none": 4}, given="GroundTruth.csv", **TABLE)
def isic(root):
    rows(root, "{stem},{cat}.0,{dog}.0", "image,cat,dog", "GroundTruth.csv")


@layout("a table of Colab", images={"none": 4}, given="labels.csv", **TABLE)
def colab(root):
    rows(root, "/content/drive/MyDrive/set/{path},{label}", "filepath,target")


@layout(
    "a table of folds",
    given="labels.csv",
    images={"train": 3, "val": 1},
    asks=("data.columns.split=split", "data.columns.val=0"),
    **TABLE,
)
def folds(root):
    rows(root, "{path},{label},{at}", "path,label,split")


@layout(
    "NIH, Data_Entry.csv",
    given="Data_Entry.csv",
    format="label_table",
    task="multilabel",
    classes=("Edema", "Mass", "Nodule"),
    images={"none": 4},
    labels=6,
)
def nih(root):
    pictures(root / "images", 4)
    found = ("Mass", "Mass|Nodule", "Edema", "Edema|Nodule")
    lines = (f"{at}.jpg,{labels},5{at}" for at, labels in enumerate(found))
    text(root / "Data_Entry.csv", "\n".join(("Image Index,Finding Labels,Patient Age", *lines)))


@layout(
    "Roboflow, multi-label",
    format="label_table",
    task="multilabel",
    classes=PETS,
    images={"train": 4, "val": 4},
    labels=8,
)
def roboflow_classes(root):
    for folder in ("train", "valid"):
        rows(root, "{name}, {cat}, {dog}", "filename, cat, dog", f"{folder}/_classes.csv", folder)


BOXES = {"format": "box_table", "task": "detection", "classes": PETS, "labels": 4, "given": "boxes.csv"}


@layout("TensorFlow object detection", images={"none": 4}, **BOXES)
def tensorflow(root):
    rows(root, "{name},12,10,{label},2,2,8,7", "filename,width,height,class,xmin,ymin,xmax,ymax", "boxes.csv")


@layout("Keras RetinaNet", images={"none": 4}, **BOXES)
def retinanet(root):
    rows(root, "{path},2,2,8,7,{label}", "", "boxes.csv")


@layout("Open Images", images={"none": 4}, **BOXES)
def open_images(root):
    rows(root, "{stem},{label},0.2,0.8,0.2,0.7", "ImageID,LabelName,XMin,XMax,YMin,YMax", "boxes.csv")


@layout("labelme", format="labelme", task="detection", classes=("cat",), images={"none": 3}, labels=3)
def labelme(root):
    for image in pictures(root, 3):
        write_labelme(image.with_suffix(".json"), BOX, image=image.name)


@layout("labelme, polygons", format="labelme_masks", task="segmentation", classes=("background", "dog"), images=HALVES)
def labelme_polygons(root):
    for split in ("train", "val"):
        for image in pictures(root / split, 2):
            write_labelme(image.with_suffix(".json"), OUTLINE, image=image.name)


@layout(
    "labelme, images and annotations",
    format="labelme",
    task="detection",
    classes=("cat",),
    images={"none": 3},
    labels=3,
)
def labelme_two_folders(root):
    for image in pictures(root / "images", 3):
        write_labelme(root / f"annotations/{image.stem}.json", BOX, image=f"../images/{image.name}")


@layout("CVAT for images 1.1", format="cvat", task="detection", classes=("cat",), images={"none": 3}, labels=3)
def cvat(root):
    images = (cvat_image(image.name, CVAT_BOX) for image in pictures(root / "images", 3))
    write_cvat(root / "annotations.xml", *images)


@layout("CVAT, project", format="cvat", task="detection", classes=("cat",), images={"train": 3, "val": 2}, labels=5)
def cvat_project(root):
    images = []
    for subset, count in (("Train", 3), ("Validation", 2)):
        in_subset = pictures(root / "images" / subset, count)
        images += [cvat_image(image.name, CVAT_BOX, subset=subset) for image in in_subset]
    write_cvat(root / "annotations.xml", *images)


@layout("CreateML", asks=(), says=("CreateML", "COCO JSON"))
def createml(root):
    box = {"label": "cat", "coordinates": {"x": 5, "y": 5, "width": 4, "height": 4}}
    items = [{"image": image.name, "annotations": [box]} for image in pictures(root / "train", 3)]
    text(root / "train/_annotations.createml.json", json.dumps(items))


@layout("VIA", asks=(), says=("VIA", "COCO format"))
def via(root):
    region = {"shape_attributes": {"name": "rect", "x": 1, "y": 1}, "region_attributes": {}}
    items = {image.name: {"filename": image.name, "regions": [region]} for image in pictures(root / "images", 3)}
    text(root / "via_region_data.json", json.dumps(items))


@layout("Label Studio, JSON", asks=(), says=("Label Studio", "COCO with Images"))
def label_studio(root):
    result = {"from_name": "label", "type": "rectanglelabels", "value": {"x": 1, "rectanglelabels": ["cat"]}}
    items = [
        {"data": {"image": image.name}, "annotations": [{"result": [result]}]} for image in pictures(root / "a", 3)
    ]
    text(root / "project-1.json", json.dumps(items))


@layout("Supervisely", asks=(), says=("Supervisely", "Export to COCO"))
def supervisely(root):
    for image in pictures(root / "ds0/img", 3):
        data = {"size": {"height": 10, "width": 12}, "objects": [{"classTitle": "cat", "geometryType": "rectangle"}]}
        text(root / f"ds0/ann/{image.name}.json", json.dumps(data))
    text(root / "meta.json", json.dumps({"classes": [{"title": "cat"}], "tags": []}))


@layout("an archive", asks=(), says=("archive", "unpack it"))
def archive(root):
    text(root / "dataset.zip", "PK")
