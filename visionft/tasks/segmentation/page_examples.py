"""An image of a segmentation's page. Shape suffixes: H height, W width, 3 colour channels (RGB)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visionft.tasks.segmentation.image_counts import ImageCounts
from visionft.tasks.segmentation.metrics import image_miou


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskExample:
    """One image with its true and its predicted mask.

    Attributes:
        id: the sample's id.
        rank: its place among all measured images, from 1, which is the worst.
        counts: of its pixels.
        image_HW3: uint8 RGB pixels, upright.
        target_HW: uint8 class indices and ``IGNORE``, of the image's size.
        predicted_HW: uint8 class indices, of the image's size.
    """

    id: str
    rank: int
    counts: ImageCounts
    image_HW3: NDArray[np.uint8]
    target_HW: NDArray[np.uint8]
    predicted_HW: NDArray[np.uint8]

    @property
    def miou(self) -> float:
        """The mean IoU of its classes."""
        return image_miou(self.counts)

    @property
    def pixels(self) -> int:
        """The number of its pixels that were measured."""
        return int(self.counts.confusion_KK.sum())

    @property
    def wrong(self) -> int:
        """The number of its pixels that are wrong."""
        return self.pixels - int(self.counts.confusion_KK.trace())
