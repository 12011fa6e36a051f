"""Numbers with units: the name of a value holds its unit, as in ``weight [g]``, wherever it goes."""

import math
import re

_DIGITS = 4
_UNIT = re.compile(r"(?P<name>.*\S)\s*(?:\[(?P<square>[^][]*)\]|\((?P<round>[^()]*)\))", re.DOTALL)


def split_unit(text: str) -> tuple[str, str]:
    """Return the name and the unit of a value called ``weight [g]`` or ``weight (g)``; no unit is empty text.

    Only brackets and parentheses at the end hold a unit: ``weight_g`` is a name.
    """
    found = _UNIT.fullmatch(text.strip())
    if found is None:
        return text.strip(), ""
    unit = found["square"] if found["square"] is not None else found["round"]
    return found["name"], unit.strip()


def with_unit(name: str, unit: str) -> str:
    """Return the text that ``split_unit`` takes apart."""
    return f"{name} [{unit}]" if unit else name


def write_value(value: float, unit: str = "") -> str:
    """Write a number with four digits that count, whole numbers whole, and its unit: ``3.42 g``."""
    if value == 0 or not math.isfinite(value):
        text = f"{value:g}"
    elif not 1e-4 <= abs(value) < 1e12:
        text = f"{value:.{_DIGITS - 1}e}"
    else:
        decimals = max(0, _DIGITS - 1 - math.floor(math.log10(abs(value))))
        text = f"{value:.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} {unit}".rstrip()
