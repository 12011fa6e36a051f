"""The pictures of an image with its objects and detections.

Shape suffixes: H height, W width, 3 colour channels (RGB), N boxes, h, w rows and columns of an object's part.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import CROWD
from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.rasterization import fill_object
from visionft.data.records import Example
from visionft.data.targets.boxes import Boxes, CanvasBoxes
from visionft.data.targets.polygons import CanvasPolygons
from visionft.imaging import draw_boxes, paint_objects
from visionft.imaging.boxes import line_width
from visionft.imaging.palette import Colour
from visionft.report import PredictedPicture
from visionft.report.pictures import THUMBNAIL, Picture, class_legend, fit, jpeg_uri, shrink
from visionft.tasks.objects.mistakes import Detected
from visionft.tasks.objects.page_examples import BoxExample, what_is_there

LONG_SIDE = 640  # pixels; the page shows them at 330 to 530

CROWD_COLOUR: Colour = (150, 150, 150)
_LINE = 2  # pixels, of boxes on augmented images; half as much is lost between the rims
_PALE = 0.35  # opacity of objects over an augmented image, which wants to be seen as well
_WHITE: Colour = (255, 255, 255)
_THUMBNAIL_LINE = 3  # pixels; the page shows thumbnails at half their size
_MARGIN = 0.5  # of the box's longer side, around it
_LEAST_CUT = 48  # pixels; less shows nothing of the surroundings


class Drawn(NamedTuple):
    """Something that is drawn: box in the original, pixels in the picture, text, colour, and whether it is marked."""

    box: tuple[float, float, float, float]
    mask: ObjectMask | None
    text: str
    colour: Colour
    marked: bool


def shrink_boxed(image_HW3: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink an image to the size that the page shows."""
    return shrink(image_HW3, LONG_SIDE)


def box_pictures(example: BoxExample, class_names: Sequence[str], palette: Sequence[Colour]) -> tuple[Picture, ...]:
    """Return the image with its objects, and with what was detected; only what is wrong has a text and full colour."""
    image_HW3 = shrink_boxed(example.image_HW3)
    height, width = image_HW3.shape[:2]
    scale_4 = np.array([width / example.size[0], height / example.size[1]] * 2, np.float32)
    targets = _targets(example, (width, height), class_names, palette)
    detected = _detected(example, (width, height), class_names, palette)
    return tuple(
        Picture(name, jpeg_uri(_draw(image_HW3, rows, scale_4)))
        for name, rows in (("objects", targets), ("detections", detected))
    )


def cut_mistake(
    image_HW3: NDArray[np.uint8], one: Detected, boxes: Boxes, class_names: Sequence[str], identifier: str
) -> PredictedPicture:
    """Return a wrong detection with what is around it.

    Args:
        image_HW3: uint8 RGB, the original.
        one: the detection, in its frame.
        boxes: the objects of the image.
        class_names: text for class 0, 1, ...
        identifier: the sample's id.
    """
    height, width = image_HW3.shape[:2]
    left, top, right, bottom = one.box
    margin = max(_MARGIN * max(right - left, bottom - top), (_LEAST_CUT - max(right - left, bottom - top)) / 2)
    x, y = (min(max(0, math.floor(start - margin)), side - 1) for start, side in ((left, width), (top, height)))
    part_HW3 = image_HW3[y : max(y + 1, math.ceil(bottom + margin)), x : max(x + 1, math.ceil(right + margin))]
    shown_HW3 = _fill(part_HW3)
    scale = shown_HW3.shape[1] / part_HW3.shape[1]
    box_14 = (np.array([one.box]) - [x, y, x, y]) * scale
    return PredictedPicture(
        id=identifier,
        image_HW3=draw_boxes(shown_HW3, box_14.astype(np.float32), [""], [_WHITE], line=_THUMBNAIL_LINE),
        true=what_is_there(one, boxes, class_names),
        predicted=class_names[one.label],
        confidence=one.score,
    )


def _targets(
    example: BoxExample, size: tuple[int, int], class_names: Sequence[str], palette: Sequence[Colour]
) -> list[Drawn]:
    boxes, missed = example.boxes, set(example.match.missed)
    scale_2 = np.array(size) / example.size
    polygons = [tuple((ring_P2 * scale_2).astype(np.float32) for ring_P2 in one.points) for one in boxes.polygons]
    masks = [_visible(fill_object(rings, size)) if rings else None for rings in polygons] or [None] * len(boxes)
    return [
        Drawn(box, mask, "crowd", CROWD_COLOUR, True)
        if crowd
        else Drawn(box, mask, class_names[label], palette[label], row in missed)
        for row, (box, mask, label, crowd) in enumerate(zip(boxes.xyxy, masks, boxes.labels, boxes.crowd, strict=True))
    ]


