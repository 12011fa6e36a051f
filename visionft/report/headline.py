"""The numbers at the top of the page."""

from collections.abc import Callable
from dataclasses import dataclass

from visionft.metrics.bootstrap import Interval
from visionft.report import wording


@dataclass(frozen=True, slots=True)
class Headline:
    """One of the numbers at the top, as it is written.

    Attributes:
        name: what it is called.
        value: the number.
        interval: how far it would move with other images; empty when nobody knows.
        meaning: what it is, in a few words.
    """

    name: str
    value: str
    interval: str
    meaning: str

    @classmethod
    def of(
        cls,
        name: str,
        meaning: str,
        value: float | None,
        interval: Interval | None = None,
        write: Callable[[float | None], str] = wording.percent,
    ) -> "Headline":
        """Write a number and its interval; one without extent says nothing about other images and is left out.

        Args:
            name: what it is called.
            meaning: what it is, in a few words.
            value: the number.
            interval: its lower and upper bound.
            write: ``percent`` for a share in 0..1, or ``decimal``.
        """
        low, high = interval or (0.0, 0.0)
        extent = "" if round(low, 4) == round(high, 4) else wording.interval(low, high, shares=write is wording.percent)
        return cls(name, write(value), extent, meaning)
