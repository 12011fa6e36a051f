"""Data formats by name: what finds images and their labels."""

from visionft.catalog import Catalog
from visionft.sample import TaskKind

FORMATS = Catalog(
    "data format",
    {
        "coco": "visionft.data.formats.coco.boxes:CocoBoxes",
        "coco_instances": "visionft.data.formats.coco.instances:CocoInstances",
        "coco_masks": "visionft.data.formats.coco.masks:CocoMasks",
        "elpv": "visionft.data.formats.elpv:Elpv",
        "folder": "visionft.data.formats.folder:Folder",
        "manifest": "visionft.data.formats.manifest:Manifest",
        "masks": "visionft.data.formats.masks.reader:Masks",
        "voc": "visionft.data.formats.voc.reader:Voc",
        "yolo": "visionft.data.formats.yolo.reader:Yolo",
        "yolo_outlines": "visionft.data.formats.yolo.reader:YoloOutlines",
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
