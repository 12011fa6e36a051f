"""Several labels in one text, such as ``cat|dog``."""

from collections.abc import Collection, Iterable

from visionft.data.naming import shorten, some
from visionft.errors import DataError

MARKS = ("|", ";", ",")
"""What separates labels wherever it occurs; a space does only where the texts leave no doubt."""


def find_separator(cells: Iterable[str], where: str) -> str:
    """Find the separator of labels in texts.

    Of ``MARKS`` the only one that occurs does. Without one, spaces do where every word of a text with spaces is a
    whole text somewhere else: then the words are labels. Where none of them is, labels have spaces in their names.

    Args:
        cells: all texts; empty ones say nothing.
        where: file and column, for messages.

    Returns:
        The separator; empty when every text is one label.

    Raises:
        DataError: when several could be meant, with a text for each.
    """
    texts = dict.fromkeys(cell.strip() for cell in cells)
    marks = {mark: next((text for text in texts if mark in text), None) for mark in MARKS}
    found = {mark: text for mark, text in marks.items() if text is not None}
    if len(found) > 1:
        seen = " and ".join(f"{mark!r} in {shorten(text)}" for mark, text in found.items())
        raise DataError(f"{where}: it is not clear what separates labels: there is {seen}; set data.separator")
    return next(iter(found)) if found else _space_between(texts, where)


def _space_between(texts: Collection[str], where: str) -> str:
    alone = {text for text in texts if len(text.split()) == 1}
    words = dict.fromkeys(word for text in texts if text not in alone for word in text.split())
    known = [word for word in words if word in alone]
    if not known:
        return ""
    if len(known) == len(words):
        return " "
    longer = next(text for text in texts if text not in alone and known[0] in text.split())
    unknown = some((word for word in words if word not in alone), 3)
    raise DataError(
        f"{where}: it is not clear whether a space separates labels: in {shorten(longer)} and others, {known[0]} is a "
        f"label elsewhere, but {unknown} is not; set data.separator to ' ', or to '|' if these are names with spaces"
    )


def split_cell(cell: str, separator: str) -> tuple[str, ...]:
    """Return the labels of a text in the order they come, each once, without the spaces around them.

    Args:
        cell: the text.
        separator: what separates; a space stands for any number of blanks, and nothing for a single label.
    """
    parts = cell.split(separator if separator.strip() else None) if separator else [cell]
    return tuple(dict.fromkeys(part for part in (part.strip() for part in parts) if part))
