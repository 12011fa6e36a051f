"""Boxes as files state them, and what becomes of them in the pixels of the image."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Literal, NamedTuple

from visionft.data.checks.bad_files import BoxError
from visionft.data.raw_polygons import PlacedOutline, StatedOutline, place_outline
from visionft.sample import Boxes, Outline

Coding = Literal["xywh", "shares", "corners"]
"""How a box is written: left, top, width, height in pixels (COCO); centre, width, height as shares of the image's
(YOLO); or the first and last pixel, counted from 1 (Pascal VOC)."""

Xyxy = tuple[float, float, float, float]

_THINNEST = 0.01  # pixels: in float32, less is lost beside a large coordinate
_SPILL_PIXELS, _SPILL_SHARE = 1.0, 0.01  # what rounding makes stick out is not worth a word
_NOWHERE = (0.0, 0.0, 0.0, 0.0)
_UNLIKE_PIXELS, _UNLIKE_IOU = 2.0, 0.5  # a box that is farther from the one around its outline is another's


class StatedBox(NamedTuple):
    """One object as a file states it.

    Attributes:
        number: what tells it from others of the file: an id, a line, a position.
        numbers: the four numbers of its box, as written; none where they cannot be read.
        label: class index; ``CROWD`` for a crowd of every class.
        crowd: whether it stands for many objects, or is otherwise neither learned nor measured.
        fault: why it cannot be used, to be read after "box [...]"; empty for a good one.
        raw: what is written instead of four numbers.
        outline: its outline, for instance segmentation; where it can be used, the box is the one around it.
    """

    number: int | str
    numbers: tuple[float, ...]
    label: int = 0
    crowd: bool = False
    fault: str = ""
    raw: str = ""
    outline: StatedOutline = StatedOutline()

    def __str__(self) -> str:
        return f"box {self.raw or '[' + ', '.join(f'{number:.10g}' for number in self.numbers) + ']'}"


@dataclass(frozen=True, slots=True)
class StatedBoxes:
    """The objects of one image as a file states them.

    Attributes:
        coding: how the boxes are written.
        boxes: the objects.
        start: what stands before an object's number in messages, such as ``train.json: annotation``.
        end: what stands behind it, such as ``(000123.jpg)``.
        size: (width, height) of the image, as the file says; None where it does not.
        fault: why nobody can tell what the objects are; empty where somebody can.
        fault_kind: the same for every image with this fault.
        outlined: whether outlines are wanted of the objects.
    """

    coding: Coding
    boxes: tuple[StatedBox, ...] = ()
    start: str = ""
    end: str = ""
    size: tuple[int, int] | None = None
    fault: str = ""
    fault_kind: str = ""
    outlined: bool = False

    def where(self, box: StatedBox) -> str:
        """Name an object's place for a message."""
        return f"{self.start} {box.number} {self.end}".strip()


class BoxFinding(NamedTuple):
    """Something about one box, or about the stated size of an image.

    Attributes:
        where: file and annotation.
        item: what it is about, such as ``box [40, 12, 0, 48]``.
        kind: what is the matter, the same for all that have it: ``has zero width``.
        outcome: what became of it.
        noun: what several of them are called.
        bad: whether the box cannot be learned.
    """

    where: str
    item: str
    kind: str
    outcome: str = "left out"
    noun: str = "boxes"
    bad: bool = True

    def __str__(self) -> str:
        return f"{self.item} {self.kind}"


def settle(stated: StatedBoxes, width: int, height: int, orientation: int = 1) -> tuple[Boxes, tuple[BoxFinding, ...]]:
    """Say where the objects lie in an image.

    Args:
        stated: what the file says.
        width: of the upright image in pixels.
        height: of the upright image in pixels.
        orientation: EXIF orientation 1..8 of the image file.

    Returns:
        The boxes that can be learned, cut off at the image's edges; and what was found.

    Raises:
        BoxError: when nobody can tell where the objects are.
    """
    if stated.fault:
        raise BoxError(stated.fault, stated.fault_kind)
    findings = list(_check_size(stated, width, height, orientation))
    kept: dict[tuple[Xyxy, int, bool, Outline], None] = {}
    for box in stated.boxes:
        where = stated.where(box)
        placed = place_outline(box.outline, width, height, shares=stated.coding == "shares")
        around = placed.around
        fault = box.fault or ("" if around else _fault(box, stated.coding))
        xyxy = around or (_NOWHERE if fault else to_pixels(box.numbers, stated.coding, width, height))
        inside = _cut((placed.inside or _NOWHERE) if around else xyxy, width, height)
        if not fault and inside is None:
            fault = _outside(box, stated.coding)
        if fault or inside is None:
            findings.append(BoxFinding(where, str(box), fault, _left_out(placed)))
        elif (key := (inside, box.label, box.crowd, placed.outline)) in kept:
            findings.append(BoxFinding(where, str(box), "repeats another of the same class", bad=False))
        else:
            kept[key] = None
            if _spill(xyxy, width, height):
                item, noun = ("outline", "outlines") if around else (str(box), "boxes")
                spills = "reaches out of the image"
                findings.append(BoxFinding(where, item, spills, "cut off at its edge", noun, bad=False))
            findings += _about_outline(where, box, stated.coding, placed, (width, height))
    xyxys, labels, crowds, outlines = zip(*kept, strict=True) if kept else ((), (), (), ())
    return Boxes(xyxys, labels, crowds, outlines if stated.outlined else ()), tuple(findings)


