"""Data formats by name: what finds images and their labels."""

from visionft.catalog import Catalog

FORMATS = Catalog(
    "data format",
    {
        "box_table": "visionft.data.formats.box_table:BoxTable",
        "coco": "visionft.data.formats.coco.boxes:CocoBoxes",
        "coco_instances": "visionft.data.formats.coco.instances:CocoInstances",
        "coco_labels": "visionft.data.formats.label_sets.objects:CocoLabels",
        "coco_masks": "visionft.data.formats.coco.masks:CocoMasks",
        "cvat": "visionft.data.formats.drawings.cvat:Cvat",
        "cvat_classes": "visionft.data.formats.drawings.cvat:CvatClasses",
        "cvat_labels": "visionft.data.formats.drawings.cvat:CvatLabels",
        "cvat_masks": "visionft.data.formats.drawings.cvat:CvatMasks",
        "cvat_polygons": "visionft.data.formats.drawings.cvat:CvatPolygons",
        "elpv": "visionft.data.formats.elpv:Elpv",
        "elpv_probability": "visionft.data.formats.elpv_probability:ElpvProbability",
        "folder": "visionft.data.formats.folder:Folder",
        "label_file": "visionft.data.formats.label_sets.folder:LabelFolder",
        "label_table": "visionft.data.formats.label_sets.table:LabelTable",
        "labelme": "visionft.data.formats.drawings.labelme:Labelme",
        "labelme_classes": "visionft.data.formats.drawings.labelme:LabelmeClasses",
        "labelme_labels": "visionft.data.formats.drawings.labelme:LabelmeLabels",
        "labelme_masks": "visionft.data.formats.drawings.labelme:LabelmeMasks",
        "labelme_polygons": "visionft.data.formats.drawings.labelme:LabelmePolygons",
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
