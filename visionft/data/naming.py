"""Conventions about names: the order of classes, what splits are called, which files are nobody's."""

import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from visionft.data.splits import Split

SPLIT_NAMES: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval", "evaluation"), "val"),
    **dict.fromkeys(("test", "testing", "holdout", "hold-out", "hold_out"), "test"),
}
"""What a split is called where nothing but splits stand, as in a table's column."""

_SHORT: dict[str, Split] = {"tr": "train", "trn": "train", "va": "val", "vl": "val", "te": "test", "tst": "test"}
_AROUND = r"(?:images?|imgs?|pictures?|photos?|samples?|data|dataset|set|seg|split|folder|part|new|final)"
_DECORATED = re.compile(
    rf"(?:{_AROUND}[_\-. ]*)*?({'|'.join(sorted(SPLIT_NAMES, key=len, reverse=True))})"
    rf"(?:[_\-. ]*{_AROUND})*(?:[_\-. ]?[0-9]{{1,4}})?"
)

_NEVER_DATA = {
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "__pycache__", "lost+found", "icon\r"),
    *("$recycle.bin", "system volume information", ".ds_store", ".git", ".gitignore", ".gitattributes", ".gitkeep"),
}
_LEFT_BY_SYSTEMS = _NEVER_DATA | {"@eadir", "#recycle", "@recycle", "#snapshot", "@tmp"}


def natural_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort as people do, each name once: 1, 2, 10; case only breaks ties."""
    return tuple(sorted(set(names), key=_natural_key))


def _natural_key(name: str) -> tuple[Any, ...]:
    parts = re.split(r"([0-9]+)", name.casefold())
    return ([(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part], name)


def split_of(name: str) -> Split | None:
    """Return the split that a folder is called, if any: ``train2017``, ``training_set``, ``_val``, ``seg_test``."""
    match = _DECORATED.fullmatch(name.casefold().strip("_-. "))
    return SPLIT_NAMES[match[1]] if match else None


def splits_among(names: Iterable[str]) -> dict[str, Split]:
    """Return the split of each of some names that lie side by side; what is none is left out.

    Abbreviations such as ``tr`` and ``te`` count beside others. A set for evaluation beside one for validation is for
    testing.
    """
    names = list(names)
    found = {name: split for name in names if (split := split_of(name))}
    short = {name: split for name in names if (split := _SHORT.get(name.casefold().strip("_-. ")))}
    if len({*found.values(), *short.values()}) > 1:
        found |= short
    evaluated = [name for name in found if "eval" in name.casefold()]
    if "test" not in found.values() and any(split == "val" for name, split in found.items() if name not in evaluated):
        found |= dict.fromkeys(evaluated, "test")
    return found


def words_of(name: str) -> set[str]:
    """Return the words of a name in lower case, split names and numbers left out, and all of them in one."""
    words = [word for word in re.split(r"[^a-z]+", name.casefold()) if word and word not in SPLIT_NAMES]
    return {*words, "".join(words)} - {""}


def split_above(file: PurePath) -> Split | None:
    """Return the split of the first folder of a relative path that is called like one, None where none is."""
    return next((split for part in file.parts[:-1] if (split := split_of(part))), None)


def is_junk(name: str) -> bool:
    """Return whether a file or folder is hidden or was left by an operating system, a NAS or a notebook."""
    return name.startswith(".") or name.casefold() in _LEFT_BY_SYSTEMS


def is_never_data(name: str) -> bool:
    """Return whether junk is such that nobody could take it for data, so that it need not be told."""
    return name.casefold() in _NEVER_DATA


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
