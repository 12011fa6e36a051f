"""How many objects a canvas has, and how many rows a network needs for them.

Shape suffixes: N objects, W windows; 4 left, top, right, bottom in pixels of the image.
"""

from collections.abc import Iterator, Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from visionft.data.naming import some
from visionft.data.records import Dataset, Problem, Sample
from visionft.data.splits import SPLITS
from visionft.data.targets.boxes import Boxes
from visionft.imaging.placement import windows
from visionft.spec import DETECTIONS, InputSpec

MOST_ROWS = 5000  # that a recipe may ask for: what is compared for suppression grows with the square
_MOST_AUTO = 1000  # for the same reason
_ROOM = 1.5  # of the fullest training canvas: others may have more objects, and wrong detections take rows too
_STEP = 100


def rows_for(dataset: Dataset, canvas: InputSpec) -> int:
    """Return how many detections a network should have room for: half as many again as the fullest training canvas.

    Args:
        dataset: samples with boxes.
        canvas: with ``fit: tile``, windows of an image are counted each.
    """
    fullest = max((objects_on_canvas(sample, canvas) for sample in dataset.split("train")), default=0)
    return min(_MOST_AUTO, rows_with_room(fullest))


def rows_with_room(objects: int) -> int:
    """Return a round number of rows for a canvas with so many objects."""
    return max(DETECTIONS, ceil(objects * _ROOM / _STEP) * _STEP)


def objects_on_canvas(sample: Sample, canvas: InputSpec) -> int:
    """Return the number of objects, crowds left out, of an image, or of the fullest of its windows."""
    boxes = Boxes.of(sample)
    if canvas.fit != "tile":
        return len(boxes) - sum(boxes.crowd)
    boxes_N4 = _objects(boxes)
    return max((_shown(boxes_N4, corner, canvas) for corner in windows(sample.size, canvas)), default=0)


def crowding_problems(dataset: Dataset, canvas: InputSpec, rows: int) -> Iterator[Problem]:
    """Yield, for each part of the data, that images have more objects than a prediction has rows.

    Args:
        dataset: samples with boxes.
        canvas: that of the finished model.
        rows: of its predictions.
    """
    for split in SPLITS:
        samples = dataset.split(split)
        counts = [objects_on_canvas(sample, canvas) for sample in samples]
        if max(counts, default=0) > rows:
            yield Problem(split, _too_full(samples, counts, rows, canvas))


def _too_full(samples: Sequence[Sample], counts: Sequence[int], rows: int, canvas: InputSpec) -> str:
    full = [sample.id for sample, count in zip(samples, counts, strict=True) if count > rows]
    most = max(counts)
    where = "a window" if canvas.fit == "tile" else "the image"
    if most <= MOST_ROWS:
        way = f"task.max_detections: {min(rows_with_room(most), MOST_ROWS)}"
    elif canvas.fit != "tile":
        way = "input.fit: tile"
    else:
        way = "a smaller input.size, so that a window has fewer"
    return (
        f"{len(full)} of {len(samples)} images {'has' if len(full) == 1 else 'have'} more objects than a prediction "
        f"has rows (task.max_detections is {rows}), up to {most} in {where}; those beyond are never found; set {way}: "
        f"{some(full)}"
    )


def _objects(boxes: Boxes) -> NDArray[np.float32]:
    kept_N = ~np.array(boxes.crowd, np.bool_)
    return np.array(boxes.xyxy, np.float32).reshape(-1, 4)[kept_N]


def _shown(boxes_N4: NDArray[np.float32], corner: tuple[int, int], canvas: InputSpec) -> int:
    """Return how many boxes a window shows a part of."""
    (left, top), (right, bottom) = corner, (corner[0] + canvas.width, corner[1] + canvas.height)
    across_N = (boxes_N4[:, 0] < right) & (boxes_N4[:, 2] > left)
    return int(np.count_nonzero(across_N & (boxes_N4[:, 1] < bottom) & (boxes_N4[:, 3] > top)))
