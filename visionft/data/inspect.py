"""Opening every image and mask once, to find the bad ones before training does."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from visionft.data.appearance import Appearance, appearance_of
from visionft.data.bad_files import BadFile, MaskError
from visionft.data.listing import Entry
from visionft.data.split import content_hash
from visionft.errors import DataError, ImageError
from visionft.imaging import decode
from visionft.imaging.header import read_orientation
from visionft.sample import IGNORE, MaskSource


@dataclass(frozen=True, slots=True)
class Opened:
    """What a usable image showed.

    Attributes:
        content: hash of the file's bytes.
        appearance: what it looks like, None where it shows nothing to compare.
        size: (width, height) in pixels of the upright image.
        pixels: class index -> pixels in its mask, classes without any left out.
        unsure: whether it is shown turned or mirrored by its EXIF orientation and its size does not tell that its
            mask is as well.
    """

    content: str
    appearance: Appearance | None
    size: tuple[int, int]
    pixels: Mapping[int, int] = field(default_factory=dict)
    unsure: bool = False


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
    def hashes(self) -> dict[str, str]:
        """Entry id -> hash of the file's bytes."""
        return {name: opened.content for name, opened in self.opened.items()}


def inspect(entries: Sequence[Entry], on_progress: Callable[[int, int], None] | None = None) -> Inspection:
    """Read, hash and decode every file and its mask.

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
    except OSError as error:
        return ImageError(f"cannot be read ({error.strerror})")
    except DataError as error:
        return error
    size = (image.shape[1], image.shape[0])
    unsure = entry.mask is not None and _keeps_size(read_orientation(data), *size)
    return Opened(content_hash(data), appearance_of(image), size, pixels, unsure)


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
