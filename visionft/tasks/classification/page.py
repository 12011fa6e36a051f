"""What the report of a classifier shows beside what all reports do.

Shape suffixes: H height, W width, 3 colour channels (RGB).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.report import charts, confusion, wording
from visionft.report.headline import Headline
from visionft.tasks.classification.metrics import ClassificationMetrics, ClassScores


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One image with what was said about it.

    Attributes:
        id: the sample's id.
        image_HW3: uint8 RGB pixels of any size, upright.
        true: name of the true class.
        predicted: name of the most probable class.
        confidence: probability of the predicted class.
    """

    id: str
    image_HW3: NDArray[np.uint8]
    true: str
    predicted: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassificationResults:
    """An evaluation of a classifier; see ``visionft.report.data.Results``.

    Attributes:
        metrics: the numbers.
        mistakes: wrong answers, the most confident first.
        unsure: right answers, the least confident first.
    """

    template: ClassVar[Path] = Path(__file__).parent / "page.html.j2"
    headline_score: ClassVar[str] = "accuracy"

    metrics: ClassificationMetrics
    mistakes: tuple[Example, ...] = ()
    unsure: tuple[Example, ...] = ()

    @property
    def n(self) -> int:
        """The number of images that were measured."""
        return self.metrics.n

    @property
    def class_names(self) -> tuple[str, ...]:
        """Text for class 0, 1, ..."""
        return tuple(self.metrics.per_class)

    @property
    def right(self) -> int:
        """The number of right answers."""
        return sum(row[label] for label, row in enumerate(self.metrics.confusion))

    @property
    def majority(self) -> float:
        """The share of right answers of a model that always names the most frequent class."""
        return max(sum(row) for row in self.metrics.confusion) / self.metrics.n

    def headlines(self) -> tuple[Headline, ...]:
        """Return the numbers for the top of the page."""
        metrics, intervals = self.metrics, self.metrics.intervals
        return (
            Headline.of("Accuracy", "share of right answers", metrics.accuracy, intervals.get("accuracy")),
            Headline.of(
                "Balanced accuracy",
                "mean recall of the classes",
                metrics.balanced_accuracy,
                intervals.get("balanced_accuracy"),
            ),
            Headline.of("Macro F1", "mean F1 of the classes", metrics.macro_f1, intervals.get("macro_f1")),
            Headline.of(
                "AUROC", "ranking quality; 0.5 is chance", metrics.auroc, intervals.get("auroc"), wording.decimal
            ),
            Headline.of(
                "Calibration error",
                "mean gap of confidence and accuracy; lower is better",
                metrics.calibration_error,
            ),
        )

    def matrix(self) -> tuple[confusion.Row, ...]:
        """Return the confusion matrix."""
        return confusion.matrix_rows(self.metrics.confusion, self.class_names)

    def pairs(self) -> tuple[confusion.Pair, ...]:
        """Return the pairs of classes that are confused most."""
        return confusion.most_confused(self.metrics.confusion, self.class_names)

    def weakest_first(self) -> list[tuple[str, ClassScores]]:
        """Return the classes by rising F1, those without images last."""
        return sorted(
            self.metrics.per_class.items(), key=lambda item: (item[1].support == 0, item[1].f1 or 0.0, item[0])
        )

    def reliability(self) -> charts.ReliabilityDiagram:
        """Return how often predictions are right, by how confident they are."""
        return charts.reliability_diagram(self.metrics.reliability)
