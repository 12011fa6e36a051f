"""How values read: with as many digits as say something, and their unit."""

import math

_DIGITS = 4


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
