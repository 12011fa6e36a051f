"""Transforms of a library tried on a made-up canvas: whether they can be used for training, and how they move things.

Shape suffixes: H height, W width, 3 colour channels (RGB), P points, 2 (x, y), 5 what a library's points have.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE
from visionft.annotations.rasterization import fill
from visionft.augment.library import FAILURES, moves
from visionft.seeds import derive_seed

STAND_IN = (96, 96)
"""(width, height) of a canvas that stands in for one that is not known yet."""

_TRIES = 4  # draws, of which one at least shows what a transform does
_SHAPES = (((0.2, 0.25), (0.45, 0.3), (0.3, 0.6)), ((0.55, 0.4), (0.8, 0.45), (0.75, 0.75), (0.5, 0.7)))
_EXACT = 0.05  # pixels: coordinates of 32 bits, computed in several steps
_WHOLE = 1e-9  # from a whole number, that a flip has and rounding takes away
_PIECE = 0.1  # of what is seen of a shape: less is a splinter of its edge
_NEEDS = "needs {} beside the image, which only a program can give it, and not a recipe"


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it.

    Attributes:
        refusal: why a transform cannot be used; None where it can.
        anywhere: whether that holds for canvases of all sizes.
        by_matrix: whether everything moves by one matrix, which ``matrix_of`` then finds.
        tears: whether it takes what is in one piece apart.
    """

    refusal: str | None = None
    anywhere: bool = True
    by_matrix: bool = True
    tears: bool = False


def try_transform(transform: Any, size: tuple[int, int]) -> Trial:
    """Apply a transform a few times to a canvas with two shapes.

    Args:
        transform: one of ``library.make_transform``.
        size: (width, height) of the canvas.
    """
    needed = sorted(set(transform.targets_as_params) - {"image"})
    if needed:
        return Trial(_NEEDS.format(", ".join(needed)))
    image_HW3, shapes, mask_HW = _scene(size)
    by_matrix, tears = True, False
    for seed in range(_TRIES):
        transform.set_random_seed(derive_seed(seed, "trial"))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                inputs = {"image": image_HW3.copy()} | ({"mask": mask_HW.copy()} if moves(transform) else {})
                result = transform(**inputs, force_apply=True)
            except KeyError as error:
                return Trial(_NEEDS.format(error.args[0]))
            except FAILURES as error:
                return Trial(f"fails on a canvas of {size[0]} x {size[1]}: {_first_line(error)}", anywhere=False)
            except Warning as warning:
                return Trial(f"has no effect here, or another one: {_first_line(warning)}")
        if (refusal := why_unfit(result["image"], image_HW3)) is not None:
            return refusal
        if "mask" in result:
            moved_HW = result["mask"]
            allowed = {0, 1, 2, IGNORE, getattr(transform, "fill_mask", None)}
            if not set(np.unique(moved_HW).tolist()) <= allowed:
                return Trial("mixes the values of masks, which are names of classes; leave mask_interpolation at 0")
            tears = tears or any(_in_pieces(moved_HW == value) for value in (1, 2))
            by_matrix = by_matrix and _moves_by_matrix(transform, size, shapes, moved_HW)
    return Trial(by_matrix=by_matrix, tears=tears)


def why_unfit(result_HW3: Any, image_HW3: NDArray[np.uint8]) -> Trial | None:
    """Return why a result cannot take the place of an image; None where it can."""
    if not isinstance(result_HW3, np.ndarray) or result_HW3.dtype != np.uint8:
        kind = f"{result_HW3.dtype} numbers" if isinstance(result_HW3, np.ndarray) else type(result_HW3).__name__
        return Trial(f"gives {kind}, and the network takes uint8 images, which it normalises itself; leave it out")
    if result_HW3.ndim != 3 or result_HW3.shape[2] != 3:
        return Trial(f"gives an array of shape {result_HW3.shape}, and the network takes three colours")
    if result_HW3.shape != image_HW3.shape:
        (height, width), (high, wide) = image_HW3.shape[:2], result_HW3.shape[:2]
        return Trial(f"makes {wide} x {high} pixels of a canvas of {width} x {height}, which must keep its size", False)
    return None


