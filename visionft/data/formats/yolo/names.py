"""The names of classes: in a data file, and in lists that lie beside or above the labels."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from visionft.data.naming import shorten, some
from visionft.data.records import Problem
from visionft.data.texts import read_text
from visionft.errors import DataError

NAME_FILES = (
    "classes.txt",
    "obj.names",
    "labels.txt",
    "names.txt",
    "class_names.txt",
    "_classes.txt",
    "predefined_classes.txt",
    "classes.names",
    "data.names",
    "labelmap.txt",
    "notes.json",
)
"""What lists of names are called, the likeliest first; in any letter case."""

_NUMBERED = re.compile(r"\s*(\d+)\s*(?:[:,;=\t]|\s)\s*(\S.*)")


def names_in(names: Any, path: Path) -> dict[int, str]:
    """Return class index -> name of what a data file has as ``names``, all scalars as text.

    Args:
        names: a list, a mapping either way round, a text with commas, or the name of a file.
        path: the data file.

    Raises:
        DataError: when it is nothing of this.
    """
    if isinstance(names, str) and names.strip():
        listed = path.parent / names.replace("\\", "/")
        if len(names) < 200 and "\0" not in names and listed.is_file():
            return names_of_file(listed, [])
        return dict(enumerate(word for part in names.strip("[]() ").split(",") if (word := part.strip(" \"'"))))
    if not isinstance(names, list | dict) or not names:
        raise DataError(f"{path}: names: found {shorten(names)}; it is a list of names, or has one for each index")
    items = dict(enumerate(names)) if isinstance(names, list) else names
    texts = [value for value in items.values() if isinstance(value, str)]
    if not any(_is_index(key) for key in items) and len(texts) == len(items) and all(map(_is_index, texts)):
        items = {value: key for key, value in items.items()}
    found: dict[int, str] = {}
    for key, name in items.items():
        if not _is_index(key):
            raise DataError(f"{path}: names: found the index {key!r}; it is a number from 0")
        if not isinstance(name, str) or not name.strip():
            raise DataError(f"{path}: names: {key}: found {shorten(name)}, which is no text; write it in quotes")
        found[int(key)] = name
    return dict(sorted(found.items()))


def _is_index(key: object) -> bool:
    return str(key).isdecimal() and len(str(key)) < 10


def find_names(folders: Iterable[Path], below: Path, problems: list[Problem]) -> dict[int, str]:
    """Return class index -> name from the first folder with a list of names; nothing without one.

    Args:
        folders: where lists may lie, the likeliest first.
        below: where none must contradict it.
        problems: grows by lists that do, where one of them counts.

    Raises:
        DataError: when lists of folders of labels contradict each other.
    """
    found: dict[Path, dict[int, str]] = {}
    for folder in folders:
        if (file := _list_in(folder)) is not None and (names := names_of_file(file, problems)):
            found[file] = names
    if not found:
        return {}
    first, *others = found
    best = max((file for file in found if _agree(found[file], found[first])), key=lambda file: len(found[file]))
    for other in others:
        if _agree(found[other], found[best]) or not other.is_relative_to(below):
            continue
        if first.parent != below:
            both = ", ".join(f"{file}: {some(found[file].values())}" for file in (first, other))
            raise DataError(f"lists of class names contradict each other: {both}; put the one that counts into {below}")
        problems.append(Problem(str(other), f"names other classes than {first}, which counts"))
    return found[best]


def _list_in(folder: Path) -> Path | None:
    try:
        files = {
            file.name.casefold(): file
            for file in folder.iterdir()
            if file.suffix.casefold() in (".txt", ".names", ".json")
        }
    except OSError:
        return None
    return next((files[name] for name in NAME_FILES if name in files and files[name].is_file()), None)


def _agree(one: Mapping[int, str], other: Mapping[int, str]) -> bool:
    return all(other.get(index, name) == name for index, name in one.items())


def names_of_file(path: Path, problems: list[Problem]) -> dict[int, str]:
    """Return class index -> name from a list of names, a line each, or Label Studio's ``notes.json``.

    Args:
        path: the list.
        problems: grows by a guess at its encoding.

    Raises:
        DataError: when it cannot be read.
    """
    text, guessed = read_text(path)
    if guessed:
        problems.append(Problem(str(path), f"is not UTF-8; read as {guessed}"))
    if path.suffix.casefold() == ".json":
        return _names_of_notes(text)
    lines = {index: line.strip() for index, line in enumerate(text.splitlines()) if line.strip()}
    if next(iter(lines.values()), "").startswith("# label:"):  # CVAT's label map
        return dict(enumerate(line.split(":")[0] for line in lines.values() if not line.startswith("#")))
    numbered = [_NUMBERED.fullmatch(line) for line in lines.values()]
    if len(lines) > 1 and all(numbered):
        pairs = [(int(match[1]), match[2]) for match in numbered if match]
        if [index for index, _ in pairs] in (list(range(len(pairs))), list(range(1, len(pairs) + 1))):
            return dict(pairs)
    return lines


def _names_of_notes(text: str) -> dict[int, str]:
    try:
        categories = json.loads(text)["categories"]
        return {int(one["id"]): str(one["name"]) for one in categories}
    except (ValueError, KeyError, TypeError, RecursionError):  # some other notes
        return {}
