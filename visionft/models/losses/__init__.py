"""Losses of segmentation, by name. Importing this loads no torch.

Each is called ``loss(logits_BKHW, masks_BHW, weights_K)`` and gives a scalar; weights_K are the classes' weights
or none, and are relative: only their proportions count. Pixels that are ``IGNORE`` in the masks are as if they
were not there; where nothing else is left the loss is 0, with a gradient of 0.
"""

from visionft.catalog import Catalog

LOSSES = Catalog(
    "loss",
    {
        "cross_entropy": "visionft.models.losses.pixelwise:CrossEntropy",
        "dice": "visionft.models.losses.overlap:Dice",
        "focal": "visionft.models.losses.pixelwise:Focal",
        "lovasz": "visionft.models.losses.lovasz:Lovasz",
        "tversky": "visionft.models.losses.overlap:Tversky",
    },
    "visionft.losses",
)

__all__ = ["LOSSES"]
