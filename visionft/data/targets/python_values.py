"""What Python programs write for a class, a number or a mask: plain values, numpy's, or torch's."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from visionft.data.listing import Classes
from visionft.data.naming import natural_order, shorten, some
from visionft.errors import DataError
from visionft.imaging.python_images import is_tensor


def as_python(value: Any) -> Any:
    """Return a tensor as an array, and what has no dimension as a plain value."""
    if is_tensor(value):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return value.item()
    return value


def listed(value: Any) -> tuple[Any, ...]:
    """Return the entries of a list, tuple, array or tensor; anything else is the only entry."""
    plain = as_python(value)
    return tuple(plain) if isinstance(plain, list | tuple | np.ndarray) else (plain,)


def described(value: Any) -> str:
    """Show a value in a few words, on one line."""
    plain = as_python(value)
    if isinstance(plain, Mapping):
        return f"a dict of {some(map(str, plain))}"
    shape = getattr(plain, "shape", None) or getattr(plain, "size", None)
    return f"{type(value).__name__} of shape {tuple(shape)}" if isinstance(shape, tuple) else shorten(plain)


def is_class(value: Any) -> bool:
    """Say whether a value may stand for a class: a name or a whole number."""
    return isinstance(as_python(value), str | int)


def is_number(value: Any) -> bool:
    """Say whether a value is a number, or None for one that nobody knows."""
    return value is None or isinstance(as_python(value), int | float)


def names_of(values: Mapping[str, Iterable[Any]], classes: Classes | None) -> dict[str, tuple[str, ...]]:
    """Return the names of the classes that values stand for.

    Args:
        values: where they stand, for messages -> names, or numbers.
        classes: of a list, name i is number i; a mapping gives each name its number or numbers. None calls number i
            by its digits.

    Raises:
        DataError: when a value is no class, or some are names and others numbers.
    """
    by_number = _by_number(classes)
    plain = {where: tuple(map(as_python, several)) for where, several in values.items()}
    named = next((where for where, several in plain.items() if any(isinstance(one, str) for one in several)), None)
    found = {}
    for where, several in plain.items():
        for one in several:
            if not isinstance(one, str | int) or one == "":
                raise DataError(f"{where}: {described(one)} is no class; a name, or a number from 0 on, is needed")
            if not isinstance(one, str) and named is not None:
                raise DataError(f"{where}: class {one} is a number, and that of {named} a name; give one or the other")
        found[where] = tuple(one if isinstance(one, str) else _name(where, int(one), by_number) for one in several)
    return found


def in_order(names: Iterable[str], classes: Classes | None) -> tuple[str, ...]:
    """Return every class once, in label order: as listed, else in natural order."""
    return natural_order(names) if classes is None else tuple(dict.fromkeys((*classes, *names)))


def numbers_in(classes: Classes | None) -> dict[int, str]:
    """Return number -> name; nothing where no classes are given."""
    return _by_number(classes) or {}


def _by_number(classes: Classes | None) -> dict[int, str] | None:
    if classes is None:
        return None
    if not isinstance(classes, Mapping):
        return dict(enumerate(classes))
    found = {}
    for name, several in classes.items():
        for number in several if isinstance(several, Sequence) else (several,):
            if isinstance(number, int):
                found[number] = name
    return found


def _name(where: str, number: int, by_number: Mapping[int, str] | None) -> str:
    if by_number is None and number >= 0:
        return str(number)
    if by_number is None:
        raise DataError(f"{where}: class {number}; numbers of classes begin at 0; leave out what has no label")
    if number not in by_number:
        known = f"{min(by_number)} to {max(by_number)}" if by_number else "none"
        raise DataError(
            f"{where}: class {number} is not among the classes ({known}); where numbers do not begin at 0, give each "
            "name its number: classes={'cat': 1, 'dog': 2}"
        )
    return by_number[number]
