"""Colours for classes, and masks painted over their images."""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]

BLACK: Colour = (0, 0, 0)
_LEVELS = np.linspace(0, 255, 12).round().astype(np.uint8)  # of each channel: 1,728 candidates


def default_palette(class_names: Sequence[str]) -> tuple[Colour, ...]:
    """Return a colour (RGB, 0..255) for each class, as unlike as possible; a class called background is black.

    The colour of a class depends on its index and on no other class.
    """
    colours = line_palette(len(class_names))
    return tuple(
        BLACK if name.lower() == "background" else colour for name, colour in zip(class_names, colours, strict=True)
    )


@cache
def line_palette(count: int) -> tuple[Colour, ...]:
    """Return a colour for each of as many classes: for boxes, on which the black of a background would not show.

    They are taken, again and again, as far as possible from all before, black and white being the first.

    Source:
        Glasbey et al. (2007), Colour displays for categorical images, Color Research and Application 32 (4).
    """
    candidates_N3 = np.stack(np.meshgrid(_LEVELS, _LEVELS, _LEVELS, indexing="ij"), axis=-1).reshape(-1, 3)
    lab_N3 = cv2.cvtColor(candidates_N3[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    taken = [0, len(candidates_N3) - 1]
    nearest_N = np.minimum(*(np.linalg.norm(lab_N3 - lab_N3[index], axis=1) for index in taken))
    for _ in range(count):
        taken.append(int(nearest_N.argmax()))
        nearest_N = np.minimum(nearest_N, np.linalg.norm(lab_N3 - lab_N3[taken[-1]], axis=1))
    return tuple((int(red), int(green), int(blue)) for red, green, blue in candidates_N3[taken[2:]])


def paint(
    image_HW3: NDArray[np.uint8],
    mask_HW: NDArray[np.uint8],
    palette: Sequence[Colour],
    opacity: float = 0.5,
) -> NDArray[np.uint8]:
    """Lay the colours of classes over an image, with the boundary between classes at full strength.

    Args:
        image_HW3: uint8 RGB.
        mask_HW: uint8 class indices; pixels of no class, and of classes whose colour is black, stay as they are.
        palette: colour (RGB, 0..255) of class 0, 1, ...
        opacity: of the colours away from boundaries, in [0, 1].

    Returns:
        uint8 RGB, a new array.
    """
    table_256x3 = np.zeros((256, 3), np.uint8)
    table_256x3[: len(palette)] = palette
    colours_HW3 = table_256x3[mask_HW]
    painted_HW3 = cv2.addWeighted(image_HW3, 1 - opacity, colours_HW3, opacity, 0).astype(np.uint8, copy=False)
    np.copyto(painted_HW3, colours_HW3, where=_boundaries(mask_HW)[..., None])
    clear_HW = (table_256x3.max(axis=1) == 0)[mask_HW]
    np.copyto(painted_HW3, image_HW3, where=clear_HW[..., None])
    return painted_HW3


def _boundaries(mask_HW: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Mark the pixels with another class above, below, left or right."""
    edges_HW = np.zeros(mask_HW.shape, np.bool_)
    below, right = mask_HW[1:] != mask_HW[:-1], mask_HW[:, 1:] != mask_HW[:, :-1]
    edges_HW[1:] |= below
    edges_HW[:-1] |= below
    edges_HW[:, 1:] |= right
    edges_HW[:, :-1] |= right
    return edges_HW
