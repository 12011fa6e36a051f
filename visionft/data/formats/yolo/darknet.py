"""``obj.data``, which names the images and classes of YOLO data for Darknet, and in exports of CVAT and Datumaro."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from visionft.data.file_finder import FileFinder
from visionft.data.formats.yolo.names import names_of_file
from visionft.data.formats.yolo.places import places
from visionft.data.naming import split_of
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.texts import read_text
from visionft.errors import DataError

_OTHERS = ("backup", "eval", "results", "top", "labels")
_MOST_BYTES = 1 << 14


class DarknetFile(NamedTuple):
    """What an ``obj.data`` says; as of ``YoloFile``."""

    parts: Mapping[Split, tuple[str, ...]]
    names: Mapping[int, str]
    classes: int | None
    told: tuple[str, ...]


def is_darknet_file(path: Path) -> bool:
    """Return whether a file has lines ``train = train.txt`` or ``names = obj.names``."""
    try:
        lines = _read(path) if path.is_file() and path.stat().st_size <= _MOST_BYTES else {}
    except (DataError, OSError):
        return False
    return any(split_of(key) for key in lines) and not lines.keys().isdisjoint(("names", "classes"))


def read_darknet(path: Path) -> DarknetFile:
    """Read an ``obj.data``.

    Raises:
        DataError: when it, or the list of names that it names, cannot be read.
    """
    lines = _read(path)
    problems: list[Problem] = []
    parts: dict[Split, tuple[str, ...]] = {}
    for key, value in lines.items():
        if (split := split_of(key)) is not None and key not in _OTHERS:
            parts[split] = (*parts.get(split, ()), value)
    strange = [key for key in lines if key not in ("names", "classes", *_OTHERS) and split_of(key) is None]
    told = [f"keys that are not understood: {', '.join(strange)}"] if strange else []
    stated = lines.get("classes", "")
    count = int(stated) if stated.isdecimal() and 0 < int(stated[:9]) <= 100_000 else None
    names = {i: f"class {i}" for i in range(count or 0)}
    if (listed := lines.get("names")) is not None:
        file = next((place for place in places(listed, [path.parent], FileFinder()) if place.is_file()), None)
        if file is None:
            told.append(f"names: {listed}: no such file; the classes have their numbers for names")
        else:
            names = names_of_file(file, problems)
    return DarknetFile(parts, names, count, (*told, *(f"names: {problem}" for problem in problems)))


def _read(path: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in read_text(path).text.splitlines() if not line.strip().startswith("#"))
    return {key.strip().casefold(): value.strip() for key, equals, value in pairs if equals and value.strip()}
