"""Where everything in a chart of precision and recall goes; see ``visionft.report.charts``."""

from dataclasses import dataclass

from visionft.report.charts import BOTTOM, LEFT, RIGHT, TOP, Point
from visionft.report.wording import decimal, percent
from visionft.tasks.objects.metrics import ClassAP


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


def precision_recall_chart(key: str, name: str, scores: ClassAP) -> PrecisionRecallChart | None:
    """Place the curve of a class; none when it has no objects or no detections.

    Args:
        key: unique on the page.
        name: the class.
        scores: its numbers.
    """
    if not scores.curve:
        return None
    first, last = scores.curve[0], scores.curve[-1]
    start = place(0.0, first.precision)  # the curve is level up to its first point
    chosen = scores.recall is not None and scores.precision is not None
    words = f"precision {percent(scores.precision)}, recall {percent(scores.recall)}"
    words = f"threshold {decimal(scores.threshold, 2)}: {words}"
    return PrecisionRecallChart(
        key,
        name,
        f"AP50 {percent(scores.ap50)}; precision {percent(first.precision)} at a recall of {percent(first.recall)}, "
        f"{percent(last.precision)} at {percent(last.recall)}; {words}",
        (start, *(place(point.recall, point.precision) for point in scores.curve)),
        place(scores.recall or 0.0, scores.precision or 0.0) if chosen else None,
        words,
    )
