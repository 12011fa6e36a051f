"""Whether the numbers behind a box are key points: those of a polygon look alike."""

from collections.abc import Sequence

_FEWEST = 5  # lines of points without a word on whether each can be seen
_MOST = 0.95  # of the lines
_SLACK = 0.1  # of a box's side
_EDGE = 1.02
_HALF = 0.55  # of a box's side, rounding included
_SAME = 2e-3  # of the image's side: corners of a parallelogram, rounded

Numbers = tuple[float, ...]


def find_points(lines: Sequence[Numbers]) -> tuple[int, int] | None:
    """Return how many key points follow the box of every line, and how many numbers each has; None for polygons.

    Whether a point can be seen is 0, 1 or 2, which no polygon has at every third place. Where points are pairs, they
    lie in the box that the first four numbers make, and the second pair, its sides, is far from them.

    Args:
        lines: the numbers behind the class, as many in each.
    """
    behind = len(lines[0]) - 4
    boxed = sum(map(_is_box, lines)) >= _MOST * len(lines)
    if behind >= 3 and behind % 3 == 0:
        seen = {number for line in lines for number in line[6::3]}
        inside = boxed and sum(_holds(line, 3) for line in lines) >= _MOST * len(lines)
        if seen <= {0, 1, 2} and (2 in seen or behind % 2 or inside):
            return behind // 3, 3
    if behind < 2 or behind % 2 or not boxed or len(lines) < _FEWEST:
        return None
    if sum(_holds(line, 2) for line in lines) < _MOST * len(lines):
        return None
    as_polygon = sum(_is_parallelogram(line) or _is_near_the_rest(line) for line in lines)
    return None if 2 * as_polygon > len(lines) else (behind // 2, 2)


def _is_box(line: Numbers) -> bool:
    x, y, width, height = line[:4]
    inside = min(x - width / 2, y - height / 2) >= 1 - _EDGE and max(x + width / 2, y + height / 2) <= _EDGE
    return width > 0 and height > 0 and inside


def _holds(line: Numbers, step: int) -> bool:
    """Return whether the box holds the points; (0, 0) stands for one that is not labelled."""
    x, y, width, height = line[:4]
    reach_x, reach_y = width * (0.5 + _SLACK), height * (0.5 + _SLACK)
    points = zip(line[4::step], line[5::step], strict=True)
    return all((px == 0 and py == 0) or (abs(px - x) <= reach_x and abs(py - y) <= reach_y) for px, py in points)


def _is_parallelogram(line: Numbers) -> bool:
    if len(line) != 8:
        return False
    return all(abs(line[at] + line[at + 4] - line[at + 2] - line[at + 6]) <= _SAME for at in (0, 1))


def _is_near_the_rest(line: Numbers) -> bool:
    """Return whether the second pair lies among the others, or no further from them than they are apart.

    A polygon that lies in the box about its own first corner reaches over half of it at most.
    """
    for axis in (0, 1):
        others = [line[axis], *line[4 + axis :: 2]]
        low, high = min(others), max(others)
        apart = high - low
        if apart > _HALF * line[2 + axis] or not low - apart <= line[2 + axis] <= high + apart:
            return False
    return True