def _detected(
    example: BoxExample, size: tuple[int, int], class_names: Sequence[str], palette: Sequence[Colour]
) -> list[Drawn]:
    detected = example.match.detected
    object_masks = example.masks or [None] * len(detected)
    masks = [_visible(shrink_object(mask, example.size, size)) if mask else None for mask in object_masks]
    return [
        Drawn(one.box, mask, f"{class_names[one.label]} {one.score:.2f}", palette[one.label], one.mistake is not None)
        for one, mask in zip(detected, masks, strict=True)
    ]


def _visible(mask: ObjectMask) -> ObjectMask | None:
    """Return pixels unless there are none, which would show nothing of the object."""
    return mask if mask.area else None


def shrink_object(mask: ObjectMask, size: tuple[int, int], smaller: tuple[int, int]) -> ObjectMask:
    """Return an object's pixels in its image of another size, sampled at the centres of the new pixels.

    Args:
        mask: the object.
        size: (width, height) of the image.
        smaller: the new one.
    """
    (height, width), pixels_hw = mask.shape, mask.pixels_hw
    columns, rows = ((2 * np.arange(few) + 1) * many // (2 * few) for many, few in zip(size, smaller, strict=True))
    x, y = np.searchsorted(columns, mask.left), np.searchsorted(rows, mask.top)
    right, bottom = np.searchsorted(columns, mask.left + width), np.searchsorted(rows, mask.top + height)
    inside = np.ix_(rows[y:bottom] - mask.top, columns[x:right] - mask.left)
    return ObjectMask(int(x), int(y), pixels_hw[inside])


def _draw(image_HW3: NDArray[np.uint8], rows: Sequence[Drawn], scale_4: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Draw objects, those that are not marked paler, without their text and, where pixels show them, without box."""
    for marked in (False, True):
        chosen = [row for row in rows if row.marked == marked]
        masks, colours = [row.mask for row in chosen if row.mask], [row.colour for row in chosen if row.mask]
        drawn_HW3 = paint_objects(image_HW3, masks, colours)
        boxed = [row for row in chosen if marked or not row.mask]
        boxes_N4 = np.array([row.box for row in boxed], np.float32).reshape(-1, 4) * scale_4
        texts = [row.text if marked else "" for row in boxed]
        line, strength = (line_width(image_HW3) + 1, 1.0) if marked else (None, 0.6)
        drawn_HW3 = draw_boxes(drawn_HW3, boxes_N4, texts, [row.colour for row in boxed], line=line)
        image_HW3 = cv2.addWeighted(image_HW3, 1 - strength, drawn_HW3, strength, 0).astype(np.uint8, copy=False)
    return image_HW3


def _fill(part_HW3: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scale a part so that it fills a thumbnail, for the line around the box to be of the same width everywhere."""
    height, width = part_HW3.shape[:2]
    scale = THUMBNAIL / max(height, width)
    if scale <= 1:
        return shrink(part_HW3, THUMBNAIL)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(part_HW3, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)


def draw_objects(example: Example, palette: Sequence[Colour], long_side: int) -> NDArray[np.uint8]:
    """Return a canvas at a size to look at, with its objects; arguments as for ``TaskDefinition.draw``."""
    image_HW3 = fit(example.image_HW3, long_side)
    target = example.target
    if not isinstance(target, CanvasBoxes):
        return image_HW3
    (high, wide), (height, width) = example.image_HW3.shape[:2], image_HW3.shape[:2]
    scale_2 = np.array([width / wide, height / high], np.float32)
    boxes_N4 = target.boxes_N5[:, :4] * np.tile(scale_2, 2)
    labels = target.boxes_N5[:, 4].astype(int).tolist()
    colours = [CROWD_COLOUR if label == CROWD else palette[label] for label in labels]
    if isinstance(target, CanvasPolygons) and target.polygons:
        masks = [
            fill_object(tuple(ring_P2 * scale_2 for ring_P2 in rings), (width, height)) for rings in target.polygons
        ]
        image_HW3 = paint_objects(image_HW3, masks, colours, _PALE)
    return draw_boxes(image_HW3, boxes_N4, [""] * len(labels), colours, line=_LINE)


def object_legend(
    examples: Iterable[Example], class_names: Sequence[str], palette: Sequence[Colour]
) -> list[tuple[str, Colour]]:
    """Return the names and colours of the classes of objects, and that of objects that are left out, if there are."""
    boxes = [example.target.boxes_N5 for example in examples if isinstance(example.target, CanvasBoxes)]
    labels = {label for boxes_N5 in boxes for label in boxes_N5[:, 4].astype(int).tolist()}
    named = class_legend(labels, class_names, palette)
    return [*named, ("neither learned nor measured", CROWD_COLOUR)] if CROWD in labels else named
