"""Opening every image, its mask or boxes once, to find the bad ones before training does."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from visionft.data.checks.bad_files import BadFile, MaskError
from visionft.data.checks.near_duplicates import Appearance, appearance_of
from visionft.data.listing import Entry
from visionft.data.raw_boxes import BoxFinding, settle
from visionft.data.split import content_hash
from visionft.errors import DataError, ImageError
from visionft.imaging import decode
from visionft.imaging.header import read_orientation
from visionft.sample import IGNORE, Boxes, MaskSource


@dataclass(frozen=True, slots=True)
class Opened:
    """What a usable image showed.

    Attributes:
        content: hash of the file's bytes.
        appearance: what it looks like, None where it shows nothing to compare.
        size: (width, height) in pixels of the upright image.
        pixels: class index -> pixels in its mask, classes without any left out.
        unsure: whether it is shown turned or mirrored by its EXIF orientation and its size does not tell that its
            mask is, or its boxes are, as well.
        boxes: its objects, None where its label is something else.
        findings: what was found about its boxes.
    """

    content: str
    appearance: Appearance | None
    size: tuple[int, int]
    pixels: Mapping[int, int] = field(default_factory=dict)
    unsure: bool = False
    boxes: Boxes | None = None
    findings: tuple[BoxFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """What opening the files showed.

    Attributes:
        opened: entry id -> what was seen, of the usable files.
        bad: the files that are not, and why.
    """

    opened: dict[str, Opened]
    bad: tuple[BadFile, ...]

    @property
    def findings(self) -> tuple[BoxFinding, ...]:
        """What was found about the boxes of all usable files."""
        return tuple(finding for opened in self.opened.values() for finding in opened.findings)

    @property
    def hashes(self) -> dict[str, str]:
        """Entry id -> hash of the file's bytes."""
        return {name: opened.content for name, opened in self.opened.items()}


def inspect(entries: Sequence[Entry], on_progress: Callable[[int, int], None] | None = None) -> Inspection:
    """Read, hash and decode every file and its mask, and place its boxes.

    Args:
        entries: the files.
        on_progress: called in this thread after each file with (files done, files in all).
    """
    opened: dict[str, Opened] = {}
    bad: list[BadFile] = []
    pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1))  # OpenCV decodes outside Python's lock
    try:
        for done, (entry, outcome) in enumerate(zip(entries, pool.map(_open, entries), strict=True), start=1):
            if isinstance(outcome, Opened):
                opened[entry.id] = outcome
            else:
                bad.append(BadFile(entry.id, outcome))
            if on_progress is not None:
                on_progress(done, len(entries))
    finally:  # an interrupt does not wait for the files that are left
        pool.shutdown(cancel_futures=True)
    return Inspection(opened, tuple(bad))


def _open(entry: Entry) -> Opened | DataError:
    try:
        data = entry.path.read_bytes()
        image = decode(data)
        pixels = {} if entry.mask is None else _count(entry.mask, image.shape[:2])
        opened = Opened(content_hash(data), appearance_of(image), (image.shape[1], image.shape[0]), pixels)
        return opened if entry.mask is None and entry.boxes is None else _with_labels(opened, entry, data)
    except OSError as error:
        return ImageError(f"cannot be read ({error.strerror})")
    except DataError as error:
        return error


def _with_labels(opened: Opened, entry: Entry, data: bytes) -> Opened:
    """Place the boxes, and say whether they or the mask are known to be upright as the image is."""
    orientation = read_orientation(data)
    if entry.boxes is None:
        return replace(opened, unsure=_keeps_size(orientation, *opened.size))
    boxes, findings = settle(entry.boxes, *opened.size, orientation)
    unsure = orientation > 1 and (entry.boxes.size is None or _keeps_size(orientation, *opened.size))
    return replace(opened, unsure=unsure, boxes=boxes, findings=findings)


def _keeps_size(orientation: int, width: int, height: int) -> bool:
    """Say whether an EXIF orientation changes an image but not its size; those from 5 on exchange its sides."""
    return orientation > 1 and (orientation < 5 or width == height)


def _count(mask: MaskSource, size: tuple[int, ...]) -> dict[int, int]:
    mask_HW = mask.read()
    if mask_HW.shape != size:
        turned = "it is turned: the image is shown upright, by its EXIF orientation, so turn the mask as well"
        advice = turned if mask_HW.shape == size[::-1] else "they must be the same"
        sizes = f"{_shown(mask_HW.shape)} pixels, the image {_shown(size)}"
        raise MaskError(f"the mask has {sizes}; {advice}", f"the mask has another size than the image; {advice}")
    counts = np.bincount(mask_HW.ravel(), minlength=IGNORE + 1)
    return {label: int(counts[label]) for label in np.flatnonzero(counts[:IGNORE]).tolist()}


def _shown(size: tuple[int, ...]) -> str:
    return f"{size[1]} x {size[0]}"
