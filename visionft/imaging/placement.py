"""Where pixels go when an image is fitted to the canvas.

Conventions: a 3x3 matrix acts on (x, y, 1) and maps source to destination; pixel centres lie at +0.5, so the
whole of a W x H image is the half-open box (0, 0, W, H). Frames: ``original`` is the file, ``canvas`` the input.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visionft.seeds import unit_interval
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

    def covered(self, spec: InputSpec) -> tuple[int, int, int, int]:
        """Return the box (left, top, right, bottom), half-open, of the canvas that shows the image."""
        (x, y), (wide, high) = self.offset, self.resized
        return max(x, 0), max(y, 0), min(x + wide, spec.width), min(y + high, spec.height)


def place(original: tuple[int, int], spec: InputSpec) -> Placement:
    """Return how an image of this size is placed on the canvas.

    Args:
        original: (width, height) in pixels of the image, each >= 1.
        spec: the canvas and the fit.

    Returns:
        Size of the resized image and where its corner goes.

    Raises:
        ValueError: the fit is ``tile``, which has a place for each window: see ``place_window``.
    """
    if spec.fit == "tile":
        raise ValueError("fit: tile: an image goes on several canvases; take windows() and place_window()")
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


def windows(original: tuple[int, int], spec: InputSpec) -> tuple[tuple[int, int], ...]:
    """Return the corners of windows of the canvas's size that cover an image, row by row.

    The corners form a grid. The last window of a row or column is moved inwards to end with the image; a side
    shorter than the canvas gets one window, which reaches beyond the image on the right or at the bottom.

    Args:
        original: (width, height) in pixels of the image, each >= 1.
        spec: the window's size and the least overlap.

    Returns:
        (x, y) in pixels of the original frame, each >= 0.
    """
    across = _corners(original[0], spec.width, spec.overlap)
    down = _corners(original[1], spec.height, spec.overlap)
    return tuple((x, y) for y in down for x in across)


def _corners(side: int, window: int, overlap: float) -> list[int]:
    step = max(1, int(window * (1 - overlap)))
    last = max(0, side - window)
    return [*range(0, last, step), last]


def draw_window(original: tuple[int, int], spec: InputSpec, seed: int) -> tuple[int, int]:
    """Draw the corner of one window, all inside the image as likely, as a pure function of its arguments.

    Args:
        original: (width, height) in pixels of the image, each >= 1.
        spec: the window's size.
        seed: decides the corner.

    Returns:
        (x, y) in pixels of the original frame; 0 along a side that is shorter than the canvas.
    """
    room_x, room_y = max(0, original[0] - spec.width), max(0, original[1] - spec.height)
    return int(unit_interval(seed, "x") * (room_x + 1)), int(unit_interval(seed, "y") * (room_y + 1))


def place_window(original: tuple[int, int], corner: tuple[int, int]) -> Placement:
    """Return how the window with this corner is placed on the canvas: pixel by pixel, without a resize."""
    return Placement(original, (-corner[0], -corner[1]))
