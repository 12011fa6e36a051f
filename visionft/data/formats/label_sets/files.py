"""What JSON and text files beside images say of their labels."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from visionft.data.formats.label_sets.cells import find_separator, split_cell
from visionft.data.naming import SPLIT_NAMES, shorten
from visionft.data.splits import Split
from visionft.data.walk import read_lines
from visionft.errors import DataError
from visionft.imaging import IMAGE_EXTENSIONS
from visionft.imaging.regular_file import read_regular_file

_NAME_KEYS = ("path", "image", "file", "file_name", "filename", "name")
_LABEL_KEYS = ("labels", "label", "tags", "classes")
_FORMS = 'allowed are {"a.jpg": ["cat", "dog"], ...} and [{"image": "a.jpg", "labels": ["cat", "dog"]}, ...]'

_ENDINGS = "|".join(sorted(re.escape(ending) for ending in IMAGE_EXTENSIONS))
_LINE = re.compile(rf"(.*?(?:{_ENDINGS}))(?:\s*([\t,;:|])\s*|\s+|$)(.*)", re.IGNORECASE)


class Listed(NamedTuple):
    """What a file says of one image.

    Attributes:
        name: the image's, relative or not.
        labels: its labels, each once.
        split: the part of the data it is put into; None where nothing is said.
        where: file and line or record, for messages.
    """

    name: str
    labels: tuple[str, ...]
    split: Split | None
    where: str


class LabelFile(NamedTuple):
    """Everything a file says.

    Attributes:
        listed: by line or record.
        separator: what was found to separate labels; None where nothing had to be found.
        errors: what is wrong with single lines or records.
    """

    listed: tuple[Listed, ...]
    separator: str | None
    errors: tuple[str, ...]


class _Item(NamedTuple):
    """An image with a list of labels, or with a text that holds some."""

    name: str
    labels: tuple[str, ...] | str
    split: Split | None
    where: str


def read_label_file(path: Path, separator: str | None) -> LabelFile:
    """Read a JSON file, or a text file with a line for each image: its name, then its labels.

    Args:
        path: the file.
        separator: what stands between labels in a text; None to find it.

    Raises:
        DataError: when the file is neither, or it is not clear what separates labels.
    """
    errors: list[str] = []
    spaced = False
    if path.suffix.lower() == ".json":
        items = list(_of_json(path, errors))
    else:
        items, spaced = _of_text(path, errors)
    texts = [item.labels for item in items if isinstance(item.labels, str)]
    found = None
    if separator is None and any(texts):
        # a space before the first label is one between labels as well, unless something else is there
        marked = not spaced or any(mark in text for text in texts for mark in "|;,")
        found = find_separator(texts, str(path)) if marked else _between_words(texts)
    used = separator if separator is not None else found or ""
    listed = tuple(
        Listed(
            item.name,
            split_cell(item.labels, used) if isinstance(item.labels, str) else item.labels,
            item.split,
            item.where,
        )
        for item in items
    )
    return LabelFile(listed, found, tuple(errors))


def _between_words(texts: Iterable[str]) -> str:
    """Return what separates labels in texts without a mark: a space, unless words are only ever seen in one text."""
    words = [set(text.split()) for text in set(texts)]
    count = Counter(word for of_text in words for word in of_text)
    several = [of_text for of_text in words if len(of_text) > 1]
    shared = any(count[word] > 1 or word.isdecimal() for of_text in several for word in of_text)
    return " " if shared or not several else ""


def _of_text(path: Path, errors: list[str]) -> tuple[list[_Item], bool]:
    """Return what each line says, and whether nothing but spaces stands before labels."""
    items = []
    spaced = True
    for number, line in enumerate(read_lines(path), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            errors.append(f"{path}:{number}: {shorten(text)} does not begin with the name of an image")
            continue
        name, mark, labels = match.groups()
        spaced = spaced and mark is None
        items.append(_Item(name.strip('"'), labels, None, f"{path}:{number}"))
    return items, spaced


def _of_json(path: Path, errors: list[str]) -> Iterator[_Item]:
    data = _load(path)
    if isinstance(data, dict):
        for name, value in data.items():
            where = f"{path}: {name}"
            labels = _labels(value, where, errors)
            if labels is not None:
                yield _Item(name, labels, None, where)
    elif isinstance(data, list):
        for number, record in enumerate(data):
            item = _of_record(record, f"{path}: record {number}", errors)
            if item is not None:
                yield item
    else:
        raise DataError(f"{path}: holds {shorten(data)}; {_FORMS}")


def _of_record(record: Any, where: str, errors: list[str]) -> _Item | None:
    if not isinstance(record, dict):
        errors.append(f"{where}: is {shorten(record)}; {_FORMS}")
        return None
    name, value = (_first(record, keys) for keys in (_NAME_KEYS, _LABEL_KEYS))
    if not isinstance(name, str) or not name:
        errors.append(f"{where}: names no image; allowed keys are {', '.join(_NAME_KEYS)}")
        return None
    if not any(key in record for key in _LABEL_KEYS):
        errors.append(f"{where}: {name} has no labels; allowed keys are {', '.join(_LABEL_KEYS)}")
        return None
    split = str(record.get("split") or "").casefold()
    if split and split not in SPLIT_NAMES:
        errors.append(f"{where}: split {split!r} is not known; use train, val or test, or leave it out")
        return None
    labels = _labels(value, where, errors)
    return None if labels is None else _Item(name, labels, SPLIT_NAMES.get(split), where)


def _first(record: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((record[key] for key in keys if key in record), None)


def _labels(value: Any, where: str, errors: list[str]) -> tuple[str, ...] | str | None:
    """Return labels of a list, or a text as it is; None after saying in ``errors`` why it is neither."""
    if value is None:
        return ()
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(label, str | int) for label in value):
        return tuple(dict.fromkeys(text for label in value if (text := str(label).strip())))
    errors.append(f'{where}: the labels are {shorten(value)}; a list of names is needed, such as ["cat", "dog"]')
    return None


def _load(path: Path) -> Any:
    try:
        return json.loads(read_regular_file(path).decode("utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError among them
        raise DataError(f"{path}: is not JSON ({error})") from error
