"""CVAT for images 1.1: an XML file that lists images and what is drawn on them.

Source: docs.cvat.ai, CVAT format.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from visionft.data.formats.drawings.drawing import Drawing, DrawnShape, Point, ellipse, rectangle, turned
from visionft.data.formats.drawings.finding import DrawnImages, tell, tell_without_split
from visionft.data.formats.drawings.formats import formats_of, kind_of_drawings
from visionft.data.naming import split_above, split_of
from visionft.data.records import Problem
from visionft.errors import DataError
from visionft.imaging.regular_file import read_regular_file

_NO_AREA = ("polyline", "points", "cuboid", "skeleton")
_BEGINNING = 100_000  # bytes in which the first image stands, behind what is said of the task


def cvat_files(path: Path) -> list[Path]:
    """Return the XML files of CVAT in a folder and the folders in it, or the path itself if it is one."""
    files = [path] if path.is_file() else [*path.glob("*.xml"), *path.glob("*/*.xml")]
    return [file for file in sorted(files) if file.suffix.lower() == ".xml" and _is_cvat(file)]


def cvat_kind(files: Sequence[Path]) -> str:
    """Return which format reads files of CVAT when nobody says what is wanted."""
    drawings = [_drawing(node, file, [], []) for file in files for node in _images(file)]
    kind = kind_of_drawings(drawings)
    return "cvat" if kind == "boxes" else f"cvat_{kind}"


def read_cvat(path: Path, images_in: str | None, problems: list[Problem]) -> list[Drawing]:
    """Read the files of CVAT; arguments and errors as of ``formats.Reads``."""
    root = path if path.is_dir() else path.parent
    files = cvat_files(path)
    if not files:
        raise DataError(f"{path}: no XML file of CVAT for images, which has <annotations> and <image>")
    images = DrawnImages(root, images_in)
    found: dict[Path, Drawing] = {}
    lost: list[str] = []
    again: list[str] = []
    without_area: list[str] = []
    attributes: list[str] = []
    for file in files:
        for node in _images(file):
            drawing = _drawing(node, file, without_area, attributes)
            image = images.find(_path_of(node), file) or images.find(drawing.id, file)
            if image is None:
                lost.append(drawing.id)
            elif image in found:
                again.append(drawing.id)
            else:
                name = image.relative_to(root) if image.is_relative_to(root) else Path(image.name)
                split = split_of(node.get("subset", "")) or split_above(name)
                found[image] = Drawing(
                    name.as_posix(), image, drawing.where, drawing.size, split, drawing.shapes, drawing.tags
                )
    left = "left out"
    what = f"not below {root}"
    tell(root, lost, f"listed image is {what}; {left}", f"listed images are {what}; {left}", problems)
    tell(root, again, f"image is listed again; {left}", f"images are listed again; {left}", problems)
    what = "no area, as points and lines have none"
    tell(root, without_area, f"shape has {what}; {left}", f"shapes have {what}; {left}", problems)
    names = sorted(set(attributes))
    tell(root, names, "attribute is not read", "attributes are not read", problems)
    images.tell_unlisted(set(found), f"no entry in {files[0].name}", root, problems)
    drawings = [found[image] for image in sorted(found)]
    tell_without_split({drawing.id: drawing.split for drawing in drawings}, root, problems)
    return drawings


Cvat, CvatPolygons, CvatMasks, CvatLabels, CvatClasses = formats_of(
    "cvat",
    read_cvat,
    "``annotations.xml`` of CVAT for images 1.1 and images anywhere below its folder: {makes}.\n\n"
    "The subsets of a project are its splits. Polylines, points, cuboids and skeletons are left out, told, and so are "
    "attributes. A listed image without a shape shows no object.",
)


def _is_cvat(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            beginning = opened.read(_BEGINNING)
    except OSError:
        return False
    return b"<annotations" in beginning and (b"<image " in beginning or b"<track " in beginning)


def _images(file: Path) -> Iterator[ElementTree.Element]:
    """Yield the images that a file lists.

    Raises:
        DataError: when it is no XML, or of a video.
    """
    try:
        data = read_regular_file(file)
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from error
    if b"<!DOCTYPE" in data[:_BEGINNING] or b"<!ENTITY" in data:
        raise DataError(f"{file}: declares a document type, which CVAT does not write")
    try:
        root = ElementTree.fromstring(data)  # noqa: S314  # without entities, as looked for above
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise DataError(f"{file}: is not XML ({error})") from error
    if root.find("track") is not None:
        raise DataError(
            f"{file}: is CVAT's format for videos, with tracks; export the task again as 'CVAT for images 1.1' with "
            "'Save images'"
        )
    yield from root.iter("image")


def _path_of(node: ElementTree.Element) -> str:
    """Return an image's path as an export with images has it: below the folder of its subset."""
    subset, name = node.get("subset", ""), node.get("name", "")
    return f"{subset}/{name}" if subset else name


