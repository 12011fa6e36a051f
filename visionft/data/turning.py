"""Labels of a stored picture, turned with it when its EXIF orientation shows it upright."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.polygons import Polygon, move_polygons
from visionft.imaging.orientation import TURNS

Box = tuple[float, float, float, float]


def is_stored_size(stated: tuple[int, int] | None, upright: tuple[int, int], orientation: int) -> bool:
    """Return whether a stated size proves that labels are of the stored picture, and not of the upright one.

    Args:
        stated: (width, height) that the labels are for; None where nobody says.
        upright: (width, height) of the image as it is shown.
        orientation: EXIF orientation 1..8 of its file.
    """
    return TURNS[orientation].transposed and stated == upright[::-1] and stated != upright


def upright_matrix(orientation: int, upright: tuple[int, int]) -> NDArray[np.float64]:
    """Return the 3x3 matrix from the frame of the stored picture to that of the upright one, both in pixels.

    Args:
        orientation: EXIF orientation 1..8.
        upright: (width, height) of the image as it is shown.
    """
    turn = TURNS[orientation]
    matrix = np.eye(3)[[1, 0, 2]] if turn.transposed else np.eye(3)
    for axis in turn.flipped:
        row = 1 - axis  # axis 0 are the rows, along y
        matrix[row] = -matrix[row]
        matrix[row, 2] = upright[row]
    return matrix


def turn_boxes(boxes: Iterable[Box], orientation: int, upright: tuple[int, int]) -> tuple[Box, ...]:
    """Turn boxes of a stored picture upright with it.

    Args:
        boxes: left, top, right, bottom, half-open, in pixels of the stored picture.
        orientation: EXIF orientation 1..8.
        upright: (width, height) of the image as it is shown.
    """
    matrix = upright_matrix(orientation, upright)
    return tuple(_turn_box(box, matrix) for box in boxes)


def turn_polygons(polygons: Iterable[Polygon], orientation: int, upright: tuple[int, int]) -> tuple[Polygon, ...]:
    """Turn polygons of a stored picture, in its pixels, upright with it; see ``turn_boxes``."""
    rings = [polygon.points for polygon in polygons]
    moved, _, _ = move_polygons(rings, upright_matrix(orientation, upright), upright)
    return tuple(Polygon(tuple(ring.tobytes() for ring in several)) for several in moved)


def _turn_box(box: Box, matrix: NDArray[np.float64]) -> Box:
    left, top, right, bottom = box
    (one_x, two_x), (one_y, two_y), _ = (matrix @ np.array([[left, right], [top, bottom], [1, 1]])).tolist()
    return min(one_x, two_x), min(one_y, two_y), max(one_x, two_x), max(one_y, two_y)
