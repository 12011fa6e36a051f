"""COCO files, and the trees that tools put them into."""

import json

from tests.data.zoo import files
from tests.data.zoo.files import picture, pictures, text
from tests.data.zoo.layout import layout

PETS = ("cat", "dog")
SPLITS = {"train": 3, "val": 2}
BOXES = {"format": "coco", "task": "detection", "classes": PETS}
MASKS = {"format": "coco_masks", "task": "segmentation", "classes": ("background", *PETS)}
TWO_SPLITS = {**BOXES, "images": SPLITS, "labels": 6}
NO_SPLITS = {**BOXES, "images": {"none": 4}, "labels": 4}
ONE_CLASS = "pictures in one folder are left, and training is refused because that is a single class"
_OF = {"train": [(1,), (2, 1), ()], "val": [(2,), (1, 2)], "none": [(1,), (2,), (1, 2), ()]}


def coco(path, folder, split="none", stated="{}", name="{}.jpg", **more):
    """Write the pictures of a split into a folder, and the file that lists them under the names as stated."""
    images = pictures(folder, len(_OF[split]), name)
    listed = {stated.format(image.name): several for image, several in zip(images, _OF[split], strict=True)}
    return files.coco(path, listed, **more)


def change(path, **changes):
    """Change each record of a list of a file: ``images=lambda image: ...``."""
    data = json.loads(path.read_text())
    for key, of_one in changes.items():
        data[key] = [of_one(record) for record in data[key]]
    path.write_text(json.dumps(data))


@layout("COCO 2017", **TWO_SPLITS)
def coco_2017(root):
    for split in SPLITS:
        coco(root / f"annotations/instances_{split}2017.json", root / f"{split}2017", split)


@layout("COCO 2017, with captions, keypoints and panoptic segments", **TWO_SPLITS)
def coco_2017_whole(root):
    coco_2017(root)
    for split in SPLITS:
        instances = json.loads((root / f"annotations/instances_{split}2017.json").read_text())
        captions = [{"id": 1, "image_id": 1, "caption": "a cat"}]
        text(root / f"annotations/captions_{split}2017.json", json.dumps(instances | {"annotations": captions}))
        panoptic = [{"image_id": 1, "file_name": "0.png", "segments_info": [{"id": 3, "category_id": 1}]}]
        text(root / f"annotations/panoptic_{split}2017.json", json.dumps(instances | {"annotations": panoptic}))


@layout("Roboflow, COCO", **TWO_SPLITS)
def roboflow(root):
    for split, folder in (("train", "train"), ("val", "valid")):
        coco(root / folder / "_annotations.coco.json", root / folder, split, name="{}_jpg.rf.1a2b.jpg")


@layout("Roboflow, COCO, with the project as category 0", **TWO_SPLITS, says=("'pets' is left out",))
def roboflow_root(root):
    roboflow(root)
    for folder in ("train", "valid"):
        path = root / folder / "_annotations.coco.json"
        change(path, categories=lambda one: one | {"supercategory": "pets"})
        data = json.loads(path.read_text())
        data["categories"].insert(0, {"id": 0, "name": "pets", "supercategory": "none"})
        path.write_text(json.dumps(data))


@layout("Roboflow, COCO segmentation", **MASKS, images=SPLITS)
def roboflow_segmentation(root):
    for split, folder in (("train", "train"), ("val", "valid")):
        coco(root / folder / "_annotations.coco.json", root / folder, split, polygons=True)


@layout("FiftyOne, COCODetectionDataset", **NO_SPLITS)
def fiftyone(root):
    coco(root / "labels.json", root / "data")


@layout("Label Studio, COCO", **NO_SPLITS)
def label_studio(root):
    coco(root / "result.json", root / "images", stated="images\\1/{}")


@layout("Label Studio, COCO of local files", **NO_SPLITS)
def label_studio_local(root):
    coco(root / "result.json", root / "images", stated="/data/local-files/?d=pets/{}")


@layout("CVAT, COCO 1.0", **NO_SPLITS, losses={"drop annotations": ONE_CLASS})
def cvat(root):
    path = coco(root / "annotations/instances_default.json", root / "images/default")
    change(path, annotations=lambda one: one | {"attributes": {"occluded": False, "rotation": 0.0}})


@layout("CVAT, COCO 1.0 with subsets", **MASKS, images=SPLITS)
def cvat_subsets(root):
    for split, subset in (("train", "Train"), ("val", "Validation")):
        coco(root / f"annotations/instances_{subset}.json", root / f"images/{subset}", split, polygons=True)


@layout("mmdetection", **TWO_SPLITS)
def mmdetection(root):
    for split in SPLITS:
        coco(root / f"annotations/{split}.json", root / split, split)


