"""Transforms of albumentations that a recipe names, applied to a canvas and its target after everything else.

Each draws what it does by a generator of its own, which is set anew for every example: nothing of one is left in the
next, and the generators of the process are left alone.
"""

import json
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.annotations.remapping import Plane
from visionft.augment.library import FAILURES, TransformError, make_transform, moves
from visionft.augment.trial import Trial, matrix_of, try_transform, why_unfit
from visionft.augment_params import Box
from visionft.data.records import Example
from visionft.data.targets.base import CanvasTarget
from visionft.errors import ImageError
from visionft.seeds import derive_seed

Entry = Mapping[str, Mapping[str, Any]]
"""One transform: the name of its class -> its arguments."""


class ExtraTransforms:
    """Does some transforms one after the other, as a pure function of example and seed; pickles.

    Args:
        entries: the transforms, in order.
        size: (width, height) of the canvas.
        objects: whether targets are objects, of which none may come in pieces, or twice.

    Raises:
        TransformError: for transforms that cannot be made, or not be used on such a canvas.
    """

    def __init__(self, entries: Sequence[Entry], size: tuple[int, int], *, objects: bool) -> None:
        self._size = size
        self._named = [
            (name, make_transform(name, arguments)) for entry in entries for name, arguments in entry.items()
        ]
        self._trials = [trial_of(entry, size) for entry in entries]
        tried = [
            (name, refusal(transform, trial, objects=objects))
            for (name, transform), trial in zip(self._named, self._trials, strict=True)
        ]
        if problems := [((name,), why) for name, why in tried if why is not None]:
            raise TransformError(problems)

    def __call__(self, example: Example, seed: int) -> Example:
        """Return a changed copy.

        Args:
            example: a canvas of the size given, and its target.
            seed: decides everything.

        Raises:
            ImageError: when a transform fails on this image.
        """
        image_HW3, target, params = example
        image_HW3 = image_HW3.copy()  # some write where they read
        for number, ((name, transform), trial) in enumerate(zip(self._named, self._trials, strict=True)):
            transform.set_random_seed(derive_seed(seed, "extra", number))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    result_HW3 = transform(image=image_HW3)["image"]
                    if (unfit := why_unfit(result_HW3, image_HW3)) is not None:
                        raise ImageError(f"{name} {unfit.refusal}")
                    image_HW3 = np.ascontiguousarray(result_HW3)
                    if moves(transform) and transform.get_applied_params():
                        target = self._moved(target, transform, trial)
            except FAILURES as error:
                raise ImageError(f"{name} fails on this image: {error}") from error
        return Example(image_HW3, target, params)

    def _moved(self, target: CanvasTarget, transform: Any, trial: Trial) -> CanvasTarget:
        """Return a target after what a transform has just done to its image."""
        params = transform.get_applied_params()

        def remap(plane_HW: Plane) -> Plane:
            moved = transform.apply_with_params(params, mask=plane_HW.copy())["mask"]
            return np.ascontiguousarray(moved, np.uint8)

        if target.pixels is not None:
            target = target.with_pixels(remap(target.pixels))
        matrix = matrix_of(transform, self._size) if trial.by_matrix else None
        if matrix is None:
            target = target.remapped(remap, self._size)
        elif (matrix != np.eye(3)).any():
            target = target.moved(matrix, self._size)
        holes = _boxes(params.get("holes"), self._size)
        return target.erased(holes, self._size) if holes else target


def trial_of(entry: Entry, size: tuple[int, int]) -> Trial:
    """Return what comes of trying a transform on a canvas; remembered, since it takes long.

    Args:
        entry: the transform.
        size: (width, height).
    """
    ((name, arguments),) = entry.items()
    return _trial(name, json.dumps(arguments, default=str), size)


def refusal(transform: Any, trial: Trial, *, objects: bool) -> str | None:
    """Return why a transform cannot be used; None where it can.

    Args:
        transform: one of ``library.make_transform``.
        trial: what came of trying it.
        objects: whether targets are objects.
    """
    if trial.refusal or not objects or not moves(transform):
        return trial.refusal
    if trial.tears:
        return "takes objects apart, whose pieces would each need a box; leave it out for objects"
    if getattr(transform, "border_mode", cv2.BORDER_CONSTANT) != cv2.BORDER_CONSTANT:
        return "repeats the image beyond its edges, where objects would have no box; leave border_mode at 0"
    return None


@cache
def _trial(name: str, arguments: str, size: tuple[int, int]) -> Trial:
    return try_transform(make_transform(name, json.loads(arguments)), size)


def _boxes(holes: NDArray[Any] | None, size: tuple[int, int]) -> list[Box]:
    """Return the rectangles that a transform has painted over, on the canvas."""
    if holes is None or not len(holes):
        return []
    corners = np.asarray(holes, np.int64).clip(0, [*size, *size])
    return [(left, top, right, bottom) for left, top, right, bottom in corners.tolist()]
