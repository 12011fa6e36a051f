"""How large objects are on a canvas, and which canvas leaves them large enough.

The side of an object is the root of its box's area, in pixels. Shape suffixes: N objects, 2 width and height.
"""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import NamedTuple

import numpy as np

from visionft.annotations.boxes import areas
from visionft.data.records import Dataset, Problem, Sample
from visionft.data.targets.boxes import Boxes
from visionft.metrics.scores import Floats
from visionft.spec import Fit, InputSpec
from visionft.tasks.base import Canvas

SMALL = 8.0  # pixels: one step of the finest map that detectors look at
_EASY = 16.0  # pixels: two such steps
_KEPT = 0.75  # of its side: what is shrunk less than that is not worth another canvas
_HARD_FRACTION, _SMALL_FRACTION = 0.25, 0.1  # of the objects that may become less than that by shrinking
_REMARKED = 0.05  # of the objects on the canvas may be small, whatever the reason, before a person is told
_LARGEST_PAD, _LARGEST_WINDOW = 768, 640  # pixels of the longer side: what a step costs grows with the square
_ENLARGED = 2.0  # at most, of the usual canvas: nothing more is seen of what is blurred
_WINDOW = 2.0  # times the side of large objects, so that some window shows them whole
_STEP = 32


class ObjectSides(NamedTuple):
    """The objects of several images, crowds left out.

    Attributes:
        sides_N: in pixels of their image.
        images_N2: (width, height) of the image of each.
    """

    sides_N: Floats
    images_N2: Floats

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> "ObjectSides":
        """Measure the boxes of samples whose size is known."""
        sides, images = [np.zeros(0)], [np.zeros((0, 2))]
        for sample in samples:
            boxes = Boxes.of(sample)
            if not len(boxes) or not all(sample.size):
                continue
            kept_N = ~np.array(boxes.crowd, np.bool_)
            sides.append(np.sqrt(areas(np.array(boxes.xyxy, np.float64)[kept_N])))
            images.append(np.tile(np.array(sample.size, np.float64), (int(kept_N.sum()), 1)))
        return cls(np.concatenate(sides), np.concatenate(images))

    def on(self, height: int, width: int, fit: Fit) -> Floats:
        """Return the sides on a canvas."""
        if fit == "tile":
            return self.sides_N
        factors_N2 = np.array([width, height]) / self.images_N2
        factors_N = factors_N2.min(axis=1) if fit == "pad" else np.sqrt(factors_N2.prod(axis=1))
        return np.asarray(self.sides_N * factors_N)

    def suit(self, canvas: Canvas) -> bool:
        """Say whether few objects become small, or hard to find, by shrinking their images."""
        there_N = self.on(*canvas[:3])
        shrunk_N = there_N < _KEPT * self.sides_N
        hard, small = (float((shrunk_N & (there_N < side)).mean()) for side in (_EASY, SMALL))
        return hard <= _HARD_FRACTION and small <= _SMALL_FRACTION


def suited_canvas(dataset: Dataset, usual: Canvas, *, fit_is_open: bool) -> Canvas:
    """Return the usual canvas where it leaves objects large enough, else a larger one, else windows.

    Args:
        dataset: samples with boxes.
        usual: what the sizes of the images suggest.
        fit_is_open: whether windows may be taken.
    """
    objects = ObjectSides.of(dataset.split("train") or dataset.samples)
    if usual.fit == "tile" or not len(objects.sides_N) or objects.suit(usual):
        return usual
    larger = list(_larger(usual))
    enough = next(filter(objects.suit, larger), None)
    window = _window(objects, usual) if fit_is_open else None
    chosen = enough or window or (larger[-1] if larger else usual)
    return chosen._replace(why=_why(objects, usual, chosen)) if chosen is not usual else usual


def small_object_problems(dataset: Dataset, canvas: InputSpec) -> Iterator[Problem]:
    """Yield that objects are small on the canvas, and what makes them larger.

    Args:
        dataset: samples with boxes.
        canvas: that of the finished model.
    """
    objects = ObjectSides.of(dataset.samples)
    final_canvas = Canvas(canvas.height, canvas.width, canvas.fit)
    sides_N = objects.on(*final_canvas[:3])
    small = int((sides_N < SMALL).sum())
    if not len(sides_N) or small <= _REMARKED * len(sides_N):
        return
    shape = "in windows" if canvas.fit == "tile" else f"on the canvas of {canvas.width} x {canvas.height}"
    yield Problem(
        "boxes",
        f"{small} of {len(sides_N)} objects have a side of less than {SMALL:.0f} pixels {shape} (the median is "
        f"{_median(objects, final_canvas):.0f}), and are hard to find; {_advice(objects, final_canvas)}",
    )


def _advice(objects: ObjectSides, canvas: Canvas) -> str:
    """Return what to set so that few objects are small."""
    if canvas.fit != "tile" and (objects.sides_N < SMALL).mean() <= _REMARKED:
        return "set input.fit: tile, which shows them at the images' own resolution"
    factor = SMALL / np.quantile(objects.on(*canvas[:3]), _REMARKED)
    height, width = (ceil(side * factor / _STEP) * _STEP for side in canvas[:2])
    if canvas.fit != "tile" and max(height, width) <= 2 * _LARGEST_PAD:
        return f"set input.size: [{height}, {width}]"
    return "enlarge the images, or cut parts out of them and enlarge those"


def _larger(usual: Canvas) -> Iterator[Canvas]:
    """Yield larger canvases of the same shape, smallest first."""
    longer = max(usual.height, usual.width)
    for side in range(longer + _STEP, min(_LARGEST_PAD, int(_ENLARGED * longer)) + 1, _STEP):
        height, width = (max(_STEP, round(length * side / longer / _STEP) * _STEP) for length in usual[:2])
        yield Canvas(height, width, usual.fit)


def _window(objects: ObjectSides, usual: Canvas) -> Canvas | None:
    """Return windows that show large objects whole; none where these would have to be too large."""
    needed = ceil(_WINDOW * float(np.quantile(objects.sides_N, 0.95)) / _STEP) * _STEP
    if needed > _LARGEST_WINDOW:
        return None
    return Canvas(max(usual.height, needed), max(usual.width, needed), "tile")


def _median(objects: ObjectSides, canvas: Canvas) -> float:
    return float(np.median(objects.on(*canvas[:3])))


def _why(objects: ObjectSides, usual: Canvas, chosen: Canvas) -> str:
    what = "windows at the images' own resolution" if chosen.fit == "tile" else f"fit: {chosen.fit}"
    return (
        f"{chosen.width} x {chosen.height}, {what}: the median object has a side of {_median(objects, chosen):.0f} "
        f"pixels there, and {_median(objects, usual):.0f} on a canvas of {usual.width} x {usual.height}"
    )
