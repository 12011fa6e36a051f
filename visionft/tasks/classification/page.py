"""What the page of a classifier shows beside what all pages do.

Shape suffixes: N images, K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from visionft.data.records import Dataset, Sample
from visionft.data.splits import Split
from visionft.data.targets.label import Label
from visionft.imaging import decode
from visionft.report import PredictedPicture, confusion
from visionft.report.headline import Headline, headlines
from visionft.tasks.classification.metrics import ClassificationMetrics, ClassScores
from visionft.tasks.classification.reliability_diagram import ReliabilityDiagram, reliability_diagram
from visionft.tasks.view import TaskView

if TYPE_CHECKING:
    from visionft.tasks.classification.learning import ClassificationEvaluation  # needs torch

_MISTAKES, _UNSURE = 24, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassificationSection:
    """An evaluation of a classifier; see ``visionft.report.data.PageSection``.

    Attributes:
        metrics: the numbers.
        mistakes: wrong answers, the most confident first.
        unsure: right answers, the least confident first.
    """

    template: ClassVar[Path] = Path(__file__).parent / "page.html.j2"

    metrics: ClassificationMetrics
    mistakes: tuple[PredictedPicture, ...] = ()
    unsure: tuple[PredictedPicture, ...] = ()

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
        """The fraction of right answers of a model that always names the most frequent class."""
        return max(sum(row) for row in self.metrics.confusion) / self.metrics.n

    def headlines(self) -> tuple[Headline, ...]:
        """Return the numbers for the top of the page."""
        return headlines(self.metrics, self.metrics.scores)

    def matrix(self) -> tuple[confusion.MatrixRow, ...]:
        """Return the confusion matrix."""
        return confusion.matrix_rows(self.metrics.confusion, self.class_names)

    def pairs(self) -> tuple[confusion.ConfusedPair, ...]:
        """Return the pairs of classes that are confused most."""
        return confusion.most_confused(self.metrics.confusion, self.class_names)

    def weakest_first(self) -> list[tuple[str, ClassScores]]:
        """Return the classes by rising F1, those without images last."""
        return sorted(
            self.metrics.per_class.items(), key=lambda item: (item[1].support == 0, item[1].f1 or 0.0, item[0])
        )

    def reliability(self) -> ReliabilityDiagram:
        """Return how often predictions are right, by how confident they are."""
        return reliability_diagram(self.metrics.reliability)


def classification_section(
    evaluation: "ClassificationEvaluation", samples: Sequence[Sample], class_names: Sequence[str]
) -> ClassificationSection:
    """Show the most confident mistakes and the least confident right answers.

    Args:
        evaluation: in the order of the samples.
        samples: what was evaluated.
        class_names: text for class 0, 1, ...
    """
    labels_N = np.array([Label.of(sample).index for sample in samples])
    probabilities_NK = evaluation.probabilities_NK
    predicted_N, confidence_N = probabilities_NK.argmax(axis=1), probabilities_NK.max(axis=1)
    wrong_N = predicted_N != labels_N

    def picture(index: int) -> PredictedPicture:
        return PredictedPicture(
            id=samples[index].id,
            image_HW3=decode(samples[index].image, samples[index].reading),
            true=class_names[Label.of(samples[index]).index],
            predicted=class_names[predicted_N[index]],
            confidence=float(confidence_N[index]),
        )

    by_confidence = [int(index) for index in np.argsort(confidence_N, kind="stable")]
    mistakes = [index for index in reversed(by_confidence) if wrong_N[index]][:_MISTAKES]
    unsure = [index for index in by_confidence if not wrong_N[index]][:_UNSURE]
    return ClassificationSection(
        metrics=evaluation.metrics, mistakes=tuple(map(picture, mistakes)), unsure=tuple(map(picture, unsure))
    )


class ClassificationView(TaskView):
    """Metrics, wrong answers and unsure ones; images are shown with their class."""

    @classmethod
    def section(cls, evaluation: "ClassificationEvaluation", dataset: Dataset, split: Split) -> ClassificationSection:
        """Return what the page shows; see the base class."""
        return classification_section(evaluation, dataset.split(split), dataset.class_names)

    @classmethod
    def caption(cls, sample: Sample, class_names: tuple[str, ...]) -> str:
        """Return the sample's class."""
        return class_names[Label.of(sample).index]
