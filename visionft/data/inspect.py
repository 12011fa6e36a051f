"""Opening every image once, to find the bad ones before training does."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from visionft.data.listing import Entry
from visionft.data.split import content_hash
from visionft.errors import ImageError
from visionft.imaging import decode
from visionft.sample import Problem


@dataclass(frozen=True, slots=True)
class Inspection:
    """What opening the files showed.

    Attributes:
        hashes: entry id -> hash of the bytes, of the files that decode.
        bad: one problem per file that does not.
    """

    hashes: dict[str, str]
    bad: tuple[Problem, ...]


def inspect(entries: Sequence[Entry], on_progress: Callable[[int, int], None] | None = None) -> Inspection:
    """Read, hash and decode every file.

    Args:
        entries: the files.
        on_progress: called in this thread after each file with (files done, files in all).
    """
    hashes: dict[str, str] = {}
    bad: list[Problem] = []
    pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1))  # OpenCV decodes outside Python's lock
    try:
        for done, (entry, outcome) in enumerate(zip(entries, pool.map(_open, entries), strict=True), start=1):
            if isinstance(outcome, str):
                hashes[entry.id] = outcome
            else:
                bad.append(Problem(entry.id, str(outcome)))
            if on_progress is not None:
                on_progress(done, len(entries))
    finally:  # an interrupt does not wait for the files that are left
        pool.shutdown(cancel_futures=True)
    return Inspection(hashes, tuple(bad))


def _open(entry: Entry) -> str | ImageError:
    try:
        data = entry.path.read_bytes()
        decode(data)
    except OSError as error:
        return ImageError(f"cannot be read ({error.strerror})")
    except ImageError as error:
        return error
    return content_hash(data)
