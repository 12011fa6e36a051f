"""From detections on the canvas to objects in an image, whatever network gives them.

The exported file and, in evaluation, the torch network go through the same code.

Shape suffixes: B batch, H height, W width, 3 colours (RGB), N detections, 6 left, top, right, bottom, score and class
index; 4 the first four of these.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from visionft.geometry import place, windows
from visionft.imaging import cut_window, to_canvas
from visionft.predict.boxes import clipped
from visionft.predict.seams import merge, view
from visionft.spec import InputSpec

Run: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""canvases_BHW3 uint8 -> detections_BN6 float32, N rows by falling score of which the unused are zero"""


def detect(image_HW3: NDArray[np.uint8], spec: InputSpec, run: Run, *, batch_size: int = 8) -> NDArray[np.float32]:
    """Find objects, however unsure the network is of them.

    Args:
        image_HW3: uint8 RGB, of any size.
        spec: how the image becomes canvases: one for the whole image, or a window each for ``fit: tile``.
        run: the network on canvases of the spec's size.
        batch_size: windows that go through ``run`` at once.

    Returns:
        detections_N6, float32 by falling score, in pixels of the original frame and inside the image. At most as many
        as the network has rows; of windows, whose objects ``seams`` merges, at most 1,000.

    Raises:
        ImageError: when the image is too narrow for the canvas, see ``to_canvas``.
    """
    if spec.fit == "tile":
        return _detect_windows(image_HW3, spec, run, batch_size)
    height, width = image_HW3.shape[:2]
    return boxes_in_original(run(to_canvas(image_HW3, spec)[None])[0], (width, height), spec)


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
    placement = place(original, spec)
    scale_4 = np.tile(np.array(original) / placement.resized, 2)
    found_N6 = detections_N6.copy()
    found_N6[:, :4] = (detections_N6[:, :4] - np.tile(placement.offset, 2)) * scale_4
    return clipped(found_N6, np.array([0, 0, *original], np.float32))


def _detect_windows(image_HW3: NDArray[np.uint8], spec: InputSpec, run: Run, batch_size: int) -> NDArray[np.float32]:
    """Find objects in windows over the image; no more than a batch of windows is held at once."""
    height, width = image_HW3.shape[:2]
    corners = windows((width, height), spec)
    views = []
    for start in range(0, len(corners), batch_size):
        part = corners[start : start + batch_size]
        detections_BN6 = run(np.stack([cut_window(image_HW3, (x, y), spec) for x, y in part]))
        for number, ((x, y), detections_N6) in enumerate(zip(part, detections_BN6, strict=True), start=start):
            views.append(view(detections_N6, number, (x, y, x + spec.width, y + spec.height), (width, height)))
    return merge(views)
