"""Boxes as files state them, and what becomes of them in the pixels of the image."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Literal, NamedTuple

import numpy as np

from visionft.annotations.boxes import iou
from visionft.annotations.polygons import Polygon
from visionft.data.checks.bad_files import BoxError
from visionft.data.naming import some
from visionft.data.raw_polygons import PlacedPolygon, RawPolygon, place_polygon
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.polygon_checks import no_polygons
from visionft.data.targets.polygons import Polygons
from visionft.data.targets.raw import Finding, OpenedImage, RawTarget, Resolved
from visionft.data.turning import is_stored_size, turn_boxes, turn_polygons

Coding = Literal["xywh", "fractions", "corners", "xyxy"]
"""How a box is written: left, top, width, height in pixels (COCO); centre, width, height as fractions of the image's
(YOLO); the first and last pixel, counted from 1 (Pascal VOC); or left, top, right, bottom in pixels, half-open
(torchvision)."""

Xyxy = tuple[float, float, float, float]

_THINNEST = 0.01  # pixels: in float32, less is lost beside a large coordinate
_SPILL_PIXELS, _SPILL_SHARE = 1.0, 0.01  # what rounding makes stick out is not worth a word
_NOWHERE = (0.0, 0.0, 0.0, 0.0)
_UNLIKE_PIXELS, _UNLIKE_IOU = 2.0, 0.5  # a box that is farther from the one around its polygon is another's


class RawBox(NamedTuple):
    """One object as a file states it.

    Attributes:
        number: what tells it from others of the file: an id, a line, a position.
        numbers: the four numbers of its box, as written; none where they cannot be read.
        label: class index; ``CROWD`` for a crowd of every class.
        crowd: whether it stands for many objects, or is otherwise neither learned nor measured.
        fault: why it cannot be used, to be read after "box [...]"; empty for a good one.
        raw: what is written instead of four numbers.
        polygon: its polygon, for instance segmentation; where it can be used, the box is the one around it.
    """

    number: int | str
    numbers: tuple[float, ...]
    label: int = 0
    crowd: bool = False
    fault: str = ""
    raw: str = ""
    polygon: RawPolygon = RawPolygon()

    def __str__(self) -> str:
        return f"box {self.raw or '[' + ', '.join(f'{number:.10g}' for number in self.numbers) + ']'}"


@dataclass(frozen=True, slots=True)
class RawBoxes:
    """The objects of one image as a file states them.

    Attributes:
        coding: how the boxes are written.
        boxes: the objects.
        start: what stands before an object's number in messages, such as ``train.json: annotation``.
        end: what stands behind it, such as ``(000123.jpg)``.
        size: (width, height) of the image, as the file says; None where it does not.
        fault: why nobody can tell what the objects are; empty where somebody can.
        fault_kind: the same for every image with this fault.
        with_polygons: whether the objects are to have polygons.
    """

    coding: Coding
    boxes: tuple[RawBox, ...] = ()
    start: str = ""
    end: str = ""
    size: tuple[int, int] | None = None
    fault: str = ""
    fault_kind: str = ""
    with_polygons: bool = False

    def where(self, box: RawBox) -> str:
        """Name an object's place for a message."""
        return f"{self.start} {box.number} {self.end}".strip()

    @property
    def stratum(self) -> None:
        """None: an image may show objects of several classes."""
        return

    def resolve(self, image: OpenedImage, class_names: tuple[str, ...]) -> Resolved:  # noqa: ARG002  # made for them
        """Place the objects in the image.

        Raises:
            BoxError: when nobody can tell where they are.
        """
        orientation = image.orientation
        boxes, findings = resolve_boxes(self, *image.size, orientation)
        unsure = orientation > 1 and (self.size is None or image.turned_within_its_size)
        return Resolved(boxes, findings, unsure)


def raw_boxes_of(targets: Iterable[RawTarget]) -> Iterator[RawBox]:
    """Yield the objects of several images."""
    for target in targets:
        if isinstance(target, RawBoxes):
            yield from target.boxes


