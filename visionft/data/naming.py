"""Conventions about names: the order of classes, what splits are called, which files are nobody's."""

import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from visionft.data.splits import Split

SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}

_LEFT_BY_SYSTEMS = {"thumbs.db", "desktop.ini", "__macosx"}


def natural_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort as people do, each name once: 1, 2, 10; case only breaks ties."""
    return tuple(sorted(set(names), key=_natural_key))


def _natural_key(name: str) -> tuple[Any, ...]:
    parts = re.split(r"([0-9]+)", name.casefold())
    return ([(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part], name)


def split_of(name: str) -> Split | None:
    """Return the split that a folder is called, if any; a year may follow, as in train2017."""
    return SPLIT_NAMES.get(re.sub(r"[-_]?[0-9]{4}$", "", name.casefold()))


def split_above(file: PurePath) -> Split | None:
    """Return the split of the first folder of a relative path that is called like one, None where none is."""
    return next((split for part in file.parts[:-1] if (split := split_of(part))), None)


def is_junk(name: str) -> bool:
    """Return whether a file or folder is hidden or was left by an operating system."""
    return name.startswith(".") or name.casefold() in _LEFT_BY_SYSTEMS


def some(names: Iterable[str], limit: int = 5) -> str:
    """Name the first few, and how many more there are."""
    names = list(names)
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def counted(count: int, one: str, several: str) -> str:
    """Write a number with what there is, in the singular where it is one: ``1 image has``, ``2 images have``."""
    return f"{count} {one if count == 1 else several}"


def shorten(value: object) -> str:
    """Show what stands in a file, as far as it fits a message."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
