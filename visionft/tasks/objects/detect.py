"""From detections on the canvas to objects in an image, whatever network gives them.

The exported file and, in evaluation, the torch network go through the same code.

Shape suffixes: B batch, H height, W width, 3 colours (RGB), N detections, 6 left, top, right, bottom, score and class
index; 4 the first four of these, P the cells of a mask, row by row, R both 6 and P.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.boxes import clipped, cut
from visionft.annotations.object_mask import MASK_SIDE, ObjectMask
from visionft.imaging import cut_window, to_canvas
from visionft.imaging.inputs import Loaded, canvases
from visionft.imaging.placement import place, windows
from visionft.results import CanvasRunner, Results
from visionft.spec import InputSpec
from visionft.tasks.objects.masks import paste_within, unite
from visionft.tasks.objects.rows import box_rows, object_rows
from visionft.tasks.objects.tile_merging import CUT_WEIGHT, Sides, merge, put_together, shown, view


def detect(
    image_HW3: NDArray[np.uint8], spec: InputSpec, run: CanvasRunner, *, batch_size: int = 8
) -> NDArray[np.float32]:
    """Find objects, however unsure the network is of them.

    Args:
        image_HW3: uint8 RGB, of any size.
        spec: how the image becomes canvases: one for the whole image, or a window each for ``fit: tile``.
        run: the network on canvases of the spec's size.
        batch_size: windows that go through ``run`` at once.

    Returns:
        detections_N6, float32 by falling score, in pixels of the original frame and inside the image. At most as many
        as the network has rows, for each window, whose objects ``tile_merging`` merges.

    Raises:
        ImageError: when the image is too narrow for the canvas, see ``to_canvas``.
    """
    height, width = image_HW3.shape[:2]
    if spec.fit == "tile":
        seen = _through_windows(image_HW3, spec, run, batch_size, box_rows)
        return merge(
            [view(detections_N6, number, window, (width, height)) for number, window, detections_N6, _ in seen]
        )
    return boxes_in_original(box_rows(run(to_canvas(image_HW3, spec)[None]))[0], (width, height), spec)


def detect_loaded(
    images: Sequence[Loaded], spec: InputSpec, run: CanvasRunner, *, batch_size: int
) -> Iterator[NDArray[np.float32]]:
    """Yield what ``detect`` returns for each of several images, whose canvases go through the network together."""
    if spec.fit == "tile":
        for image in images:
            yield detect(image.pixels_HW3, spec, run, batch_size=batch_size)
        return
    for image, detections_N6 in zip(images, box_rows(run(canvases(images))), strict=True):
        yield boxes_in_original(detections_N6, image.original, spec)


def detect_instances(
    image_HW3: NDArray[np.uint8],
    spec: InputSpec,
    run: CanvasRunner,
    *,
    batch_size: int = 8,
    least_K: NDArray[np.float32] | None = None,
) -> tuple[NDArray[np.float32], tuple[ObjectMask, ...]]:
    """Find objects and their pixels, however unsure the network is of them where no least scores are given.

    Args:
        image_HW3: uint8 RGB, of any size.
        spec: how the image becomes canvases, as for ``detect``.
        run: the network on canvases of the spec's size, which gives masks as well.
        batch_size: windows that go through ``run`` at once.
        least_K: score that an object of each class must have; others are left out, and cost less.

    Returns:
        Of the detections_N6 that ``detect`` returns those asked for, and the pixels of each, see ``masks.paste``; those
        of an object that several windows have seen parts of are all that these have seen of it.

    Raises:
        ImageError: when the image is too narrow for the canvas, see ``to_canvas``.
    """
    height, width = image_HW3.shape[:2]
    if spec.fit != "tile":
        detections_BNR = object_rows(run(to_canvas(image_HW3, spec)[None]))
        return instances_in_original(detections_BNR[0], (width, height), spec, least_K)
    views, masks = [], []
    for number, window, detections_N6, cells_NP in _through_windows(image_HW3, spec, run, batch_size, object_rows):
        views.append(view(detections_N6, number, window, (width, height)))
        # at once, since cells are large; what has a lower score becomes part of no object that is asked for
        part_N = _reaches(detections_N6, least_K, CUT_WEIGHT)
        masks += _masks(detections_N6, cells_NP, shown(window, (width, height)), part_N)
    objects_N6, made_of = put_together(views)
    asked_N = _reaches(objects_N6, least_K)
    return objects_N6[asked_N], tuple(
        unite([masks[place] for place in places]) for places in compress(made_of, asked_N)
    )


def detect_instances_loaded(
    images: Sequence[Loaded],
    spec: InputSpec,
    run: CanvasRunner,
    *,
    batch_size: int,
    least_K: NDArray[np.float32] | None = None,
) -> Iterator[tuple[NDArray[np.float32], tuple[ObjectMask, ...]]]:
    """Yield what ``detect_instances`` returns for each of several images, whose canvases go through together."""
    if spec.fit == "tile":
        for image in images:
            yield detect_instances(image.pixels_HW3, spec, run, batch_size=batch_size, least_K=least_K)
        return
    for image, detections_NR in zip(images, object_rows(run(canvases(images))), strict=True):
        yield instances_in_original(detections_NR, image.original, spec, least_K)


def boxes_in_original(
    detections_N6: NDArray[np.float32], original: tuple[int, int], spec: InputSpec
) -> NDArray[np.float32]:
    """Bring the detections of a canvas back to the frame of its image.

    Args:
        detections_N6: in pixels of the canvas; rows with score 0 are left out.
        original: (width, height) in pixels of the image.
        spec: the canvas and the fit, any but ``tile``.

    Returns:
        detections_N6 in the same order, cut to the image; boxes that lie outside it are left out.
    """
    return clipped(_moved(detections_N6, original, spec), np.array([0, 0, *original], np.float32))


def instances_in_original(
    detections_NR: NDArray[np.float32],
    original: tuple[int, int],
    spec: InputSpec,
    least_K: NDArray[np.float32] | None = None,
) -> tuple[NDArray[np.float32], tuple[ObjectMask, ...]]:
    """Bring the objects of a canvas back to the frame of its image, as ``boxes_in_original`` does, with their pixels.

    Args:
        detections_NR: in pixels of the canvas; rows with score 0 are left out.
        original: (width, height) in pixels of the image.
        spec: the canvas and the fit, any but ``tile``.
        least_K: score that an object of each class must have; others are left out.
    """
    detections_NR = detections_NR[_reaches(detections_NR, least_K)]
    moved_N6, limits = _moved(detections_NR[:, :6], original, spec), (0, 0, *original)
    masks = _masks(moved_N6, detections_NR[:, 6:], limits, np.ones(len(moved_N6), np.bool_))
    return clipped(moved_N6, np.array(limits, np.float32)), tuple(masks)


def _reaches(
    detections_NR: NDArray[np.float32], least_K: NDArray[np.float32] | None, fraction: float = 1.0
) -> NDArray[np.bool_]:
    """Return which detections have at least a fraction of the score that is asked of their class."""
    if least_K is None:
        return np.ones(len(detections_NR), np.bool_)
    return np.asarray(detections_NR[:, 4] >= fraction * least_K[detections_NR[:, 5].astype(np.intp)])


def _moved(detections_N6: NDArray[np.float32], original: tuple[int, int], spec: InputSpec) -> NDArray[np.float32]:
    """Return detections of a canvas in the frame of its image, which they may reach beyond."""
    placement = place(original, spec)
    scale_4 = np.tile(np.array(original) / placement.resized, 2)
    moved_N6 = detections_N6.copy()
    moved_N6[:, :4] = (detections_N6[:, :4] - np.tile(placement.offset, 2)) * scale_4
    return moved_N6


def _masks(
    detections_N6: NDArray[np.float32], cells_NP: NDArray[np.float32], limits: Sides, wanted_N: NDArray[np.bool_]
) -> list[ObjectMask]:
    """Return the pixels, in a part of the image, of those that ``clipped`` leaves there; none of unwanted ones."""
    _, used_N = cut(detections_N6, np.array(limits, np.float32))
    cells_NSS = cells_NP.reshape(-1, MASK_SIDE, MASK_SIDE)
    nothing = ObjectMask(*limits[:2], np.zeros((0, 0), np.bool_))
    return [
        paste_within(cells_NSS[row], detections_N6[row, :4], limits) if wanted_N[row] else nothing
        for row in np.flatnonzero(used_N)
    ]


def _through_windows(
    image_HW3: NDArray[np.uint8],
    spec: InputSpec,
    run: CanvasRunner,
    batch_size: int,
    rows: Callable[[Results], NDArray[np.float32]],
) -> Iterator[tuple[int, Sides, NDArray[np.float32], NDArray[np.float32]]]:
    """Yield what windows over the image see: number and place of the window, detections in the image, cells of masks.

    No more than a batch of windows is held at once.
    """
    height, width = image_HW3.shape[:2]
    corners = windows((width, height), spec)
    for start in range(0, len(corners), batch_size):
        part = corners[start : start + batch_size]
        detections_BNR = rows(run(np.stack([cut_window(image_HW3, (x, y), spec) for x, y in part])))
        for number, ((x, y), detections_NR) in enumerate(zip(part, detections_BNR, strict=True), start=start):
            detections_N6 = detections_NR[:, :6].copy()
            detections_N6[:, :4] += np.array([x, y, x, y], np.float32)
            yield number, (x, y, x + spec.width, y + spec.height), detections_N6, detections_NR[:, 6:]
