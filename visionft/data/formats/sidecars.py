"""Files of labels that are called like images."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOKED_AT = 3  # files that are opened
_HEAD = 1 << 16  # bytes of each
_ANNOTATION_KEYS = re.compile(
    rb'"(?:shapes|imagePath|annotations?|objects|bbox|polygons?|regions|result|completions|points|boxes)"\s*:'
)
_BOX_TAGS = re.compile(rb"<(?:bndbox|robndbox|object|polygon|annotation)\b")


@dataclass(frozen=True, slots=True)
class Sidecars:
    """Files of labels beside images.

    Attributes:
        files: the files.
        what: what they are, plural.
        formats: names in ``FORMATS`` that may read them.
        otherwise: what to do where none does.
    """

    files: tuple[Path, ...]
    what: str
    formats: tuple[str, ...]
    otherwise: str


def find_sidecars(images: Sequence[Path], others: Sequence[Path]) -> Sidecars | None:
    """Find files of labels that most images of a folder have, by their names and a look into a few.

    Args:
        images: all images of a tree.
        others: all other files of it.
    """
    stems = {image.stem for image in images}
    for ending, (what, formats, otherwise, is_annotation) in _KINDS.items():
        files = [file for file in others if file.suffix.lower() == ending and file.stem in stems]
        if not files or 2 * len({file.stem for file in files}) < _most_in_a_folder(images, files):
            continue
        if all(is_annotation(_head(file)) for file in files[:: max(1, len(files) // _LOOKED_AT)][:_LOOKED_AT]):
            return Sidecars(tuple(files), what, formats, otherwise)
    return None


def _most_in_a_folder(images: Sequence[Path], files: Sequence[Path]) -> int:
    """Return how many images there are in the folders of images that have such a file."""
    named = {file.stem for file in files}
    folders = {image.parent for image in images if image.stem in named}
    return sum(image.parent in folders for image in images)


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(_HEAD)
    except OSError:
        return b""


def _is_xml(head: bytes) -> bool:
    return _BOX_TAGS.search(head) is not None


def _is_json(head: bytes) -> bool:
    return _ANNOTATION_KEYS.search(head) is not None


def _is_numbers(head: bytes) -> bool:
    """Return whether each line is a class number and numbers behind it; an empty file is an image without objects."""
    rows = [line.split() for line in head.decode("utf-8", "replace").splitlines()[:5] if line.strip()]
    try:
        return all(len([float(word) for word in row]) >= 5 for row in rows)
    except ValueError:
        return False


_KINDS = {
    ".xml": (
        "XML files of annotations",
        ("voc",),
        "they are no Pascal VOC; convert them to COCO, YOLO or Pascal VOC",
        _is_xml,
    ),
    ".json": (
        "JSON files of annotations",
        ("labelme",),
        "export them from their tool as COCO, YOLO or Pascal VOC",
        _is_json,
    ),
    ".txt": (
        "text files of numbers, as YOLO has them,",
        ("yolo",),
        "put them into labels/ beside images/, or each beside its image",
        _is_numbers,
    ),
}
