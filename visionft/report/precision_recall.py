"""Where everything in a chart of precision and recall goes; see ``visionft.report.charts``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from visionft.report.charts import BOTTOM, LEFT, RIGHT, TOP, Point
from visionft.report.wording import decimal, percent


class PrecisionRecallPoint(Protocol):
    """What is found of a class, and how much of it is right, when it is believed from a confidence on."""

    @property
    def recall(self) -> float:
        """What is found, 0..1."""
        ...

    @property
    def precision(self) -> float:
        """What is right, 0..1."""
        ...


@dataclass(frozen=True, slots=True)
class PrecisionRecallChart:
    """What a class finds, and how much of it is right, at every confidence.

    Attributes:
        key: unique on the page.
        title: the class.
        summary: the chart in words.
        points: of the curve, by rising recall.
        chosen: the point at the class's threshold; none where nothing is believed.
        chosen_words: that point in words.
    """

    key: str
    title: str
    summary: str
    points: tuple[Point, ...]
    chosen: Point | None
    chosen_words: str


def place(recall: float, precision: float) -> Point:
    """Return where a point of the curve is in the drawing."""
    return LEFT + (RIGHT - LEFT) * recall, BOTTOM - (BOTTOM - TOP) * precision


def precision_recall_chart(
    key: str,
    name: str,
    average: str,
    curve: Sequence[PrecisionRecallPoint],
    threshold: float,
    *,
    precision: float | None,
    recall: float | None,
) -> PrecisionRecallChart | None:
    """Place the curve of a class; none when it has no points.

    Args:
        key: unique on the page.
        name: the class.
        average: its average precision in words, such as ``AP50 71.4 %``.
        curve: by falling confidence.
        threshold: confidence from which on the class is believed.
        precision: what is right of what is believed then; none when nothing is.
        recall: what is found then; none when there is nothing to be found.
    """
    if not curve:
        return None
    first, last = curve[0], curve[-1]
    start = place(0.0, first.precision)  # the curve is level up to its first point
    chosen = recall is not None and precision is not None
    words = f"precision {percent(precision)}, recall {percent(recall)}"
    words = f"threshold {decimal(threshold, 2)}: {words}"
    return PrecisionRecallChart(
        key,
        name,
        f"{average}; precision {percent(first.precision)} at a recall of {percent(first.recall)}, "
        f"{percent(last.precision)} at {percent(last.recall)}; {words}",
        (start, *(place(point.recall, point.precision) for point in curve)),
        place(recall or 0.0, precision or 0.0) if chosen else None,
        words,
    )
