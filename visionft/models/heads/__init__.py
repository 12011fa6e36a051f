"""Heads by name: each a ``Head``, or a decoder that makes pixel logits of maps, which ``PixelHead`` is put around."""

from visionft.catalog import Catalog

HEADS = Catalog(
    "head",
    {
        "dense": "visionft.models.heads.dense:DenseHead",
        "dense_masks": "visionft.models.heads.dense_masks:DenseMaskHead",
        "fcos": "visionft.models.heads.torchvision_detectors:FcosHead",
        "retinanet": "visionft.models.heads.torchvision_detectors:RetinaNetHead",
        "rt_detr": "visionft.models.heads.detr:RtDetrHead",
        "faster_rcnn": "visionft.models.heads.rcnn:FasterRcnnHead",
        "mask_rcnn": "visionft.models.heads.mask_rcnn:MaskRcnnHead",
        "linear": "visionft.models.heads.linear:LinearHead",
        "lite": "visionft.models.heads.lite:LiteHead",
        "unet": "visionft.models.heads.decoders:UnetHead",
        "fpn": "visionft.models.heads.decoders:FpnHead",
        "deeplabv3plus": "visionft.models.heads.decoders:DeepLabV3PlusHead",
        "segformer": "visionft.models.heads.decoders:SegformerHead",
        "upernet": "visionft.models.heads.decoders:UperNetHead",
        "pan": "visionft.models.heads.decoders:PanHead",
        "linknet": "visionft.models.heads.decoders:LinknetHead",
        "manet": "visionft.models.heads.decoders:ManetHead",
        "dpt": "visionft.models.heads.dpt:DptHead",
    },
    "visionft.heads",
    lends=True,
)

__all__ = ["HEADS"]