def _drawing(node: ElementTree.Element, file: Path, without_area: list[str], attributes: list[str]) -> Drawing:
    name = node.get("name", "")
    sides = [node.get(side, "") for side in ("width", "height")]
    width, height = (int(side) if side.isascii() and side.isdecimal() else 0 for side in sides)
    tags, drawn = [], []
    for number, inner in enumerate(node, start=1):
        attributes += [one.get("name", "") for one in inner.iter("attribute")]
        if inner.tag == "tag":
            tags.append(inner.get("label", ""))
        elif inner.tag in _NO_AREA:
            without_area.append(f"{name}: {inner.tag} {inner.get('label', '')}")
        else:
            drawn.append((_number(inner.get("z_order", "0")), number, inner))
    shapes = [_shape(str(number), inner) for _, number, inner in sorted(drawn, key=lambda one: one[:2])]
    size = (width, height) if width * height else None
    return Drawing(name, file, f"{file}: {name}", size, None, tuple(shapes), tuple(filter(None, tags)))


def _shape(number: str, node: ElementTree.Element) -> DrawnShape:
    label = node.get("label", "").strip()
    turn = _number(node.get("rotation", "0"))
    try:
        if node.tag == "box":
            left, top, right, bottom = (float(node.attrib[key]) for key in ("xtl", "ytl", "xbr", "ybr"))
            corners = rectangle((left, top), (right, bottom))
            return DrawnShape(number, label, (turned(corners, turn) if turn else corners,), is_box=not turn)
        if node.tag == "ellipse":
            x, y, across, down = (float(node.attrib[key]) for key in ("cx", "cy", "rx", "ry"))
            points = ellipse((x, y), (across, down))
            return DrawnShape(number, label, (turned(points, turn) if turn else points,))
        if node.tag == "polygon":
            return DrawnShape(number, label, (tuple(_points(node.attrib["points"])),))
        if node.tag == "mask":
            return DrawnShape(number, label, mask=_mask(node))
    except (KeyError, ValueError):
        return DrawnShape(number, label, fault=f"is a {node.tag} that cannot be read")
    return DrawnShape(number, label, fault=f"is a {node.tag}, which is not known")


def _points(text: str) -> Iterator[Point]:
    for pair in text.split(";"):
        x, y = map(float, pair.split(","))
        yield x, y


def _mask(node: ElementTree.Element) -> tuple[int, int, np.ndarray]:
    """Return a mask of run lengths along the rows of its box, outside first."""
    left, top, width, height = (int(float(node.attrib[key])) for key in ("left", "top", "width", "height"))
    runs = [int(run) for run in node.attrib["rle"].split(",")]
    if min(runs) < 0 or min(left, top) < 0 or sum(runs) != width * height:
        raise ValueError("the run lengths are not those of the box")
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return left, top, flat.reshape(height, width)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
