"""Opening every image and its target once, to find the bad ones before training does."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from visionft.cores import usable_cores
from visionft.data.checks.bad_files import BadFile
from visionft.data.checks.near_duplicates import Appearance, appearance_of
from visionft.data.listing import Entry, Listing
from visionft.data.split import content_hash
from visionft.data.targets.base import Target
from visionft.data.targets.raw import Finding, OpenedImage, Resolved
from visionft.errors import DataError, ImageError
from visionft.imaging.decode import decode, decode_raw, to_rgb
from visionft.imaging.frames import holds_several
from visionft.imaging.levels import Seen, bits_of, see
from visionft.imaging.pixels import Pixels
from visionft.imaging.python_images import DeepPixels
from visionft.imaging.regular_file import read_regular_file
from visionft.spec import Reading


@dataclass(frozen=True, slots=True)
class Opened:
    """What a usable image showed.

    Attributes:
        content: hash of the file's bytes, or of an image in memory.
        appearance: what it looks like, None where it shows nothing to compare.
        size: (width, height) in pixels of the upright image.
        resolved: its target, and what was found about that.
        seen: what its values tell.
        several: whether the file holds more pictures than the first, which is the one that is read.
    """

    content: str
    appearance: Appearance | None
    size: tuple[int, int]
    resolved: Resolved
    seen: Seen
    several: bool = False


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
    def targets(self) -> list[Target]:
        """The targets of all usable files."""
        return [opened.resolved.target for opened in self.opened.values()]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found about the targets of all usable files."""
        return tuple(finding for opened in self.opened.values() for finding in opened.resolved.findings)

    @property
    def hashes(self) -> dict[str, str]:
        """Entry id -> hash of the file's bytes."""
        return {name: opened.content for name, opened in self.opened.items()}


def inspect(listing: Listing, reading: Reading, on_progress: Callable[[int, int], None] | None = None) -> Inspection:
    """Read, hash and decode every file, and resolve its target.

    Args:
        listing: the files.
        reading: what is said about their values.
        on_progress: called in this thread after each file with (files done, files in all).
    """
    entries = listing.entries
    opened: dict[str, Opened] = {}
    bad: list[BadFile] = []
    pool = ThreadPoolExecutor(min(8, usable_cores()))  # OpenCV decodes outside Python's lock
    try:
        outcomes = pool.map(partial(_open, listing.class_names, reading), entries)
        for done, (entry, outcome) in enumerate(zip(entries, outcomes, strict=True), start=1):
            if isinstance(outcome, Opened):
                opened[entry.id] = outcome
            else:
                bad.append(BadFile(entry.id, outcome))
            if on_progress is not None:
                on_progress(done, len(entries))
    finally:  # an interrupt does not wait for the files that are left
        pool.shutdown(cancel_futures=True)
    return Inspection(opened, tuple(bad))


def _open(class_names: tuple[str, ...], reading: Reading, entry: Entry) -> Opened | DataError:
    try:
        image = entry.image
        data = b"" if isinstance(image, Pixels) else read_regular_file(image)
        image_HW3, seen = _of_memory(image, reading) if isinstance(image, Pixels) else _decode(data, reading)
        content = image.content if isinstance(image, Pixels) else content_hash(data)
        size = (image_HW3.shape[1], image_HW3.shape[0])
        resolved = entry.target.resolve(OpenedImage(size, data), class_names)
        return Opened(content, appearance_of(image_HW3), size, resolved, seen, holds_several(data))
    except OSError as error:
        return ImageError(f"cannot be read ({error.strerror})")
    except DataError as error:
        return error


def _decode(data: bytes, reading: Reading) -> tuple[NDArray[np.uint8], Seen]:
    """Return the pixels, of as many bits as the image itself shows where nothing is said, and what its values tell."""
    raw = decode_raw(data, reading)
    alpha = raw.alpha
    seen = see(raw.pixels if alpha is None else raw.pixels[..., :3], alpha)
    return to_rgb(raw, _as_shown(reading, seen)), seen


def _of_memory(image: Pixels, reading: Reading) -> tuple[NDArray[np.uint8], Seen]:
    """Return the same of an image in memory."""
    seen = image.seen if isinstance(image, DeepPixels) else Seen()
    return decode(image, _as_shown(reading, seen)), seen


def _as_shown(reading: Reading, seen: Seen) -> Reading:
    if reading.range is None and seen.high is not None and bits_of(seen.high) < 16:
        return replace(reading, range=(0.0, float((1 << bits_of(seen.high)) - 1)))
    return reading
