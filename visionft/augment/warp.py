"""Flips, turns, size and place of an image with objects: drawn as one matrix, applied in one go.

The matrix acts on (x, y, 1) of the canvas before and gives (x, y, 1) after it; pixel centres lie at +0.5.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.augment.policy import Orientation, Policy
from visionft.seeds import unit_interval

RGB = tuple[int, int, int]


def draw_warp(policy: Policy, orientation: Orientation, size: tuple[int, int], seed: int) -> NDArray[np.float64]:
    """Draw what happens to the positions of an image, as a pure function of the arguments.

    Args:
        policy: the ranges.
        orientation: which flips and quarter turns may happen; a quarter turn only of a square.
        size: (width, height) of the canvas.
        seed: decides the rest.

    Returns:
        3x3 matrix. Enlarged, any part of the image may fill the canvas; shrunk, the image may lie anywhere on it.
    """
    width, height = size

    def draw(name: str, reach: float) -> float:
        return (2 * unit_interval(seed, name) - 1) * reach

    factor = (1 + policy.spread) ** draw("size", 1.0)
    angle = np.deg2rad(draw("rotate", policy.rotate))
    across, down = (np.tan(np.deg2rad(draw(name, policy.shear))) for name in ("shear across", "shear down"))
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = factor * turned @ np.array([[1.0, across], [down, 1.0]]) @ _symmetry(orientation, size, seed)
    centre = np.array([width / 2, height / 2])
    # half of what the image has too much, or the canvas too little, along each side
    room = abs(1 - factor) * centre
    moved = [draw("right", room[0]) + draw("shift right", policy.shift * width)]
    moved += [draw("below", room[1]) + draw("shift below", policy.shift * height)]
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = centre - linear @ centre + moved
    return matrix


def warp(
    image_HW3: NDArray[np.uint8], matrix: NDArray[np.float64], border: RGB, *, nearest: bool = False
) -> NDArray[np.uint8]:
    """Move the pixels of an image.

    Shrinking averages areas first, as it does when files are put on the canvas: sampled, fine structures would
    look here as they never do in an evaluation.

    Args:
        image_HW3: uint8 RGB, or a mask of (height, width).
        matrix: from ``draw_warp``.
        border: what is beyond the edge of the image; of a mask, the first number.
        nearest: take the nearest value and mix none.

    Returns:
        The same size and type, contiguous.
    """
    height, width = image_HW3.shape[:2]
    source, linear = image_HW3, matrix[:2, :2]
    factor = float(np.sqrt(abs(np.linalg.det(linear))))
    fitted = (max(1, round(width * factor)), max(1, round(height * factor)))
    if not nearest and fitted[0] < width and fitted[1] < height:
        source = cv2.resize(image_HW3, fitted, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        matrix = matrix @ np.diag([width / fitted[0], height / fitted[1], 1.0])
    # OpenCV counts pixels from their centres
    half = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    moved = cv2.warpAffine(
        source,
        (np.linalg.inv(half) @ matrix @ half)[:2],
        (width, height),
        flags=cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=border,
    )
    return np.ascontiguousarray(moved.astype(np.uint8, copy=False))


def _symmetry(orientation: Orientation, size: tuple[int, int], seed: int) -> NDArray[np.float64]:
    """Draw a flip or quarter turn, all that are allowed as likely."""
    if orientation == "fixed":
        return np.eye(2)
    flip = np.diag([-1.0 if unit_interval(seed, "flip") < 0.5 else 1.0, 1.0])
    if orientation == "upright":
        return flip
    quarters = int(unit_interval(seed, "turn") * 4)
    if size[0] != size[1]:
        quarters -= quarters % 2
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    return np.linalg.matrix_power(quarter, quarters) @ flip
