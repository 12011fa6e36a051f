"""The XML files of Pascal VOC, read and written."""

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree  # document types, and with them entities, are refused

from visionft.data.checks.bad_files import BoxError
from visionft.data.raw_boxes import RawBox
from visionft.data.targets.boxes import Boxes
from visionft.imaging.regular_file import read_regular_file

_CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True, slots=True)
class VocFile:
    """What an annotation file says.

    Attributes:
        file_name: of the image, as it stands there; empty without one.
        size: (width, height) of the image; None where it is not said.
        objects: class name and box each; the name is empty where none is said.
    """

    file_name: str
    size: tuple[int, int] | None
    objects: tuple[tuple[str, RawBox], ...]


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, name: str, public_id: str | None, system: str | None) -> None:  # noqa: ARG002  # the parser's
        """Refuse what may define entities: they grow without bound or name other files."""
        raise BoxError(f"declares a document type {name!r}, which annotations do not need", "declares a document type")


def read_xml(path: Path) -> VocFile:
    """Read an annotation file; the author's ``path`` in it is not looked at.

    Raises:
        BoxError: with the reason, when nobody can tell what it says.
    """
    try:
        data = read_regular_file(path)
        root = ElementTree.fromstring(data, ElementTree.XMLParser(target=_Builder()))  # noqa: S314  # see _Builder
    except OSError as error:
        raise BoxError(f"{path}: cannot be read ({error.strerror})", "the XML file cannot be read") from error
    except BoxError as error:
        raise BoxError(f"{path}: {error}", error.kind) from error
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the latter two: of its encoding
        raise BoxError(f"{path}: is not XML ({error})", "the XML file is damaged") from error
    if root.tag != "annotation":
        raise BoxError(f"{path}: holds <{root.tag}>, and no <annotation>", "the XML file is no annotation")
    objects = [_object(number, node) for number, node in enumerate(root.findall("object"), start=1)]
    return VocFile(_text(root, "filename"), _size(root), tuple(objects))


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
        for name, corner in zip(_CORNERS, (left, top, right, bottom), strict=True):
            _add(box, name, str(corner))
    ElementTree.indent(root)
    path.write_bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
    return lost


def _object(number: int, node: ElementTree.Element) -> tuple[str, RawBox]:
    crowd = _text(node, "difficult") in ("1", "true")
    texts = [_text(node, f"bndbox/{corner}") for corner in _CORNERS]
    name = _text(node, "name")
    try:
        box = RawBox(number, tuple(map(float, texts)), crowd=crowd)
    except ValueError:
        box = RawBox(number, (), crowd=crowd, raw=f"[{', '.join(texts)}]"[:80])
    return name, box if name else box._replace(fault="has no class name")


def _size(root: ElementTree.Element) -> tuple[int, int] | None:
    """Return the stated size; None where it is missing or zero, as some tools leave it."""
    texts = [_text(root, f"size/{side}") for side in ("width", "height")]
    if not all(text.isascii() and text.isdecimal() and len(text) < 10 for text in texts):
        return None
    width, height = map(int, texts)
    return (width, height) if width > 0 and height > 0 else None


def _text(node: ElementTree.Element, path: str) -> str:
    return (node.findtext(path) or "").strip()


def _add(node: ElementTree.Element, tag: str, text: str) -> None:
    ElementTree.SubElement(node, tag).text = text


def _whole(low: float, high: float) -> tuple[int, int]:
    """Return the first and last pixel, counted from 1, of an extent: its ends rounded, or where it begins."""
    if round(low) < round(high):
        return round(low) + 1, round(high)
    return int(low) + 1, int(low) + 1
