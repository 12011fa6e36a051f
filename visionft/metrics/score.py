"""What a number that tells how good a network is, is called: written down once for terminal, page and charts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from visionft.metrics.bootstrap import Interval


@dataclass(frozen=True, slots=True)
class Score:
    """One number that a task is measured by.

    Attributes:
        name: its key in metrics and histories, such as ``macro_f1``.
        title: what people call it, such as ``macro F1``.
        meaning: what it is, in a few words.
        percent: whether it is read as a percentage, and not as a decimal.
        headline: what the top of a page calls it, where that is not the title.
        lower: whether less is better; where it picks the best weights, the least value is taken.
    """

    name: str
    title: str
    meaning: str = ""
    percent: bool = True
    headline: str = ""
    lower: bool = False

    @property
    def capitalized(self) -> str:
        """The title as the first words of a line."""
        return self.title[0].upper() + self.title[1:]


LOSS = Score("loss", "loss", percent=False, lower=True)
"""The validation loss, which every task may have beside its scores."""


class Metrics(Protocol):
    """What was measured, for people and machines.

    Attributes:
        scores: the numbers of it that people are told, in that order; each is an attribute of its name.
    """

    scores: ClassVar[tuple[Score, ...]]

    @property
    def n(self) -> int:
        """The number of images that were measured."""
        ...

    @property
    def intervals(self) -> Mapping[str, Interval]:
        """The 95 % intervals of scores, by their names; those that have none are left out."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        ...


def in_words(metrics: Metrics) -> str:
    """Return metrics in a line: their numbers with the 95 % intervals, for people in a notebook."""
    parts = []
    for score in metrics.scores:
        value, (low, high) = getattr(metrics, score.name), metrics.intervals.get(score.name, (0.0, 0.0))
        if value is not None:
            parts.append(f"{score.name} {value:.4f}{f' [{low:.4f}, {high:.4f}]' if low != high else ''}")
    return f"{type(metrics).__name__}({metrics.n} images: {', '.join(parts)})"


def find_scores(names: Iterable[str], scores: Sequence[Score]) -> tuple[Score, ...]:
    """Return the score of each name; one that a task does not name is called after its key."""
    known = {score.name: score for score in (LOSS, *scores)}
    return tuple(known.get(name) or Score(name, name.replace("_", " ")) for name in names)