def matrix_of(transform: Any, size: tuple[int, int]) -> NDArray[np.float64] | None:
    """Return the 3x3 matrix, source to destination, by which a transform has just moved a canvas.

    Args:
        transform: it has been applied.
        size: (width, height) of the canvas.

    Returns:
        None where its points do not move by one, or parts of the canvas lie behind the horizon.
    """
    # centres of pixels, which a library that computes in 32 bits flips without rounding
    points_P2 = np.floor(np.array([[0.1, 0.1], [0.9, 0.15], [0.85, 0.9], [0.15, 0.8], [0.4, 0.6]]) * size) + 0.5
    moved_P2 = _move_points(transform, points_P2)
    matrix = None if moved_P2 is None else _fitted(points_P2, moved_P2)
    corners_P3 = np.array([[0, 0, 1], [size[0], 0, 1], [0, size[1], 1], [*size, 1]])
    return matrix if matrix is not None and (corners_P3 @ matrix[2] > 0).all() else None


def _moves_by_matrix(transform: Any, size: tuple[int, int], shapes: list[Any], moved_HW: NDArray[np.uint8]) -> bool:
    """Return whether points spread over the canvas, and the shapes, have moved as ``matrix_of`` says."""
    matrix = matrix_of(transform, size)
    if matrix is None:
        return False
    points_P2 = np.random.default_rng(0).uniform(0, 1, (40, 2)) * size
    moved_P2 = _move_points(transform, points_P2)
    if moved_P2 is None or np.abs(_projected(matrix, points_P2) - moved_P2).max() > _EXACT:
        return False
    # a shape that is moved by pixels differs from its ring at the edge, by one of the pixels before
    reach = int(np.ceil(np.sqrt(abs(np.linalg.det(matrix[:2, :2])))))
    edge = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    for value, shape_P2 in enumerate(shapes, start=1):
        ring_P2 = _projected(matrix, shape_P2).astype(np.float32)
        expected_HW = fill((ring_P2 if np.linalg.det(matrix) > 0 else ring_P2[::-1],), size).astype(np.uint8)
        inner_HW, outer_HW = cv2.erode(expected_HW, edge) > 0, cv2.dilate(expected_HW, edge) > 0
        found_HW = moved_HW == value
        if (inner_HW & ~found_HW).any() or (found_HW & ~outer_HW).any():
            return False
    return True


def _in_pieces(shape_HW: NDArray[np.bool_]) -> bool:
    """Return whether a shape has two parts, neither of them a mere splinter."""
    _, _, parts, _ = cv2.connectedComponentsWithStats(shape_HW.astype(np.uint8))
    areas = np.sort(parts[1:, cv2.CC_STAT_AREA])
    return len(areas) > 1 and bool(areas[-2] > _PIECE * areas.sum())


def _fitted(points_P2: NDArray[np.float64], moved_P2: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the matrix that moves the first four points as given, where it does the others too."""
    rows = []
    for (x, y), (u, v) in zip(points_P2[:4], moved_P2[:4], strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    try:
        matrix = np.append(np.linalg.solve(np.array(rows), moved_P2[:4].ravel()), 1.0).reshape(3, 3)
    except np.linalg.LinAlgError:
        return None
    whole = np.rint(matrix)
    matrix = np.where(np.abs(matrix - whole) < _WHOLE, whole, matrix)
    return matrix if np.abs(_projected(matrix, points_P2) - moved_P2).max() <= _EXACT else None


def _move_points(transform: Any, points_P2: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return where points are now; None where one is lost. The library counts pixels from their centres."""
    points_P5 = np.zeros((len(points_P2), 5))
    points_P5[:, :2] = points_P2 - 0.5
    moved = transform.apply_with_params(transform.get_applied_params(), keypoints=points_P5)["keypoints"]
    if len(moved) != len(points_P2) or not np.isfinite(moved[:, :2]).all():
        return None
    return np.asarray(moved[:, :2], np.float64) + 0.5


def _projected(matrix: NDArray[np.float64], points_P2: NDArray[Any]) -> NDArray[np.float64]:
    moved_P3 = points_P2 @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(moved_P3[:, :2] / moved_P3[:, 2:])


def _scene(size: tuple[int, int]) -> tuple[NDArray[np.uint8], list[Any], NDArray[np.uint8]]:
    """Return an image of soft noise, the rings of two shapes, and the mask in which they are 1 and 2."""
    noise_HW3 = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    shapes = [(np.array(shape) * size).astype(np.float32) for shape in _SHAPES]
    mask_HW = np.zeros((size[1], size[0]), np.uint8)
    for value, shape_P2 in enumerate(shapes, start=1):
        mask_HW[fill((shape_P2,), size)] = value
    return cv2.GaussianBlur(noise_HW3, (0, 0), 1.5).astype(np.uint8, copy=False), shapes, mask_HW


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0] or type(error).__name__
