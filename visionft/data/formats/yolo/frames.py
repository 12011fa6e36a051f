"""What the four numbers of a box are, where they are not its centre and sides as fractions of the image."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

Frame = Literal["centre", "corners", "xywh", "percent", "pixel centre", "pixel corners", "pixel xywh"]
"""Centre and sides, opposite corners, or left, top, width and height, as fractions of the image or in pixels; or centre
and sides in per cent."""

Numbers: TypeAlias = Sequence[float]
Size: TypeAlias = tuple[int, int]
Xyxy: TypeAlias = tuple[float, float, float, float]

_SPILL = 0.02  # of the image's side, which rounding and drawing make
_MOST = 0.98  # of the boxes, which a meaning must fit
_FEWEST = 3  # boxes that prove something
_MANY_OUT, _SOME_OUT = 0.3, 0.1  # of the boxes, which cannot be where they would be
_READINGS: tuple[Frame, ...] = ("pixel corners", "pixel centre", "pixel xywh")
_MEANINGS: Mapping[Frame, str] = {
    "corners": "two corners of a box",
    "xywh": "left, top, width and height of a box",
    "percent": "centre, width and height in per cent",
    "pixel centre": "centre, width and height in pixels",
    "pixel corners": "corners in pixels",
    "pixel xywh": "left, top, width and height in pixels",
}


def corners_in(frame: Frame, numbers: Numbers) -> Xyxy:
    """Return left, top, right, bottom of a box, as fractions of the image or in pixels, as the frame has it."""
    one, two, three, four = numbers
    if frame.endswith("corners"):
        return one, two, three, four
    if frame.endswith("xywh"):
        return one, two, one + three, two + four
    if frame == "percent":
        one, two, three, four = one / 100, two / 100, three / 100, four / 100
    return one - three / 2, two - four / 2, one + three / 2, two + four / 2


def frame_of_fractions(boxes: Sequence[Numbers]) -> tuple[Frame, str]:
    """Return what boxes are whose numbers may be fractions, and why.

    They are centres and sides, unless many of them would reach out of the image so, and none in another way.

    Args:
        boxes: four numbers each.

    Returns:
        The frame, and a sentence; an empty one for centre and sides.
    """
    if len(boxes) < _FEWEST:
        return "centre", ""
    placed = [corners_in("centre", box) for box in boxes]
    before = sum(min(left, top) < -_SPILL for left, top, _, _ in placed)
    out = sum(not _inside(box, (1, 1)) for box in placed)
    frame: Frame = "centre"
    if out >= _MANY_OUT * len(boxes) and _fits("corners", ((box, (1, 1)) for box in boxes)):
        frame = "corners"
    elif before == out >= max(_FEWEST, _SOME_OUT * len(boxes)) and _fits("xywh", ((box, (1, 1)) for box in boxes)):
        frame = "xywh"
    if frame == "centre":
        return frame, ""
    return frame, f"{_MEANINGS[frame]}, since as centre and sides {out} of {len(boxes)} would reach out of the image"


def frame_of_pixels(boxes: Sequence[tuple[Numbers, Size]]) -> tuple[Frame | None, str]:
    """Return what boxes are whose numbers are no fractions.

    Args:
        boxes: four numbers each, with (width, height) of their image; none at all where all objects are polygons.

    Returns:
        The frame, None where nobody can tell; and what was concluded, or why nothing was.
    """
    if not boxes:
        return "pixel corners", "read as points in pixels"
    highest = max(max(numbers) for numbers, _ in boxes)
    if highest <= 100 and min(max(size) for _, size in boxes) > 200:
        return None, "none is above 100, so that they may be pixels or percentages; divide them by 100 or by the sides"
    fitting: list[Frame] = [frame for frame in _READINGS if _fits(frame, boxes)]
    if not fitting and highest <= 100 and _fits("percent", ((numbers, (1, 1)) for numbers, _ in boxes)):
        return "percent", f"read as {_MEANINGS['percent']}, since they fit as nothing else"
    if not fitting or (fitting[0] == "pixel corners" and len(fitting) > 1):
        how = "fit the images as more than one" if fitting else "do not fit the images as any"
        meanings = ", ".join(_MEANINGS[frame] for frame in _READINGS)
        return None, f"as pixels they {how} of: {meanings}; write centre, width and height as shares"
    return fitting[0], f"read as {_MEANINGS[fitting[0]]}"


def looks_placed(numbers: Numbers) -> bool:
    """Return whether four numbers may be a box inside of an image, in fractions; pixels always may."""
    if min(numbers[2:]) > 2:
        return True
    return any(_inside(corners_in(frame, numbers), (1, 1)) for frame in ("centre", "corners"))


def _fits(frame: Frame, boxes: Iterable[tuple[Numbers, Size]]) -> bool:
    found = [_inside(corners_in(frame, numbers), size) for numbers, size in boxes]
    return sum(found) >= _MOST * len(found)


def _inside(box: Xyxy, size: Size) -> bool:
    (left, top, right, bottom), (width, height) = box, size
    pixel = 1 if max(size) > 1 else 0
    slack_x, slack_y = pixel + _SPILL * width, pixel + _SPILL * height
    return -slack_x <= left < right <= width + slack_x and -slack_y <= top < bottom <= height + slack_y
