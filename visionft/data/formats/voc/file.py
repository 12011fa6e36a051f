"""The XML files of Pascal VOC, read and written."""

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree  # entities are refused before

from visionft.data.checks.bad_files import BoxError
from visionft.data.formats.voc.objects import CORNERS, Marked, objects_of, text_of
from visionft.data.listing import CornerCoding
from visionft.data.targets.boxes import Boxes
from visionft.data.texts import decode_text
from visionft.imaging.regular_file import read_regular_file

_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_GROWING = re.compile(r"<!(?:ENTITY|ATTLIST)")
_NAMESPACE = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class VocFile:
    """What an annotation file says.

    Attributes:
        file_name: of the image, as it stands there; empty without one.
        size: (width, height) of the image; None where it is not said.
        objects: class name and box each; the name is empty where none is said.
        habits: in which ways it is unusual.
    """

    file_name: str
    size: tuple[int, int] | None
    objects: tuple[Marked, ...]
    habits: frozenset[str] = frozenset()


def read_xml(path: Path, corners: CornerCoding = "pascal") -> VocFile:
    """Read an annotation file; the author's ``path`` in it is not looked at.

    Args:
        path: the file.
        corners: what the corners of boxes are.

    Raises:
        BoxError: with the reason, when nobody can tell what it says.
    """
    try:
        text, guessed = _decode(read_regular_file(path))
        if _GROWING.search(text):  # entities grow without bound, or name other files
            raise BoxError(f"{path}: declares entities, which annotations do not need", "declares entities")
        root = ElementTree.fromstring(text.strip())  # noqa: S314  # see _GROWING
    except OSError as error:
        raise BoxError(f"{path}: cannot be read ({error.strerror})", "the XML file cannot be read") from error
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the latter two: of its encoding
        raise BoxError(f"{path}: is not XML ({error})", "the XML file is damaged") from error
    found_as = root.tag
    for node in root.iter():
        node.tag = _NAMESPACE.sub("", str(node.tag)).casefold()
    habits = {f"bytes of {guessed} without saying so"} if guessed else set()
    objects = objects_of(root, habits, corners)
    if root.tag != "annotation":
        inner = root.findall(".//annotation")
        if len(inner) > 1:
            what = f"holds {len(inner)} annotations; a file for each image is needed"
            raise BoxError(f"{path}: {what}", "the XML file is of several images")
        if not objects and not inner:
            raise BoxError(f"{path}: holds <{found_as}>, and no <annotation>", "the XML file is no annotation")
    return VocFile(_first_text(root, "filename"), _size(root), tuple(objects), frozenset(habits))


def _decode(data: bytes) -> tuple[str, str]:
    """Return the text of an XML file, and the encoding where the file does not tell the truth about it.

    Raises:
        LookupError: when it names an encoding that nobody knows.
        ValueError: when it is no text.
    """
    stated = _ENCODING.match(data)
    if stated is None or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return decode_text(data)
    encoding = stated[1].decode("ascii")
    if encoding.casefold().startswith(("utf-16", "utf16", "ucs")):  # which could not be read in single bytes
        return decode_text(data)
    try:
        return data.decode("utf-8-sig" if encoding.casefold() in ("utf-8", "utf8") else encoding), ""
    except UnicodeError:
        return decode_text(data)


def write_xml(path: Path, image: str, size: tuple[int, int], boxes: Boxes, class_names: tuple[str, ...]) -> list[int]:
    """Write an annotation file.

    Args:
        path: the file.
        image: name of the image file.
        size: (width, height) in pixels.
        boxes: the objects, in pixels; crowds become ``difficult``.
        class_names: of their labels.

    Returns:
        The positions of the boxes that are left out: in whole pixels they are a single one, which readers take for a
        slip of the mouse.
    """
    root = ElementTree.Element("annotation")
    _add(root, "filename", image)
    inner = ElementTree.SubElement(root, "size")
    for name, value in zip(("width", "height", "depth"), (*size, 3), strict=True):
        _add(inner, name, str(value))
    lost = []
    for at, (xyxy, label, crowd) in enumerate(zip(boxes.xyxy, boxes.labels, boxes.crowd, strict=True)):
        left, right = _whole(xyxy[0], xyxy[2])
        top, bottom = _whole(xyxy[1], xyxy[3])
        if (left, top) == (right, bottom):
            lost.append(at)
            continue
        node = ElementTree.SubElement(root, "object")
        _add(node, "name", class_names[label])
        _add(node, "difficult", str(int(crowd)))
        box = ElementTree.SubElement(node, "bndbox")
        for name, corner in zip(CORNERS, (left, top, right, bottom), strict=True):
            _add(box, name, str(corner))
    ElementTree.indent(root)
    path.write_bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
    return lost


def _size(root: ElementTree.Element) -> tuple[int, int] | None:
    """Return the stated size; None where it is missing or zero, as some tools leave it."""
    texts = [_first_text(root, f"size/{side}").removesuffix(".0") for side in ("width", "height")]
    if not all(text.isascii() and text.isdecimal() and len(text) < 10 for text in texts):
        return None
    width, height = map(int, texts)
    return (width, height) if width > 0 and height > 0 else None


def _first_text(root: ElementTree.Element, path: str) -> str:
    return text_of(root, path) or text_of(root, f".//{path}")


def _add(node: ElementTree.Element, tag: str, text: str) -> None:
    ElementTree.SubElement(node, tag).text = text


def _whole(low: float, high: float) -> tuple[int, int]:
    """Return the first and last pixel, counted from 1, of an extent: its ends rounded, or where it begins."""
    if round(low) < round(high):
        return round(low) + 1, round(high)
    return int(low) + 1, int(low) + 1
