"""How long a run may take, as people write it."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

AUTO = "auto"
"""What suits the device."""
_PATTERN = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")


def budget_seconds(text: str) -> float | None:
    """Return the seconds of a budget such as ``90s``, ``5m`` or ``1h30m``; None for ``none``.

    Raises:
        ValueError: when it is none.
    """
    if text == "none":
        return None
    match = _PATTERN.fullmatch(text.replace(" ", "").lower())
    seconds = (
        sum(float(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True)) if match else 0
    )
    if not seconds > 0:
        raise ValueError(f"{text!r} is no time; write it as 90s, 5m, 1h or 1h30m, or none for as long as it takes")
    return seconds


def in_words(seconds: float) -> str:
    """Return seconds as people write them: ``45 s``, ``5 min 03 s``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _text(given: Any) -> Any:
    """Return what stands in a recipe as text, once it is known to be a time."""
    if given is None or given is False:
        return "none"
    text = str(given)
    if text != AUTO:
        budget_seconds(text)
    return text


Budget = Annotated[str, BeforeValidator(_text), Field(examples=["90s", "5m", "1h"])]
