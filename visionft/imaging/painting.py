"""Objects painted over their image.

Shape suffixes: H, W rows and columns of the image, h, w those of an object's part of it, 3 colours (RGB).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.imaging.boxes import line_width
from visionft.imaging.palette import Colour

if TYPE_CHECKING:
    from visionft.annotations.object_mask import ObjectMask


def paint_objects(
    image_HW3: NDArray[np.uint8],
    masks: "Sequence[ObjectMask]",
    colours: Sequence[Colour],
    opacity: float = 0.5,
) -> NDArray[np.uint8]:
    """Lay the colours of objects over an image, with their outlines at full strength; these grow with the image.

    Args:
        image_HW3: uint8 RGB.
        masks: the pixels of each object. The first is painted last, above all others.
        colours: RGB, 0..255, one for each object.
        opacity: of the colours inside the outlines, in [0, 1].

    Returns:
        uint8 RGB, a new array.
    """
    painted_HW3 = np.ascontiguousarray(image_HW3).copy()
    line = line_width(painted_HW3)
    for mask, colour in reversed(list(zip(masks, colours, strict=True))):
        height, width = mask.shape
        if not mask.area:
            continue
        part_hw3 = painted_HW3[mask.top : mask.top + height, mask.left : mask.left + width]
        pixels_hw = mask.pixels_hw
        plain_hw3 = np.full_like(part_hw3, colour)
        mixed_hw3 = cv2.addWeighted(part_hw3, 1 - opacity, plain_hw3, opacity, 0)
        np.copyto(part_hw3, mixed_hw3, where=pixels_hw[..., None])
        np.copyto(part_hw3, plain_hw3, where=_outline(pixels_hw, line)[..., None])
    return painted_HW3


def _outline(pixels_hw: NDArray[np.bool_], line: int) -> NDArray[np.bool_]:
    """Mark those pixels of an object that are near others, in any direction; the edge of its part counts as another."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * line + 1, 2 * line + 1))
    inner_hw = cv2.erode(pixels_hw.astype(np.uint8), disc, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(pixels_hw & (inner_hw == 0))
