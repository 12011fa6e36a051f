"""The masks of an image's detections and objects, and how far they overlap.

Shape suffixes: N detections, M objects, E places where a run of pixels begins or ends; 4 the sides of a part of the
image (left, top, right, bottom in pixels).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.rle import run_bounds
from visionft.errors import DataError
from visionft.metrics.scores import Floats, Ints
from visionft.tasks.objects.matching import DetectedObjects, TargetObjects


@dataclass(frozen=True, slots=True, eq=False)
class ImageMasks:
    """The masks of one image.

    Attributes:
        predictions: one of each row of a ``DetectedObjects``.
        targets: one of each row of a ``TargetObjects``.
        size: (width, height) of the image.
    """

    predictions: tuple[ObjectMask, ...]
    targets: tuple[ObjectMask, ...]
    size: tuple[int, int]


def mask_areas(masks: Sequence[ObjectMask]) -> Ints:
    """Return how many pixels each mask has."""
    return np.array([mask.area for mask in masks], np.int64)


def read_masks(
    predictions: DetectedObjects,
    detected_masks: Sequence[ObjectMask],
    targets: TargetObjects,
    target_masks: Sequence[ObjectMask | None],
    size: tuple[int, int],
) -> tuple[TargetObjects, ImageMasks]:
    """Put masks beside the detections and objects that they are of.

    Args:
        predictions: detections of an image.
        detected_masks: one of each row that they were read from.
        targets: its objects.
        target_masks: one of each row that they were read from; None where nobody knows the polygon.
        size: (width, height) of the image.

    Returns:
        The objects, where those without a mask, which nothing can find, have become crowds, which take what lies in
        their box; and the masks.

    Raises:
        DataError: when the masks are not of the image.
    """
    outside = [mask for mask in (*detected_masks, *target_masks) if mask is not None and not _lies_in(mask, size)]
    if outside:
        raise DataError(f"masks: {outside[0]!r} found; allowed are those inside the image of {size[0]} x {size[1]}")
    rows = targets.rows_M.tolist()
    boxes = dict(zip(rows, targets.xyxy_M4, strict=True))  # of a crowd of every class one, though it is in many rows
    known = {row: mask for row in boxes if (mask := target_masks[row]) is not None and mask.area}
    filled = {row: known[row] if row in known else _box_mask(xyxy_4, size) for row, xyxy_4 in boxes.items()}
    unknown_M = np.array([row not in known for row in rows], np.bool_)
    masks = ImageMasks(
        tuple(detected_masks[row] for row in predictions.rows_N.tolist()), tuple(filled[row] for row in rows), size
    )
    return replace(targets, crowd_M=targets.crowd_M | unknown_M), masks


def mask_overlaps(masks: ImageMasks, crowd_M: NDArray[np.bool_]) -> Floats:
    """Return iou_NM of every detection's pixels with every object's; with a crowd, the fraction inside it.

    Common pixels are counted from runs down the columns, so that it takes neither the images nor the masks' parts of
    them: how many of an object's pixels come before a place rises by one at each pixel of a run, and stays between.
    """
    areas_N, areas_M = mask_areas(masks.predictions), mask_areas(masks.targets)
    common_NM = np.zeros((len(areas_N), len(areas_M)))
    near_NM = _touching(_parts(masks.predictions), _parts(masks.targets)) & (areas_N[:, None] > 0) & (areas_M > 0)
    bounds = [run_bounds(mask, masks.size[1]) for mask in masks.predictions]
    counted: dict[ObjectMask, int] = {}
    for m in np.flatnonzero(near_NM.any(axis=0)).tolist():
        same = counted.setdefault(masks.targets[m], m)
        if same < m:  # a crowd of every class, which is in a row of each
            common_NM[:, m] = common_NM[:, same]
            continue
        near = np.flatnonzero(near_NM[:, m])
        object_E = run_bounds(masks.targets[m], masks.size[1])
        before_E = np.zeros(len(object_E))
        before_E[1::2] = np.diff(object_E)[::2]
        places_E = np.concatenate([bounds[n] for n in near])
        counts_E = np.interp(places_E, object_E, before_E.cumsum())
        firsts = np.cumsum([0, *(len(bounds[n]) for n in near[:-1])])
        counts_E[::2] *= -1  # what comes before the end of a run, less what comes before its begin
        common_NM[near, m] = np.add.reduceat(counts_E, firsts)
    either_NM = np.where(crowd_M, areas_N[:, None], areas_N[:, None] + areas_M - common_NM)
    return common_NM / np.maximum(either_NM, 1)


def _parts(masks: Sequence[ObjectMask]) -> Ints:
    """Return where the parts lie; shape (number, 4)."""
    rows = [(mask.left, mask.top, mask.left + mask.shape[1], mask.top + mask.shape[0]) for mask in masks]
    return np.array(rows, np.int64).reshape(-1, 4)


def _touching(parts_N4: Ints, parts_M4: Ints) -> NDArray[np.bool_]:
    begins_NM2 = np.maximum(parts_N4[:, None, :2], parts_M4[None, :, :2])
    common_NM2 = np.minimum(parts_N4[:, None, 2:], parts_M4[None, :, 2:]) - begins_NM2
    return np.asarray((common_NM2 > 0).all(axis=2))


def _lies_in(mask: ObjectMask, size: tuple[int, int]) -> bool:
    (height, width), (columns, rows) = mask.shape, size
    return 0 <= mask.left <= columns - width and 0 <= mask.top <= rows - height


def _box_mask(xyxy_4: Floats, size: tuple[int, int]) -> ObjectMask:
    """Return the pixels whose centre lies in a box."""
    left, top, right, bottom = np.ceil(xyxy_4 - 0.5).clip(0, [*size, *size]).astype(int).tolist()
    return ObjectMask(left, top, np.ones((max(0, bottom - top), max(0, right - left)), np.bool_))