@layout("mmdetection, images/", **TWO_SPLITS)
def mmdetection_images(root):
    for split in SPLITS:
        coco(root / f"annotations/{split}.json", root / "images" / split, split)


@layout("Detectron2, a folder for each split", **TWO_SPLITS)
def detectron(root):
    for split in SPLITS:
        coco(root / split / "annotations.json", root / split / "images", split)


@layout("train.json and val.json beside images/", **TWO_SPLITS)
def files_beside(root):
    for split in SPLITS:
        coco(root / f"{split}.json", root / "images", split, name=f"{split}_{{}}.jpg")


@layout("splits, and the whole beside them", **TWO_SPLITS, says=("so not read: all.json",))
def whole_beside(root):
    files_beside(root)
    coco(root / "all.json", root / "images", "train", name="train_{}.jpg")


@layout("labelme2coco", **MASKS, images={"none": 4})
def labelme2coco(root):
    coco(root / "annotations.json", root / "JPEGImages", stated="JPEGImages/{}", polygons=True)


@layout("supervision, as_coco", **NO_SPLITS)
def supervision(root):
    coco(root / "annotations/annotations.json", root / "images")


@layout("annotations among the pictures", **NO_SPLITS)
def among(root):
    coco(root / "coco.json", root)
    text(root / "dataset_info.json", '{"description": "pets"}')


@layout("VIA, COCO export", **MASKS, images={"none": 4})
def via(root):
    path = coco(root / "via_coco.json", root, polygons=True)
    change(
        path,
        images=lambda image: image | {"id": str(image["id"])},
        annotations=lambda one: one | {"image_id": str(one["image_id"]), "segmentation": one["segmentation"][0]},
    )


@layout("LVIS", **MASKS, images=SPLITS)
def lvis(root):
    for split in SPLITS:
        path = coco(root / f"lvis_v1_{split}.json", root / f"{split}2017", split, polygons=True)
        address = f"http://images.cocodataset.org/{split}2017/{{}}"
        change(
            path,
            images=lambda image, address=address: {
                **{key: value for key, value in image.items() if key != "file_name"},
                "coco_url": address.format(image["file_name"]),
                "neg_category_ids": [],
            },
        )


@layout("Objects365", **NO_SPLITS, losses={"drop zhiyuan": ONE_CLASS})
def objects365(root):
    path = coco(root / "zhiyuan_objv2.json", root / "images/v1/patch0", stated="images/v1/patch0/{}")
    change(path, annotations=lambda one: {key: value for key, value in one.items() if key != "segmentation"})


@layout("OpenImages, COCO with its own ids", **NO_SPLITS)
def open_images(root):
    path = coco(root / "labels.json", root / "data")
    ids = {1: "/m/01yrx", 2: "/m/0bt9lr"}
    change(
        path,
        annotations=lambda one: one | {"category_id": ids[one["category_id"]]},
        categories=lambda one: one | {"id": ids[one["id"]]},
    )


@layout("Azure ML, COCO with addresses", **NO_SPLITS)
def azure(root):
    path = coco(root / "labels.json", root / "images", stated="https://acc.blob.core.windows.net/c/{}?sv=1&sig=a%2B")
    change(path, images=lambda image: {key: value for key, value in image.items() if key not in ("width", "height")})


@layout("two jobs, each in its own folder", **BOXES, images={"none": 8}, labels=8)
def two_jobs(root):
    for job in ("job_1", "job_2"):
        coco(root / job / "annotations/instances_default.json", root / job / "images/default")


@layout("panopticapi", asks=(), says=("panoptic segments",))
def panoptic(root):
    picture(root / "val2017/0.jpg")
    picture(root / "panoptic_val2017/0.png")
    segments = {
        "image_id": 1,
        "file_name": "0.png",
        "segments_info": [{"id": 3, "category_id": 1, "bbox": [1, 1, 5, 5]}],
    }
    data = {"images": [{"id": 1, "file_name": "0.jpg", "width": 12, "height": 10}], "annotations": [segments]}
    text(root / "annotations/panoptic_val2017.json", json.dumps(data | {"categories": [{"id": 1, "name": "cat"}]}))


@layout("captions alone", asks=(), says=("captions",))
def captions(root):
    picture(root / "train2017/0.jpg")
    data = {"images": [{"id": 1, "file_name": "0.jpg"}], "annotations": [{"id": 1, "image_id": 1, "caption": "a cat"}]}
    text(root / "annotations/captions_train2017.json", json.dumps(data))


@layout("a tool of one's own", **NO_SPLITS)
def any_name(root):
    coco(root / "boxes from tool.json", root / "images")
