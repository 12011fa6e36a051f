"""What the page of a multi-label classifier shows beside what all pages do.

Shape suffixes: N images, K classes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.data.naming import some
from visionft.data.records import Dataset, Sample
from visionft.data.splits import Split
from visionft.data.targets.label_set import LabelSet, flags_of
from visionft.imaging import decode
from visionft.report.confusion import ConfusedPair
from visionft.report.headline import Headline, headlines
from visionft.report.precision_recall import PrecisionRecallChart, precision_recall_chart
from visionft.report.ranking import worst_and_others
from visionft.report.wording import percent
from visionft.tasks.multilabel.metrics import LabelScores, MultilabelMetrics
from visionft.tasks.multilabel.pairs import TogetherPair, confused_pairs, pairs_together
from visionft.tasks.multilabel.ranking import Flags
from visionft.tasks.view import TaskView

if TYPE_CHECKING:
    from visionft.tasks.multilabel.learning import MultilabelEvaluation  # needs torch

_CHARTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPicture:
    """An image with the labels that it has and those that it was given.

    Attributes:
        id: the sample's id.
        rank: place among all images, from the worst on, counted from 1.
        image_HW3: uint8 RGB pixels of any size, upright.
        right: labels that it has and was given, each with its probability.
        missed: labels that it has and was not given, likewise.
        wrong: labels that it was given and has not, likewise.
    """

    id: str
    rank: int
    image_HW3: NDArray[np.uint8]
    right: tuple[tuple[str, float], ...]
    missed: tuple[tuple[str, float], ...]
    wrong: tuple[tuple[str, float], ...]

    @property
    def words(self) -> str:
        """What the picture shows, for who does not see it."""
        parts = {"right": self.right, "missed": self.missed, "wrongly given": self.wrong}
        listed = [f"{what}: {', '.join(name for name, _ in labels)}" for what, labels in parts.items() if labels]
        return "; ".join(listed) or "no label, and none given"


@dataclass(frozen=True, slots=True, kw_only=True)
class MultilabelSection:
    """An evaluation of a multi-label classifier; see ``visionft.report.data.PageSection``.

    Attributes:
        metrics: the numbers.
        precision: what the thresholds were to reach on the validation images; none where they have the best F1.
        usual: fraction of images that have exactly the set of labels that most images have.
        confused: labels that were missed with those that were given instead, the most frequent first.
        together: labels that are given together more often or more rarely than they are true together.
        worst: the images with the most improbable labels, that one first; all have a wrong or a missed one.
        others: images to compare them with.
    """

    template: ClassVar[Path] = Path(__file__).parent / "page.html.j2"

    metrics: MultilabelMetrics
    precision: float | None = None
    usual: float
    confused: tuple[ConfusedPair, ...] = ()
    together: tuple[TogetherPair, ...] = ()
    worst: tuple[LabelledPicture, ...] = ()
    others: tuple[LabelledPicture, ...] = ()

    @property
    def class_names(self) -> tuple[str, ...]:
        """Text for class 0, 1, ..."""
        return tuple(self.metrics.per_class)

    @property
    def exact(self) -> int:
        """The number of images whose labels are exactly right."""
        return round(self.metrics.exact_match * self.metrics.n)

    def headlines(self) -> tuple[Headline, ...]:
        """Return the numbers for the top of the page."""
        return headlines(self.metrics, self.metrics.scores)

    @property
    def left_out(self) -> str:
        """The classes that the means leave out; empty where there are none."""
        return some(self.metrics.left_out)

    def weakest_first(self) -> list[tuple[str, LabelScores]]:
        """Return the classes by rising AP, those without one last."""
        return sorted(self.metrics.per_class.items(), key=lambda item: (item[1].ap is None, item[1].ap or 0.0, item[0]))

    def unreached(self) -> str:
        """Return the classes of which less than the wanted precision is right here; empty where there are none."""
        target_precision = self.precision or 0.0
        scores = self.metrics.per_class.items()
        return some(name for name, one in scores if one.precision is not None and one.precision < target_precision)

    def never_given(self) -> str:
        """Return the classes that images here have and none is given at its threshold; empty where there are none."""
        scores = self.metrics.per_class.items()
        return some(name for name, one in scores if one.support and one.precision is None)

    def charts(self) -> tuple[PrecisionRecallChart, ...]:
        """Return precision and recall of at most twelve classes, the weakest first."""
        drawn = (_chart(f"pr-{place}", *item) for place, item in enumerate(self.weakest_first()))
        return tuple(chart for chart in drawn if chart)[:_CHARTS]


class MultilabelView(TaskView):
    """Metrics, labels that are confused, and the worst images; images are shown with their labels."""

    @classmethod
    def section(cls, evaluation: "MultilabelEvaluation", dataset: Dataset, split: Split) -> MultilabelSection:
        """Return what the page shows; see the base class."""
        return multilabel_section(evaluation, dataset.split(split))

    @classmethod
    def caption(cls, sample: Sample, class_names: tuple[str, ...]) -> str:
        """Return the sample's labels."""
        return ", ".join(class_names[index] for index in LabelSet.of(sample).indices) or "no label"


