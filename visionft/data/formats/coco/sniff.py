"""What COCO files hold, found in their text: reading a large one takes a hundred times as long."""

import mmap
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Literal

Kind = Literal["objects", "captions", "panoptic", "labels", "part", ""]
"""``labels`` are of whole images; ``part`` are images without annotations, as of test sets, or the reverse."""

_LISTS = tuple(re.compile(rb'"%s"\s*:\s*\[' % key) for key in (b"images", b"annotations"))

_NUMBERS = rb"[^][,{}]+(?:,[^][,{}]+){0,4}"
"""Up to five: no polygon, but a box, or a click or two."""
_NOTHING = (
    rb"""\[\s*(?:(?:\[\s*(?:%s)?\]|null|%s)\s*)?\]|null|\{\s*\}|"[^"]*"|\{[^{}]*"counts"\s*:\s*(?:\[\s*\]|"")[^{}]*\}"""
    % (
        _NUMBERS,
        _NUMBERS,
    )
)
_OBJECT = re.compile(rb'"bbox"\s*:|"segmentation"\s*:\s*(?:(%s)\s*[,}])?' % _NOTHING)
_OF_OBJECTS = (b'"bbox"', b'"segmentation"', b'"keypoints"', b'"area"', b'"iscrowd"')
_BEGINNING = 16384  # bytes of a list
_ENOUGH = 4000  # boxes and segmentations


def kind_of(path: Path) -> Kind:
    """Return what a JSON file holds, by its lists: COCO's objects, captions and so on."""
    with _open(path) as text:
        return _kind(text)


@contextmanager
def _open(path: Path) -> Iterator[mmap.mmap | bytes]:
    """Give the text of a file; nothing where it cannot be read, which is told by whoever reads it."""
    text: mmap.mmap | None = None
    if path.is_file():  # opening a pipe would not end
        with suppress(OSError, ValueError), path.open("rb") as file:  # ValueError: of an empty file
            text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if text is None:
        yield b""
        return
    with text:
        yield text


def _kind(text: mmap.mmap | bytes) -> Kind:
    if not text[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return ""
    images, annotations = (pattern.search(text) for pattern in _LISTS)
    listed = b"" if images is None else text[images.end() : images.end() + _BEGINNING]
    stated = b"" if annotations is None else text[annotations.end() : annotations.end() + _BEGINNING]
    if images is None or annotations is None:
        return "part" if b'"file_name"' in listed or b'"image_id"' in stated else ""
    if b'"segments_info"' in stated:
        return "panoptic"
    if b'"category_id"' not in stated and b'"caption"' in stated:
        return "captions"
    return "objects" if any(key in stated for key in _OF_OBJECTS) or b'"category_id"' not in stated else "labels"


def any_outline(files: Iterable[Path]) -> bool:
    """Return whether files may hold an outline, which is certain only where they hold none."""
    for file in files:
        with _open(file) as text:
            if any(found[1] is None for found in _OBJECT.finditer(text) if not found[0].startswith(b'"bbox"')):
                return True
    return False


def coco_kind(files: Iterable[Path]) -> str:
    """Return which format reads annotation files: ``coco`` where most objects have a box and no outline.

    The first objects of each file are looked at.
    """
    boxes = outlines = segmentations = 0
    for file in files:
        with _open(file) as text:
            for found in islice(_OBJECT.finditer(text), _ENOUGH):
                is_box = found[0].startswith(b'"bbox"')
                boxes += is_box
                segmentations += not is_box
                outlines += not is_box and found[1] is None
    if not boxes:
        return "coco" if segmentations and not outlines else "coco_masks"
    return "coco_masks" if 2 * outlines >= boxes else "coco"
