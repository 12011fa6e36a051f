"""Where everything in a reliability diagram goes; see ``visionft.report.charts``."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from visionft.metrics.calibration import ReliabilityBin
from visionft.report.wording import percent


@dataclass(frozen=True, slots=True)
class Dot:
    """One confidence bin of a reliability diagram; its area grows with the number of predictions in it."""

    x: float
    y: float
    radius: float
    label: str


@dataclass(frozen=True, slots=True)
class ReliabilityDiagram:
    """How often predictions are right, by how confident they are.

    Attributes:
        side: of the square whose diagonal is perfect calibration, in pixels of the drawing.
        left: where the square begins.
        top: where the square begins.
        summary: the diagram in words.
        dots: the bins that hold predictions.
    """

    side: ClassVar[int] = 300
    left: ClassVar[int] = 46
    top: ClassVar[int] = 10

    summary: str
    dots: tuple[Dot, ...]


def reliability_diagram(bins: Sequence[ReliabilityBin]) -> ReliabilityDiagram:
    """Place the bins of confidence in the drawing."""
    total = sum(part.count for part in bins)
    dots = []
    for part in bins:
        if part.confidence is None or part.accuracy is None:
            continue
        words = (
            f"{part.count} predictions with {percent(part.confidence, 0)} confidence on average: "
            f"{percent(part.accuracy, 0)} right"
        )
        x = ReliabilityDiagram.left + ReliabilityDiagram.side * part.confidence
        y = ReliabilityDiagram.top + ReliabilityDiagram.side * (1 - part.accuracy)
        dots.append(Dot(x, y, max(2.5, 22 * math.sqrt(part.count / total)), words))
    return ReliabilityDiagram("; ".join(dot.label for dot in dots), tuple(dots))
