"""The pictures of an image, its masks and its mistakes.

Shape suffixes: H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE
from visionft.data.records import Example
from visionft.imaging import paint
from visionft.imaging.palette import Colour
from visionft.report.pictures import Picture, class_legend, fit, jpeg_uri, shrink
from visionft.tasks.segmentation.page_examples import MaskExample

LONG_SIDE = 480  # pixels; the page shows them at 165 to 260

# Also in style.html.j2, for the legend.
WRONG: Colour = (255, 90, 0)
_STRIPES: tuple[Colour, Colour] = ((120, 124, 130), (190, 194, 200))
_PALE = 0.35  # opacity of a mask over an augmented image, which wants to be seen as well
_PERIOD = 8  # pixels from stripe to stripe


def shrink_mask(mask_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink a mask to the size that the page shows; its values stay what they are."""
    return shrink(mask_HW, LONG_SIDE, cv2.INTER_NEAREST_EXACT)


def shrink_image(image_HW3: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink an image to the size that the page shows."""
    return shrink(image_HW3, LONG_SIDE)


def mask_pictures(example: MaskExample, palette: Sequence[Colour]) -> tuple[Picture, ...]:
    """Return the image, the true and the predicted mask over it, and where they differ."""
    image_HW3 = shrink_image(example.image_HW3)
    target_HW, predicted_HW = shrink_mask(example.target_HW), shrink_mask(example.predicted_HW)
    pictures_HW3 = {
        "image": image_HW3,
        "truth": hatch_ignored(paint(image_HW3, target_HW, palette), target_HW),
        "prediction": paint(image_HW3, predicted_HW, palette),
        "errors": error_map(image_HW3, target_HW, predicted_HW),
    }
    return tuple(Picture(name, jpeg_uri(picture_HW3)) for name, picture_HW3 in pictures_HW3.items())


def error_map(
    image_HW3: NDArray[np.uint8], target_HW: NDArray[np.uint8], predicted_HW: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return the image in pale grey, with wrong pixels in one colour and ignored ones hatched.

    Args:
        image_HW3: uint8 RGB.
        target_HW: uint8 class indices and ``IGNORE``.
        predicted_HW: uint8 class indices.
    """
    grey_HW = cv2.cvtColor(image_HW3, cv2.COLOR_RGB2GRAY)
    pale_HW = (70 + 0.5 * grey_HW).astype(np.uint8)
    map_HW3 = np.repeat(pale_HW[..., None], 3, axis=2)
    map_HW3[target_HW != predicted_HW] = WRONG
    return hatch_ignored(map_HW3, target_HW)


def hatch_ignored(image_HW3: NDArray[np.uint8], target_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the image with grey stripes where the truth is ``IGNORE``."""
    rows_HW, columns_HW = np.indices(target_HW.shape)
    stripe_HW = (rows_HW + columns_HW) % _PERIOD < _PERIOD // 2
    hatched_HW3 = np.array(_STRIPES, np.uint8)[stripe_HW.astype(np.intp)]
    return np.where((target_HW == IGNORE)[..., None], hatched_HW3, image_HW3)


def draw_mask(example: Example, palette: Sequence[Colour], long_side: int) -> NDArray[np.uint8]:
    """Return a canvas at a size to look at, with its mask; arguments as for ``TaskDefinition.draw``."""
    image_HW3 = fit(example.image_HW3, long_side)
    mask_HW = example.target.pixels
    if mask_HW is None:
        return image_HW3
    return paint(image_HW3, fit(mask_HW, long_side, cv2.INTER_NEAREST_EXACT), palette, _PALE)


def mask_legend(
    examples: Iterable[Example], class_names: Sequence[str], palette: Sequence[Colour]
) -> list[tuple[str, Colour]]:
    """Return the names and colours of the classes in masks."""
    masks = [example.target.pixels for example in examples if example.target.pixels is not None]
    return class_legend({label for mask_HW in masks for label in np.unique(mask_HW).tolist()}, class_names, palette)
