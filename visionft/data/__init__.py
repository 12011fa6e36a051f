"""Labelled images: formats that find them, one check of all of them, splits, and batches for training.

``visionft.data.dataset`` reads a data set, ``visionft.data.loader`` (which needs torch) makes batches of it.
"""

from visionft.catalog import Catalog
from visionft.sample import TaskKind

FORMATS = Catalog(
    "data format",
    {
        "coco": "visionft.data.coco_boxes:CocoBoxes",
        "coco_instances": "visionft.data.coco_instances:CocoInstances",
        "coco_masks": "visionft.data.coco_masks:CocoMasks",
        "elpv": "visionft.data.elpv:Elpv",
        "folder": "visionft.data.folder:Folder",
        "manifest": "visionft.data.manifest:Manifest",
        "masks": "visionft.data.mask_folder:Masks",
        "voc": "visionft.data.voc:Voc",
        "yolo": "visionft.data.yolo:Yolo",
        "yolo_outlines": "visionft.data.yolo:YoloOutlines",
    },
    "visionft.data_formats",
)


def task_of_format(name: str) -> TaskKind:
    """Return the task that a format's labels are made for.

    Raises:
        UnknownName: with the close names, when there is no such format.
    """
    task: TaskKind = FORMATS[name].task
    return task


__all__ = ["FORMATS", "task_of_format"]
