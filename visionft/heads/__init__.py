"""Heads by name."""

from visionft.catalog import Catalog

HEADS = Catalog(
    "head",
    {
        "dense": "visionft.heads.dense:DenseHead",
        "dense_masks": "visionft.heads.dense_masks:DenseMaskHead",
        "fcos": "visionft.heads.torchvision_detectors:FcosHead",
        "retinanet": "visionft.heads.torchvision_detectors:RetinaNetHead",
        "rt_detr": "visionft.heads.detr:RtDetrHead",
        "faster_rcnn": "visionft.heads.rcnn:FasterRcnnHead",
        "mask_rcnn": "visionft.heads.mask_rcnn:MaskRcnnHead",
        "linear": "visionft.heads.linear:LinearHead",
        "lite": "visionft.heads.lite:LiteHead",
        "unet": "visionft.heads.decoders:UnetHead",
        "fpn": "visionft.heads.decoders:FpnHead",
        "deeplabv3plus": "visionft.heads.decoders:DeepLabV3PlusHead",
        "segformer": "visionft.heads.decoders:SegformerHead",
        "upernet": "visionft.heads.decoders:UperNetHead",
        "pan": "visionft.heads.decoders:PanHead",
        "linknet": "visionft.heads.decoders:LinknetHead",
        "manet": "visionft.heads.decoders:ManetHead",
        "dpt": "visionft.heads.dpt:DptHead",
    },
    "visionft.heads",
)

__all__ = ["HEADS"]
