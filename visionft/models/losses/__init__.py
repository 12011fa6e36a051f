"""Losses by name, one catalog for each kind of output. Importing this loads no torch.

Each is called ``loss(outputs, targets, weights)`` and gives a scalar, see ``base.Loss``; what outputs, targets and
weights are, the catalogs' modules say. A loss of another package, or of a program, can be named for each of them.
"""

from visionft.catalog import Catalog

_GROUP = "visionft.losses"

CLASS_LOSSES = Catalog(
    "loss",
    {
        "balanced_softmax": "visionft.models.losses.image_classes:BalancedSoftmax",
        "cross_entropy": "visionft.models.losses.image_classes:ImageCrossEntropy",
        "focal": "visionft.models.losses.image_classes:ImageFocal",
        "logit_adjusted": "visionft.models.losses.image_classes:LogitAdjusted",
    },
    _GROUP,
    lends=True,
)
"""Of one class for each image."""

LABEL_LOSSES = Catalog(
    "loss",
    {
        "asymmetric": "visionft.models.losses.multilabel:Asymmetric",
        "bce": "visionft.models.losses.multilabel:BinaryCrossEntropy",
        "focal": "visionft.models.losses.multilabel:BinaryFocal",
    },
    _GROUP,
    lends=True,
)
"""Of labels that do not exclude each other."""

PIXEL_LOSSES = Catalog(
    "loss",
    {
        "cross_entropy": "visionft.models.losses.pixelwise:CrossEntropy",
        "dice": "visionft.models.losses.overlap:Dice",
        "focal": "visionft.models.losses.pixelwise:Focal",
        "lovasz": "visionft.models.losses.lovasz:Lovasz",
        "tversky": "visionft.models.losses.overlap:Tversky",
    },
    _GROUP,
    lends=True,
)
"""Of one class for each pixel; those that are ``IGNORE`` in the masks are as if they were not there, and where nothing
else is left the loss is 0, with a gradient of 0."""

VALUE_LOSSES = Catalog(
    "loss",
    {
        "huber": "visionft.models.losses.regression:Huber",
        "l1": "visionft.models.losses.regression:AbsoluteError",
        "mse": "visionft.models.losses.regression:SquaredError",
    },
    _GROUP,
    lends=True,
)
"""Of numbers."""

LOSSES = (CLASS_LOSSES, LABEL_LOSSES, PIXEL_LOSSES, VALUE_LOSSES)

__all__ = ["CLASS_LOSSES", "LABEL_LOSSES", "LOSSES", "PIXEL_LOSSES", "VALUE_LOSSES"]
