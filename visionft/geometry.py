"""Where pixels go when an image is fitted to the canvas.

Conventions: a 3x3 matrix acts on (x, y, 1) and maps source to destination; pixel centres lie at +0.5, so the
whole of a W x H image is the half-open box (0, 0, W, H). Frames: ``original`` is the file, ``canvas`` the input.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visionft.spec import InputSpec


@dataclass(frozen=True, slots=True)
class Placement:
    """A resize followed by a cut or a border.

    Attributes:
        resized: (width, height) in pixels of the resized original.
        offset: (x, y) in pixels of the resized image's corner on the canvas; negative where it is cut.
    """

    resized: tuple[int, int]
    offset: tuple[int, int]


def place(original: tuple[int, int], spec: InputSpec) -> Placement:
    """Say how an image of this size is put on the canvas.

    Args:
        original: (width, height) in pixels of the image, each >= 1.
        spec: the canvas and the fit.

    Returns:
        Size of the resized image and where its corner goes.
    """
    width, height = original
    if spec.fit == "stretch":
        return Placement((spec.width, spec.height), (0, 0))
    across, down = spec.width / width, spec.height / height
    scale = max(across, down) / spec.crop_pct if spec.fit == "crop" else min(across, down)
    resized = (max(1, round(width * scale)), max(1, round(height * scale)))
    if spec.fit == "crop":  # rounding never leaves a gap at the edge
        resized = (max(spec.width, resized[0]), max(spec.height, resized[1]))
    offset = ((spec.width - resized[0]) // 2, (spec.height - resized[1]) // 2)
    return Placement(resized, offset)


def canvas_from_original(original: tuple[int, int], spec: InputSpec) -> NDArray[np.float64]:
    """Return the 3x3 matrix that maps (x, y, 1) of the original frame to the canvas frame."""
    placement = place(original, spec)
    scale_x, scale_y = placement.resized[0] / original[0], placement.resized[1] / original[1]
    return np.array([[scale_x, 0.0, placement.offset[0]], [0.0, scale_y, placement.offset[1]], [0.0, 0.0, 1.0]])
