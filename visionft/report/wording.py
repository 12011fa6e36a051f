"""How numbers read on the page. A value that is not defined is a dash."""

import math
from collections.abc import Mapping

from visionft.data.splits import Split
from visionft.metrics.score import Score

MISSING = "–"
_NARROW_SPACE = "\u202f"  # does not break, so that a number and its unit stay together
PARTS: Mapping[Split, str] = {"train": "training", "val": "validation", "test": "test"}
"""Part of the data -> what its images are called."""


def percent(fraction: float | None, digits: int = 1) -> str:
    """Write a fraction in 0..1 as per cent."""
    return MISSING if fraction is None else f"{100 * fraction:.{digits}f}{_NARROW_SPACE}%"


def decimal(value: float | None, digits: int = 3) -> str:
    """Write a number with a fixed number of decimals, so that columns align."""
    return MISSING if value is None else f"{value:.{digits}f}"


def interval(low: float, high: float, score: Score) -> str:
    """Write a range of a score's values."""
    return f"{100 * low:.1f}–{percent(high)}" if score.percent else f"{decimal(low)}–{decimal(high)}"


def whole(count: int) -> str:
    """Write a count with its thousands set apart."""
    return f"{count:,}".replace(",", _NARROW_SPACE)


def short(value: float | None) -> str:
    """Write a number with up to two decimals: 3 and not 3.0, but 2.5 and 2.33."""
    return MISSING if value is None else f"{round(value, 2):g}"


def rate(value: float | None) -> str:
    """Write a learning rate such as 3e-4, with up to three digits before the exponent."""
    if value is None or value == 0:
        return MISSING if value is None else "0"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def duration(seconds: float) -> str:
    """Write a time with its two largest units."""
    if seconds < 10:
        return f"{seconds:.1f}{_NARROW_SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}{_NARROW_SPACE}h {minutes:02d}{_NARROW_SPACE}min"
    return f"{minutes}{_NARROW_SPACE}min {rest:02d}{_NARROW_SPACE}s" if minutes else f"{rest}{_NARROW_SPACE}s"


def score(value: float | None, score: Score) -> str:
    """Write the value of a score as it is read: as per cent, or as a decimal."""
    return percent(value) if score.percent else decimal(value)


def css(colour: tuple[int, int, int]) -> str:
    """Write a colour (RGB, 0..255) as style sheets do."""
    return "rgb({} {} {})".format(*colour)


def finite(value: float | None) -> float | None:
    """Return the value, or none when it is infinite or not a number, which no chart can place."""
    return value if value is not None and math.isfinite(value) else None
