"""What the numbers in label files mean. All lines of a data set are asked: one alone proves nothing.

A line has four numbers, the centre and the sides of a box as fractions of the image, or six and more, a polygon. Tools
also write a confidence or the number of a track beside it, key points, corners, or pixels.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from visionft.data.formats.yolo.frames import (
    Frame,
    Size,
    frame_of_fractions,
    frame_of_pixels,
    looks_placed,
)
from visionft.data.formats.yolo.lines import LabelLine
from visionft.data.formats.yolo.points import find_points

_MOST = 0.95  # of the lines, which a meaning must fit
_SAMPLED = 64  # images whose size is looked up
_SURE = "how sure a network was; left out, and the box is learned like any other"
_TRACK = "the number of a track; left out"


class Dialect(NamedTuple):
    """What the numbers of all lines mean.

    Attributes:
        frame: of boxes and polygons.
        before: how many numbers between class and box belong to neither.
        behind: how many at the end of a line do.
        points: whether what follows four numbers are key points.
        told: what a person should know of this, with an example each.
    """

    frame: Frame = "centre"
    before: int = 0
    behind: int = 0
    points: bool = False
    told: tuple[str, ...] = ()

    def bare(self, numbers: tuple[float, ...]) -> tuple[float, ...]:
        """Return the numbers of a line that are a box or a polygon."""
        if self.points:
            return numbers[:4]
        end = len(numbers) - self.behind
        surplus = end - self.before
        return numbers[self.before : end] if len(numbers) > 4 and surplus % 2 == 0 else numbers


def find_dialect(
    files: Mapping[Path, Sequence[LabelLine]], *, points: bool | None, size_of: Callable[[Path], Size | None]
) -> Dialect:
    """Find out what the numbers mean.

    Args:
        files: image -> the lines of its label file.
        points: whether the data say that there are key points; None where they say nothing.
        size_of: returns (width, height) of an image, None where it cannot be read; only asked where numbers are pixels.
    """
    lines = [line for several in files.values() for line in several if not line.fault and len(line.numbers) >= 4]
    dialect = Dialect(points=True) if points else _find_others(files, lines, may_be_points=points is None)
    sound = [line for line in lines if len(dialect.bare(line.numbers)) % 2 == 0]
    beyond = [line for line in sound if max(map(abs, dialect.bare(line.numbers))) > 2]
    if beyond and 2 * len(beyond) >= len(sound):
        return _with_pixels(files, dialect, beyond[0], size_of)
    boxes = [numbers for line in sound if len(numbers := dialect.bare(line.numbers)) == 4]
    frame, why = frame_of_fractions(boxes)
    told = (f"lines like {sound[0].text!r} are taken for {why}",) if why else ()
    return dialect._replace(frame=frame, told=dialect.told + told)


def _find_others(
    files: Mapping[Path, Sequence[LabelLine]], lines: Sequence[LabelLine], *, may_be_points: bool
) -> Dialect:
    """Find out what stands in a line beside box or polygon."""
    longer = [line for line in lines if len(line.numbers) > 4]
    counts = {len(line.numbers) for line in longer}
    if may_be_points and len(counts) == 1 and (shape := find_points([line.numbers for line in longer])):
        what = f"{_example(longer)} a box and {shape[0]} key points of {shape[1]} numbers: the boxes are learned"
        advice = f"write kpt_shape: {list(shape)} into the data.yaml to say so, kpt_shape: null if they are polygons"
        return Dialect(points=True, told=(f"{what}, the points are not; {advice}",))
    if not longer or 2 * len(longer) < len(lines):
        return Dialect()
    if all(count % 2 for count in counts):
        return _with_one_more(files, longer, counts)
    scored = counts == {6} and all(0 <= line.numbers[4] <= 1 for line in longer)
    if scored and max(line.numbers[5] for line in longer) > 1 and _are_tracks(files, 5):
        return Dialect(behind=2, told=(f"{_example(longer)} two numbers at the end, {_SURE} and {_TRACK}",))
    return Dialect()


def _with_one_more(files: Mapping[Path, Sequence[LabelLine]], lines: Sequence[LabelLine], counts: set[int]) -> Dialect:
    """Find out what the one number is that stands beside boxes or polygons."""
    placed = sum(looks_placed(line.numbers[:4]) for line in lines) >= _MOST * len(lines)
    if counts == {5} and placed and _are_tracks(files, 4):
        return Dialect(behind=1, told=(f"{_example(lines)} a whole number at the end, taken for {_TRACK}",))
    if (counts != {5} or placed) and all(0 <= line.numbers[-1] <= 1 for line in lines):
        return Dialect(behind=1, told=(f"{_example(lines)} a number from 0 to 1 at the end, taken for {_SURE}",))
    first = counts == {5} and all(0 <= line.numbers[0] <= 1 for line in lines)
    if first and sum(looks_placed(line.numbers[1:]) for line in lines) >= _MOST * len(lines):
        return Dialect(before=1, told=(f"{_example(lines)} a number from 0 to 1 behind the class, taken for {_SURE}",))
    return Dialect()


def _are_tracks(files: Mapping[Path, Sequence[LabelLine]], at: int) -> bool:
    """Return whether the numbers at a place are whole, differ within each image, and leave few out between them."""
    every: set[float] = set()
    for lines in files.values():
        found = [line.numbers[at] for line in lines if len(line.numbers) > at]
        if len(set(found)) < len(found) or not all(number >= 0 and number.is_integer() for number in found):
            return False
        every.update(found)
    return max(every) - min(every) < 2 * len(every)


def _with_pixels(
    files: Mapping[Path, Sequence[LabelLine]],
    dialect: Dialect,
    example: LabelLine,
    size_of: Callable[[Path], Size | None],
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
    frame, why = frame_of_pixels(boxes)
    what = f"numbers like those of {example.text!r} are no shares of the image's sides; {why}"
    return dialect._replace(frame=frame or "centre", told=(*dialect.told, what))


def _example(lines: Sequence[LabelLine]) -> str:
    count = len(lines)
    return f"{count} {'line has' if count == 1 else 'lines have'} ({lines[0].text!r})"
