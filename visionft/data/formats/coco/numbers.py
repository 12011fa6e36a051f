"""Numbers and ids of JSON files, in the forms in which tools write them."""

from typing import Any

Key = int | str
"""An id: a number where it is one, however it is written."""

_LONGEST = 100  # digits


def whole_number(value: Any) -> int | None:
    """Return a whole number that may be text or have a point; None where it is none."""
    if type(value) is int:
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if not isinstance(value, str):
        return None
    text = value.strip().removesuffix(".0")
    digits = text.removeprefix("-")
    return int(text) if digits.isdecimal() and digits.isascii() and len(digits) < _LONGEST else None


def key_of(value: Any) -> Key | None:
    """Return an id; None where there is none."""
    number = whole_number(value)
    if number is not None or not isinstance(value, str):
        return number
    return value.strip() or None


def order(key: Key) -> tuple[bool, Key]:
    """Return by what ids are ordered: numbers before texts."""
    return isinstance(key, str), key
