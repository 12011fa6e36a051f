"""What the numbers in label files mean. All lines of a data set are asked: one alone proves nothing.

A line has four numbers, the centre and the sides of a box as shares of the image, or six and more, a polygon. People's
tools also write a confidence or the number of a track behind it, key points, corners, or pixels.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from visionft.data.formats.yolo.lines import Line
from visionft.data.formats.yolo.points import find_points

Frame = Literal["centre", "corners", "pixel centre", "pixel corners", "pixel xywh"]
"""What the four numbers of a box are: centre and sides, or opposite corners, as shares; or in pixels, also left, top,
width and height."""

Size = tuple[int, int]

_SPILL = 0.02  # of the image's side
_MOST = 0.98  # of the lines, which a meaning must fit
_SAMPLED = 200  # images whose size is looked up
_FEWEST = 3  # lines that prove something
_READINGS: tuple[Frame, ...] = ("pixel corners", "pixel centre", "pixel xywh")
_MEANINGS: Mapping[Frame, str] = {
    "corners": "two corners of a box",
    "pixel centre": "centre, width and height in pixels",
    "pixel corners": "corners in pixels",
    "pixel xywh": "left, top, width and height in pixels",
}


class Dialect(NamedTuple):
    """What the numbers of all lines mean.

    Attributes:
        frame: of boxes and polygons.
        behind: how many numbers at the end of a line belong to neither.
        points: whether what follows four numbers are key points.
        told: what a person should know of this, with an example each.
    """

    frame: Frame = "centre"
    behind: int = 0
    points: bool = False
    told: tuple[str, ...] = ()

    def bare(self, numbers: tuple[float, ...]) -> tuple[float, ...]:
        """Return the numbers of a line that are a box or a polygon."""
        if self.points:
            return numbers[:4]
        count = len(numbers)
        return numbers[: count - self.behind] if count > 4 and (count - self.behind) % 2 == 0 else numbers


def find_dialect(
    files: Mapping[Path, Sequence[Line]], *, points: bool | None, size_of: Callable[[Path], Size | None]
) -> Dialect:
    """Find out what the numbers mean.

    Args:
        files: image -> the lines of its label file.
        points: whether the data say that there are key points; None where they say nothing.
        size_of: returns (width, height) of an image, None where it cannot be read; only asked where numbers are pixels.
    """
    lines = [line for several in files.values() for line in several if not line.fault and len(line.numbers) >= 4]
    dialect = Dialect(points=True) if points else _find_behind(files, lines, may_be_points=points is None)
    sound = [line for line in lines if len(dialect.bare(line.numbers)) % 2 == 0]
    beyond = [line for line in sound if max(map(abs, dialect.bare(line.numbers))) > 2]
    if beyond and 2 * len(beyond) >= len(sound):
        return _of_pixels(files, dialect, beyond[0], size_of)
    return _of_shares(sound, dialect)


def _find_behind(files: Mapping[Path, Sequence[Line]], lines: Sequence[Line], *, may_be_points: bool) -> Dialect:
    counts = Counter(len(line.numbers) for line in lines)
    longer = {count for count in counts if count > 4}
    of_longer = [line for line in lines if len(line.numbers) > 4]
    if may_be_points and len(longer) == 1 and (shape := find_points([line.numbers for line in of_longer])):
        what = f"{_example(of_longer)} a box and {shape[0]} key points of {shape[1]} numbers: the boxes are learned"
        advice = f"write kpt_shape: {list(shape)} into the data.yaml to say so, kpt_shape: null if they are polygons"
        return Dialect(points=True, told=(f"{what}, the points are not; {advice}",))
    odd = [line for line in of_longer if len(line.numbers) % 2]
    if odd and len(odd) == len(of_longer) and 2 * len(odd) >= len(lines):
        if longer == {5} and _are_tracks(files, 4):
            return Dialect(behind=1, told=(f"{_example(odd)} a whole number at the end, taken for {_TRACK}",))
        if all(0 <= line.numbers[-1] <= 1 for line in odd):
            return Dialect(behind=1, told=(f"{_example(odd)} a number from 0 to 1 at the end, taken for {_SURE}",))
    scored = longer == {6} and 2 * len(of_longer) >= len(lines) and all(0 <= line.numbers[4] <= 1 for line in of_longer)
    if scored and max(line.numbers[5] for line in of_longer) > 1 and _are_tracks(files, 5):
        return Dialect(behind=2, told=(f"{_example(of_longer)} two numbers at the end, {_SURE} and {_TRACK}",))
    return Dialect()


_SURE = "how sure a network was; left out, and the box is learned like any other"
_TRACK = "the number of a track; left out"


def _are_tracks(files: Mapping[Path, Sequence[Line]], at: int) -> bool:
    """Return whether the numbers at a place are whole, differ within each image, and leave few out between them."""
    every: set[float] = set()
    for lines in files.values():
        found = [line.numbers[at] for line in lines if len(line.numbers) > at]
        if len(set(found)) < len(found) or not all(number >= 0 and number.is_integer() for number in found):
            return False
        every.update(found)
    return max(every) - min(every) < 2 * len(every)


def _of_shares(lines: Sequence[Line], dialect: Dialect) -> Dialect:
    """Take boxes for corners where all may be, and many would reach out of the image as centre and sides."""
    boxes = [numbers for line in lines if len(numbers := dialect.bare(line.numbers)) == 4]
    if len(boxes) < _FEWEST or not all(
        0 <= one < three <= 1 and 0 <= two < four <= 1 for one, two, three, four in boxes
    ):
        return dialect
    out = [abs(x - 0.5) + width / 2 > 0.5 + _SPILL or abs(y - 0.5) + height / 2 > 0.5 + _SPILL
           for x, y, width, height in boxes]  # fmt: skip
    if 10 * sum(out) < 3 * len(boxes):
        return dialect
    why = f"as centre and sides, {sum(out)} of {len(boxes)} would reach out of the image"
    what = f"lines like {lines[0].text!r} are taken for {_MEANINGS['corners']}, since {why}"
    return dialect._replace(frame="corners", told=(*dialect.told, what))


def _of_pixels(
    files: Mapping[Path, Sequence[Line]], dialect: Dialect, example: Line, size_of: Callable[[Path], Size | None]
) -> Dialect:
    with_lines = [image for image, lines in files.items() if lines]
    step = -(-len(with_lines) // _SAMPLED)
    sizes = {image: size for image in with_lines[::step] if (size := size_of(image)) is not None}
    boxes = [
        (numbers, size)
        for image, size in sizes.items()
        for line in files[image]
        if not line.fault and len(numbers := dialect.bare(line.numbers)) == 4
    ]
    highest = max((max(numbers) for numbers, _ in boxes), default=0)
    start = f"'{example.text}': such numbers are no shares of the image's sides"
    if boxes and highest <= 100 and min(max(size) for size in sizes.values()) > 200:
        what = f"{start}, and none is above 100: they may be pixels or percentages; divide them by 100 or by the sides"
        return dialect._replace(told=(*dialect.told, what))
    fitting: list[Frame] = [frame for frame in _READINGS if _fits(frame, boxes)] if boxes else ["pixel corners"]
    if not fitting or (boxes and fitting[0] == "pixel corners" and len(fitting) > 1):
        how = "fit the images as more than one" if fitting else "do not fit the images as any"
        meanings = ", ".join(_MEANINGS[frame] for frame in _READINGS)
        what = f"{start}, and as pixels they {how} of: {meanings}; write centre, width and height as shares"
        return dialect._replace(told=(*dialect.told, what))
    meaning = _MEANINGS[fitting[0]] if boxes else "points in pixels"
    return dialect._replace(frame=fitting[0], told=(*dialect.told, f"{start}; read as {meaning}"))


def _fits(frame: Frame, boxes: Sequence[tuple[tuple[float, ...], Size]]) -> bool:
    inside = 0
    for numbers, (width, height) in boxes:
        left, top, right, bottom = pixel_corners(numbers, frame)
        slack_x, slack_y = 1 + _SPILL * width, 1 + _SPILL * height
        inside += -slack_x <= left < right <= width + slack_x and -slack_y <= top < bottom <= height + slack_y
    return inside >= _MOST * len(boxes)


def pixel_corners(numbers: Sequence[float], frame: Frame) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom of a box in pixels that is written in one of the frames of pixels."""
    one, two, three, four = numbers
    if frame == "pixel corners":
        return one, two, three, four
    if frame == "pixel xywh":
        return one, two, one + three, two + four
    return one - three / 2, two - four / 2, one + three / 2, two + four / 2


def _example(lines: Sequence[Line]) -> str:
    count = len(lines)
    return f"{count} {'line has' if count == 1 else 'lines have'} ({lines[0].text!r})"
