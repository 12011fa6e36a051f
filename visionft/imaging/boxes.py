"""Boxes drawn over their image.

Shape suffixes: H height, W width, 3 colour channels (RGB), N boxes.
"""

import math
import unicodedata
from collections.abc import Callable, Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.imaging.palette import BLACK, Colour

Pixels: TypeAlias = NDArray[np.uint8]
Rectangle: TypeAlias = tuple[int, int, int, int]

_WHITE: Colour = (255, 255, 255)
_LINES = 350  # the long side of an image is so many line widths
_LETTERS = 40  # and so many sizes of a letter
_SMALLEST = 11  # pixels; smaller letters cannot be read
_HERSHEY = cv2.FONT_HERSHEY_SIMPLEX
_HERSHEY_SIZE = 30  # pixels of a letter at scale 1


def draw_boxes(
    image_HW3: Pixels,
    boxes_N4: NDArray[np.float32],
    texts: Sequence[str],
    colours: Sequence[Colour],
    *,
    line: int | None = None,
) -> Pixels:
    """Draw boxes and their texts; lines and letters grow with the image, and stand out on light and on dark.

    Args:
        image_HW3: uint8 RGB.
        boxes_N4: left, top, right and bottom in pixels of the image, half-open; what lies beyond it is cut. The first
            is drawn last, above all others.
        texts: one for each box; an empty one has no label, and one for which there is no room is left out: where it
            would cover the label of an earlier box, or most of another box.
        colours: RGB, 0..255, one for each box.
        line: width of the lines in pixels; without, ``line_width``.

    Returns:
        uint8 RGB, a new array.
    """
    drawn_HW3 = np.ascontiguousarray(image_HW3).copy()
    rows = list(zip(map(_whole, boxes_N4.tolist()), texts, colours, strict=True))[::-1]
    line, letter = line or line_width(drawn_HW3), letter_size(drawn_HW3)
    rim = max(1, line // 3)
    for (left, top, right, bottom), _, colour in rows:
        _frame(drawn_HW3, (left - rim, top - rim, right + rim, bottom + rim), rim, _contrast(colour))
        _frame(drawn_HW3, (left, top, right, bottom), line, colour)
    labels: list[Rectangle] = []
    for box, text, colour in rows[::-1]:  # after all frames, so that no line runs through a text
        place = _place(drawn_HW3, box, text, letter)
        others = [other for other, _, _ in rows if other != box]
        if text and not any(_shared(place, label) for label in labels) and not _hides(place, others):
            labels.append(place)
            _label(drawn_HW3, place, text, colour, letter)
    return drawn_HW3


def line_width(image_HW3: Pixels) -> int:
    """Return how wide the lines over an image are, in pixels."""
    return max(1, round(_long_side(image_HW3) / _LINES))


def letter_size(image_HW3: Pixels) -> int:
    """Return how high the letters over an image are, accents and descenders included, in pixels."""
    return max(_SMALLEST, round(_long_side(image_HW3) / _LETTERS))


def _long_side(image_HW3: Pixels) -> int:
    return int(max(image_HW3.shape[:2]))


def _whole(box: Sequence[float]) -> Rectangle:
    """Return the pixels whose centres lie in a box, at least one."""
    left, top = round(box[0]), round(box[1])
    return left, top, max(left + 1, round(box[2])), max(top + 1, round(box[3]))


def _frame(image_HW3: Pixels, box: Rectangle, line: int, colour: Colour) -> None:
    """Draw a line along the inner edge of a box."""
    left, top, right, bottom = box
    for band in (
        (left, top, right, top + line),
        (left, bottom - line, right, bottom),
        (left, top, left + line, bottom),
        (right - line, top, right, bottom),
    ):
        _fill(image_HW3, (max(band[0], left), max(band[1], top), min(band[2], right), min(band[3], bottom)), colour)


def _fill(image_HW3: Pixels, box: Rectangle, colour: Colour) -> None:
    left, top, right, bottom = (max(0, side) for side in box)  # slices take negative numbers from the end
    image_HW3[top:bottom, left:right] = colour


def _place(image_HW3: Pixels, box: Rectangle, text: str, size: int) -> Rectangle:
    """Return where the label of a box goes: above it, or inside where there is no room above."""
    height, width = image_HW3.shape[:2]
    margin = _margin(size)
    wide, high = letters(text, size)[0] + 2 * margin, size + 2 * margin
    left = max(0, min(box[0], width - wide))
    top = box[1] - high if box[1] >= high else max(0, min(box[1], height - high))
    return left, top, left + wide, top + high


def _label(image_HW3: Pixels, place: Rectangle, text: str, colour: Colour, size: int) -> None:
    """Write a text on its colour."""
    margin = _margin(size)
    _fill(image_HW3, place, colour)
    letters(text, size)[1](image_HW3, (place[0] + margin, place[1] + margin + round(0.8 * size)), _contrast(colour))


def _margin(size: int) -> int:
    return max(1, size // 6)


def _shared(one: Rectangle, other: Rectangle) -> int:
    """Return how many pixels two rectangles share."""
    wide, high = (min(one[side + 2], other[side + 2]) - max(one[side], other[side]) for side in (0, 1))
    return max(0, wide) * max(0, high)


def _hides(place: Rectangle, boxes: Sequence[Rectangle]) -> bool:
    """Return whether most of a box would be hidden."""
    return any(2 * _shared(place, box) > _shared(box, box) for box in boxes)


def letters(text: str, size: int) -> tuple[int, Callable[[Pixels, tuple[int, int], Colour], object]]:
    """Return how long a text is in pixels, and what writes it: given an image, the left end of its base line, a colour.

    Args:
        text: one line that can be printed.
        size: of the letters, accents and descenders included, in pixels.
    """
    if hasattr(cv2, "FontFace"):  # since OpenCV 5, for any script
        face = cv2.FontFace("sans")
        long = cv2.getTextSize((0, 0), text, (0, 0), face, size)[2]
        return long, lambda image, at, colour: cv2.putText(image, text, at, colour, face, size)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    scale, thickness = size / _HERSHEY_SIZE, max(1, round(size / 14))
    (long, _), _ = cv2.getTextSize(plain, _HERSHEY, scale, thickness)
    return long, lambda image, at, colour: cv2.putText(
        image, plain, at, _HERSHEY, scale, colour, thickness, cv2.LINE_AA
    )


def _contrast(colour: Colour) -> Colour:
    """Return black on light colours and white on dark ones.

    Source:
        WCAG 2.1, relative luminance; black and white have the same contrast with a luminance of 0.179.
    """
    encoded = [channel / 255 for channel in colour]
    red, green, blue = (c / 12.92 if c <= 0.04045 else math.pow((c + 0.055) / 1.055, 2.4) for c in encoded)
    return BLACK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else _WHITE