def multilabel_section(evaluation: "MultilabelEvaluation", samples: Sequence[Sample]) -> MultilabelSection:
    """Show the images with the most improbable labels, and labels that are confused.

    Args:
        evaluation: in the order of the samples.
        samples: what was evaluated.
    """
    metrics, probabilities_NK = evaluation.metrics, evaluation.probabilities_NK
    names = tuple(metrics.per_class)
    thresholds_K = np.array([scores.threshold for scores in metrics.per_class.values()], np.float32)
    sets = [LabelSet.of(sample) for sample in samples]
    true_NK = flags_of(sets)
    predicted_NK = probabilities_NK >= thresholds_K
    # those with mistakes first; then by how improbable what is true of them is
    chosen_NK = np.where(true_NK, probabilities_NK, 1 - probabilities_NK)
    badness_N = -np.log(np.maximum(chosen_NK, 1e-6)).sum(axis=1)
    wrong_N = (true_NK != predicted_NK).any(axis=1)
    worst_first = np.lexsort((-badness_N, ~wrong_N))

    def picture(rank: int) -> LabelledPicture:
        index = int(worst_first[rank])
        return _picture(samples[index], rank + 1, true_NK[index], predicted_NK[index], probabilities_NK[index], names)

    worst, others = worst_and_others(len(samples))
    mistaken = int(wrong_N.sum())
    return MultilabelSection(
        metrics=metrics,
        precision=evaluation.precision,
        usual=max(Counter(sets).values()) / len(sets),
        confused=confused_pairs(true_NK, predicted_NK, names),
        together=pairs_together(true_NK, predicted_NK, names),
        worst=tuple(picture(rank) for rank in worst if rank < mistaken),
        others=tuple(picture(rank) for rank in others),
    )


def _picture(
    sample: Sample,
    rank: int,
    true_K: Flags,
    predicted_K: Flags,
    probabilities_K: NDArray[np.float32],
    names: Sequence[str],
) -> LabelledPicture:
    def labels(chosen_K: Flags) -> tuple[tuple[str, float], ...]:
        order = sorted(np.flatnonzero(chosen_K).tolist(), key=lambda label: -probabilities_K[label])
        return tuple((names[label], float(probabilities_K[label])) for label in order)

    return LabelledPicture(
        id=sample.id,
        rank=rank,
        image_HW3=decode(sample.image, sample.reading),
        right=labels(true_K & predicted_K),
        missed=labels(true_K & ~predicted_K),
        wrong=labels(predicted_K & ~true_K),
    )


def _chart(key: str, name: str, scores: LabelScores) -> PrecisionRecallChart | None:
    average = f"AP {percent(scores.ap)}"
    return precision_recall_chart(
        key, name, average, scores.curve, scores.threshold, precision=scores.precision, recall=scores.recall
    )