def to_pixels(numbers: tuple[float, ...], coding: Coding, width: int, height: int) -> Xyxy:
    """Return left, top, right, bottom, half-open, of a box that may reach out of the image."""
    one, two, three, four = numbers
    if coding == "xywh":
        return one, two, one + three, two + four
    if coding == "corners":
        return one - 1, two - 1, three, four
    x, y, half_width, half_height = one * width, two * height, three * width / 2, four * height / 2
    return x - half_width, y - half_height, x + half_width, y + half_height


def _fault(box: StatedBox, coding: Coding) -> str:
    """Say why four numbers are no box, whatever the image."""
    if len(box.numbers) != 4:
        return "is no list of four numbers"
    if not all(map(isfinite, box.numbers)):
        return "holds a number that is none"
    one, two, three, four = box.numbers
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


def _outside(box: StatedBox, coding: Coding) -> str:
    if coding == "shares" and max(box.numbers) > 2:
        return "lies outside the image: the numbers are to be shares of its width and height, not pixels"
    return "lies outside the image, or has no area in it"


def _cut(xyxy: Xyxy, width: int, height: int) -> Xyxy | None:
    """Cut a box off at the image's edges; None where nothing is left."""
    left, top, right, bottom = xyxy
    inside = (max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height)))
    thin = inside[2] - inside[0] < _THINNEST or inside[3] - inside[1] < _THINNEST
    return None if thin else inside


def _spill(xyxy: Xyxy, width: int, height: int) -> bool:
    """Say whether a box reaches out of the image by more than rounding makes it."""
    left, top, right, bottom = xyxy
    sides = ((-left, width), (-top, height), (right - width, width), (bottom - height, height))
    return any(over > max(_SPILL_PIXELS, _SPILL_SHARE * side) for over, side in sides)


def _left_out(placed: PlacedOutline) -> str:
    return f"left out; its outline cannot be used either ({placed.fault})" if placed.fault else "left out"


def _about_outline(
    where: str, box: StatedBox, coding: Coding, placed: PlacedOutline, size: tuple[int, int]
) -> Iterator[BoxFinding]:
    if placed.fault:
        outcome = "the object is learned as a box only"
        yield BoxFinding(where, f"outline ({placed.fault})", "cannot be used", outcome, "outlines")
    if placed.around and box.numbers and not _fault(box, coding):
        stated = to_pixels(box.numbers, coding, *size)
        far = max(abs(one - other) for one, other in zip(stated, placed.around, strict=True)) > _UNLIKE_PIXELS
        if far and _iou(stated, placed.around) < _UNLIKE_IOU:
            yield BoxFinding(where, str(box), "is not around its outline", "the outline counts", bad=False)


def _iou(one: Xyxy, other: Xyxy) -> float:
    across, down = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    shared = max(across, 0.0) * max(down, 0.0)
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in (one, other)]
    return shared / (sum(areas) - shared)


def _check_size(stated: StatedBoxes, width: int, height: int, orientation: int) -> Iterator[BoxFinding]:
    if stated.size is None or stated.size == (width, height):
        return
    sizes = f"{stated.size[0]} x {stated.size[1]} pixels, the image {width} x {height}"
    turned = stated.size == (height, width)
    if turned and orientation >= 5:
        kind = "the boxes are of the stored picture, which is shown turned upright by its EXIF orientation"
        raise BoxError(f"{kind}: they are for {sizes}; turn the boxes as well, or the picture for good", kind)
    what = "has width and height exchanged" if turned else "is not the image's"
    where = f"{stated.start.rpartition(':')[0]} {stated.end}".strip()
    item, outcome = f"the size {sizes},", "the boxes are taken for pixels of the image"
    yield BoxFinding(where, item, what, outcome, "sizes", bad=False)