def require_raw_polygons(targets: Sequence[RawTarget], where: str) -> None:
    """Check that files state polygons, before images are opened.

    Raises:
        DataError: when there are images and no object has one, saying what to do.
    """
    boxes = list(raw_boxes_of(targets))
    if targets and not any(box.polygon.rings and not box.crowd for box in boxes):
        faults = dict.fromkeys(box.polygon.fault for box in boxes if box.polygon.fault)
        raise no_polygons(where, some(faults, 3))


def resolve_boxes(raw: RawBoxes, width: int, height: int, orientation: int = 1) -> tuple[Boxes, tuple[Finding, ...]]:
    """Place boxes in an image, in its pixels.

    Args:
        raw: what the file says.
        width: of the upright image in pixels.
        height: of the upright image in pixels.
        orientation: EXIF orientation 1..8 of the image file.

    Returns:
        The boxes that can be learned, cut off at the image's edges; and what was found.

    Raises:
        BoxError: when nobody can tell where the objects are.
    """
    if raw.fault:
        raise BoxError(raw.fault, raw.fault_kind)
    if is_stored_size(raw.size, (width, height), orientation):
        return _resolve_stored(raw, (width, height), orientation)
    findings = list(_check_size(raw, width, height))
    kept: dict[tuple[Xyxy, int, bool, Polygon], None] = {}
    for box in raw.boxes:
        where = raw.where(box)
        placed = place_polygon(box.polygon, width, height, fractions=raw.coding == "fractions")
        around = placed.around
        fault = box.fault or ("" if around else _fault(box, raw.coding))
        xyxy = around or (_NOWHERE if fault else to_pixels(box.numbers, raw.coding, width, height))
        inside = _cut((placed.inside or _NOWHERE) if around else xyxy, width, height)
        if not fault and inside is None:
            fault = _outside(box, raw.coding)
        if fault or inside is None:
            findings.append(Finding(where, str(box), fault, _left_out(placed)))
        elif (key := (inside, box.label, box.crowd, placed.polygon)) in kept:
            findings.append(Finding(where, str(box), "repeats another of the same class", bad=False))
        else:
            kept[key] = None
            if _spill(xyxy, width, height):
                item, noun = ("outline", "outlines") if around else (str(box), "boxes")
                spills = "reaches out of the image"
                findings.append(Finding(where, item, spills, "cut off at its edge", noun, bad=False))
            findings += _about_polygon(where, box, raw.coding, placed, (width, height))
    xyxys, labels, crowds, polygons = zip(*kept, strict=True) if kept else ((), (), (), ())
    if raw.with_polygons:
        return Polygons(xyxys, labels, crowds, polygons), tuple(findings)
    return Boxes(xyxys, labels, crowds), tuple(findings)


def to_pixels(numbers: tuple[float, ...], coding: Coding, width: int, height: int) -> Xyxy:
    """Return left, top, right, bottom, half-open, of a box that may reach out of the image."""
    one, two, three, four = numbers
    if coding == "xyxy":
        return one, two, three, four
    if coding == "xywh":
        return one, two, one + three, two + four
    if coding == "corners":
        return one - 1, two - 1, three, four
    x, y, half_width, half_height = one * width, two * height, three * width / 2, four * height / 2
    return x - half_width, y - half_height, x + half_width, y + half_height


def _fault(box: RawBox, coding: Coding) -> str:
    """Return why four numbers are no box, whatever the image."""
    if len(box.numbers) != 4:
        return "is no list of four numbers"
    if not all(map(isfinite, box.numbers)):
        return "holds a number that is none"
    one, two, three, four = box.numbers
    if coding == "xyxy":
        three, four = three - one, four - two
    if coding != "corners":
        for name, side in (("width", three), ("height", four)):
            if side <= 0:
                return f"has {'zero' if side == 0 else 'negative'} {name}"
        return ""
    if (one, two) == (three, four):  # strictly one pixel; in truth a click without a drag
        return "is a single point"
    if three < one or four < two:
        return "ends before it begins"
    return ""


