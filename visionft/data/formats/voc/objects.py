"""The objects of an annotation file: boxes, and what other programs write in their place."""

from collections.abc import Iterable, Iterator
from math import cos, isfinite, pi, radians, sin
from xml.etree import ElementTree

from visionft.data.listing import CornerCoding
from visionft.data.raw_boxes import RawBox

CORNERS = ("xmin", "ymin", "xmax", "ymax")
SWAPPED, TURNED = "corners in the other order", "turned boxes, of which the boxes around them count"
POLYGONS, SEVERAL = "polygons, of which the boxes around them count", "several boxes in one object"
FROM_ZERO = (
    "corners at 0, and are read as counted from 1, as Pascal VOC has it: a pixel too far left and up if they are not"
)

Marked = tuple[str, RawBox]
"""Class name, and box."""

_SHIFTS: dict[CornerCoding, tuple[int, int]] = {"pascal": (0, 0), "zero_based": (1, 1), "edges": (1, 0)}
_OTHER_CORNERS = (("left", "top", "right", "bottom"), ("x1", "y1", "x2", "y2"), ("x_min", "y_min", "x_max", "y_max"))
_POINTS = tuple((f"x{n}", f"y{n}") for n in range(1, 200))
_NAMED_POINTS = tuple((f"x_{at}", f"y_{at}") for at in ("left_top", "right_top", "right_bottom", "left_bottom"))
_OUTLINES = ("polygon", "quad", "robndbox", "rotated_bndbox", "rbndbox", "bndbox")
_MOST_TURN = 2 * pi  # angles beyond are degrees


def objects_of(root: ElementTree.Element, habits: set[str], corners: CornerCoding = "pascal") -> list[Marked]:
    """Return the objects below an annotation, those in a list of ``objects`` included; parts of objects are none.

    Args:
        root: the annotation, all tags in lower case.
        habits: grows by what is unusual.
        corners: what the corners of boxes are; they become the first and last pixel, counted from 1.
    """
    nodes = [node for node in _objects(root) if node.tag == "object"]
    found: list[Marked] = []
    for number, node in enumerate(nodes, start=1):
        name = text_of(node, "name")
        crowd = text_of(node, "difficult").casefold() in ("1", "true")
        boxes = list(_boxes(node, habits))
        if len(boxes) > 1:
            habits.add(SEVERAL)
        for part, (texts, outlined) in enumerate(boxes, start=1):
            which = f"{number}.{part}" if len(boxes) > 1 else number
            box = _raw(which, texts, crowd, habits, _SHIFTS["pascal" if outlined else corners])
            found.append((name, box if name else box._replace(fault="has no class name")))
    return found


def _objects(root: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Yield the nodes below one, without those inside of objects."""
    for node in root:
        yield node
        if node.tag != "object":
            yield from _objects(node)


def _boxes(node: ElementTree.Element, habits: set[str]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield left, top, right, bottom of each box of an object, as texts, and whether they are of an outline.

    Where it has none, the texts are empty.
    """
    plain = [corners for box in node.findall("bndbox") if any(corners := _corners(box))]
    if plain:
        yield from ((texts, False) for texts in plain)
        return
    outlines = [around for tag in _OUTLINES for each in node.findall(tag) if (around := _around(each, habits))]
    yield from ((texts, True) for texts in outlines or [("", "", "", "")])


def _corners(box: ElementTree.Element) -> tuple[str, ...]:
    for names in (CORNERS, *_OTHER_CORNERS):
        texts = tuple(text_of(box, name) for name in names)
        if names[0] == "x1" and text_of(box, "x3"):
            continue  # a polygon
        if all(texts) or (names is CORNERS and any(texts)):
            return texts
    x, y, width, height = (text_of(box, name) for name in ("x", "y", "width", "height"))
    try:
        return x, y, str(float(x) + float(width) - 1), str(float(y) + float(height) - 1)
    except ValueError:
        return ("",) * 4


def _around(node: ElementTree.Element, habits: set[str]) -> tuple[str, ...] | None:
    """Return the first and last pixels of a polygon or a turned box, None where its numbers cannot be read."""
    turned = [text_of(node, name) for name in ("cx", "cy", "w", "h", "angle")]
    try:
        if all(turned):
            points = _turned_corners(*map(float, turned))
            habits.add(TURNED)
        else:
            points = [(float(x), float(y)) for x, y in _stated_points(node)]
            habits.add(POLYGONS)
    except ValueError:
        return None
    if len(points) < 3 or not all(isfinite(number) for point in points for number in point):
        return None
    xs, ys = zip(*points, strict=True)
    return tuple(f"{edge:.10g}" for edge in (min(xs) + 1, min(ys) + 1, max(xs), max(ys)))  # as of a box, from 1


def _stated_points(node: ElementTree.Element) -> Iterable[tuple[str, str]]:
    if points := node.findall("pt") or node.findall("point"):
        return [(text_of(point, "x"), text_of(point, "y")) for point in points]
    pairs = [(text_of(node, x), text_of(node, y)) for x, y in (*_POINTS, *_NAMED_POINTS)]
    return [pair for pair in pairs if all(pair)]


def _turned_corners(x: float, y: float, width: float, height: float, angle: float) -> list[tuple[float, float]]:
    turn = angle if abs(angle) <= _MOST_TURN else radians(angle)
    across, down = (cos(turn) * width / 2, sin(turn) * width / 2), (-sin(turn) * height / 2, cos(turn) * height / 2)
    return [
        (x + one * across[0] + other * down[0], y + one * across[1] + other * down[1])
        for one, other in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def _raw(number: int | str, texts: tuple[str, ...], crowd: bool, habits: set[str], shift: tuple[int, int]) -> RawBox:
    """Return a box, of which the first and the last corner are moved by so many pixels."""
    try:
        left, top, right, bottom = map(float, texts)
    except ValueError:
        return RawBox(number, (), crowd=crowd, raw=f"[{', '.join(texts)}]"[:80])
    if 0 in (left, top):
        habits.add(FROM_ZERO)
    if right < left or bottom < top:
        habits.add(SWAPPED)
    first, last = shift
    ordered = (min(left, right) + first, min(top, bottom) + first, max(left, right) + last, max(top, bottom) + last)
    numbers = ordered if isfinite(sum(ordered)) else (left, top, right, bottom)
    return RawBox(number, numbers, crowd=crowd, raw=f"[{', '.join(texts)}]" if first else "")


def text_of(node: ElementTree.Element, path: str) -> str:
    """Return the text at a path below a node, stripped; empty without one."""
    return (node.findtext(path) or "").strip()
