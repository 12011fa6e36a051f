"""The numbers at the top of the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from visionft.metrics.score import Metrics, Score
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


def headlines(metrics: Metrics, scores: Sequence[Score]) -> tuple[Headline, ...]:
    """Write scores and their intervals.

    Args:
        metrics: what was measured.
        scores: those of its numbers that the top of the page shows.
    """
    return tuple(
        Headline(
            score.headline or score.capitalized,
            wording.score(getattr(metrics, score.name), score),
            _extent(metrics, score),
            score.meaning,
        )
        for score in scores
    )


def _extent(metrics: Metrics, score: Score) -> str:
    """Write an interval; one without extent says nothing about other images and is left out."""
    low, high = metrics.intervals.get(score.name, (0.0, 0.0))
    return "" if round(low, 4) == round(high, 4) else wording.interval(low, high, score)