def _outside(box: RawBox, coding: Coding) -> str:
    if coding == "fractions" and max(box.numbers) > 2:
        return "lies outside the image: the numbers are to be shares of its width and height, not pixels"
    return "lies outside the image, or has no area in it"


def _cut(xyxy: Xyxy, width: int, height: int) -> Xyxy | None:
    """Cut a box off at the image's edges; None where nothing is left."""
    left, top, right, bottom = xyxy
    inside = (max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height)))
    thin = inside[2] - inside[0] < _THINNEST or inside[3] - inside[1] < _THINNEST
    return None if thin else inside


def _spill(xyxy: Xyxy, width: int, height: int) -> bool:
    """Return whether a box reaches out of the image by more than rounding makes it."""
    left, top, right, bottom = xyxy
    sides = ((-left, width), (-top, height), (right - width, width), (bottom - height, height))
    return any(over > max(_SPILL_PIXELS, _SPILL_SHARE * side) for over, side in sides)


def _left_out(placed: PlacedPolygon) -> str:
    return f"left out; its outline cannot be used either ({placed.fault})" if placed.fault else "left out"


def _about_polygon(
    where: str, box: RawBox, coding: Coding, placed: PlacedPolygon, size: tuple[int, int]
) -> Iterator[Finding]:
    if placed.fault:
        outcome = "the object is learned as a box only"
        yield Finding(where, f"outline ({placed.fault})", "cannot be used", outcome, "outlines")
    if placed.around and box.numbers and not _fault(box, coding):
        stated = to_pixels(box.numbers, coding, *size)
        far = max(abs(one - other) for one, other in zip(stated, placed.around, strict=True)) > _UNLIKE_PIXELS
        if far and iou(np.array(stated, np.float64), np.array(placed.around, np.float64)) < _UNLIKE_IOU:
            yield Finding(where, str(box), "is not around its outline", "the outline counts", bad=False)


def _check_size(stated: RawBoxes, width: int, height: int) -> Iterator[Finding]:
    if stated.size is None or stated.size == (width, height):
        return
    item = f"the size {stated.size[0]} x {stated.size[1]} pixels, the image {width} x {height},"
    what = "has width and height exchanged" if stated.size == (height, width) else "is not the image's"
    outcome = "the boxes are taken for pixels of the image"
    yield Finding(_file_of(stated), item, what, outcome, "sizes", bad=False)


def _resolve_stored(raw: RawBoxes, upright: tuple[int, int], orientation: int) -> tuple[Boxes, tuple[Finding, ...]]:
    """Place boxes of the stored picture, and turn them upright with it.

    Raises:
        BoxError: when they fit only the upright picture, so that the stated size is another's.
    """
    shown, stored = (f"{size[0]} x {size[1]}" for size in (upright, upright[::-1]))
    if _reach_out(raw, *upright[::-1]) and not _reach_out(raw, *upright):
        kind = "the stated size is of the stored picture, the boxes are of the upright one"
        what = f"they are for {stored} pixels, its EXIF orientation shows {shown}, and they fit only the latter"
        raise BoxError(f"{kind}: {what}; state {shown}", kind)
    boxes, findings = resolve_boxes(raw, *upright[::-1])
    what = "is of the stored picture, which is shown turned upright by its EXIF orientation"
    item, outcome = f"the size {stored} pixels", "the objects are turned with it"
    finding = Finding(_file_of(raw), item, what, outcome, "sizes", bad=False)
    turned = replace(boxes, xyxy=turn_boxes(boxes.xyxy, orientation, upright))
    if isinstance(turned, Polygons):
        turned = replace(turned, polygons=turn_polygons(turned.polygons, orientation, upright))
    return turned, (finding, *findings)


def _reach_out(raw: RawBoxes, width: int, height: int) -> bool:
    good = (box for box in raw.boxes if not box.fault and not _fault(box, raw.coding))
    return any(_spill(to_pixels(box.numbers, raw.coding, width, height), width, height) for box in good)


def _file_of(stated: RawBoxes) -> str:
    return f"{stated.start.rpartition(':')[0]} {stated.end}".strip()
