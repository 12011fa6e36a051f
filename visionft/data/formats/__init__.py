"""Data formats by name: what finds images and their labels."""

from visionft.catalog import Catalog

FORMATS = Catalog(
    "data format",
    {
        "coco": "visionft.data.formats.coco.boxes:CocoBoxes",
        "coco_instances": "visionft.data.formats.coco.instances:CocoInstances",
        "coco_labels": "visionft.data.formats.label_sets.objects:CocoLabels",
        "coco_masks": "visionft.data.formats.coco.masks:CocoMasks",
        "elpv": "visionft.data.formats.elpv:Elpv",
        "elpv_probability": "visionft.data.formats.elpv_probability:ElpvProbability",
        "folder": "visionft.data.formats.folder:Folder",
        "label_file": "visionft.data.formats.label_sets.folder:LabelFolder",
        "label_table": "visionft.data.formats.label_sets.table:LabelTable",
        "manifest": "visionft.data.formats.manifest:Manifest",
        "masks": "visionft.data.formats.masks.reader:Masks",
        "values": "visionft.data.formats.values.reader:ValueTable",
        "voc": "visionft.data.formats.voc.reader:Voc",
        "voc_labels": "visionft.data.formats.label_sets.objects:VocLabels",
        "yolo": "visionft.data.formats.yolo.reader:Yolo",
        "yolo_labels": "visionft.data.formats.label_sets.objects:YoloLabels",
        "yolo_outlines": "visionft.data.formats.yolo.reader:YoloPolygons",
    },
    "visionft.data_formats",
)

__all__ = ["FORMATS"]
