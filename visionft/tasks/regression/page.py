"""What the page of a regression shows beside what all pages do.

Shape suffixes: N images, V values of an image, H height, W width, 3 colour channels (RGB).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visionft.data.records import Dataset, Sample
from visionft.data.splits import Split
from visionft.data.targets.values import Values, as_array
from visionft.data.units import split_unit, write_value
from visionft.imaging import decode
from visionft.metrics.score import find_scores
from visionft.report import wording
from visionft.report.headline import Headline, headlines
from visionft.report.ranking import worst_and_others
from visionft.tasks.regression.charts import ScatterChart, residual_chart, scatter_chart
from visionft.tasks.regression.metrics import RegressionMetrics, ValueScores, largest_errors
from visionft.tasks.view import TaskView

if TYPE_CHECKING:
    from visionft.tasks.regression.learning import RegressionEvaluation  # needs torch

_UNITLESS, _WITH_UNIT = ("r2", "spearman"), ("mae", "rmse")


class ValueRow(NamedTuple):
    """One value of an image.

    Attributes:
        name: what it is called.
        true: in words.
        predicted: in words.
        error: in standard deviations of the true values.
    """

    name: str
    true: str
    predicted: str
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedImage:
    """An image with what was predicted for it.

    Attributes:
        id: the sample's id.
        image_HW3: uint8 RGB pixels of any size, upright.
        rows: the values that are known.
    """

    id: str
    image_HW3: NDArray[np.uint8]
    rows: tuple[ValueRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSection:
    """One value: its numbers, and charts of its images; none where no true value is known."""

    name: str
    scores: ValueScores
    charts: tuple[ScatterChart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressionSection:
    """An evaluation of a regression; see ``visionft.report.data.PageSection``.

    Attributes:
        class_names: names of the values with their units, in order.
        metrics: the numbers.
        values: of each value what there is to see.
        worst: the images with the largest errors, the worst first.
        others: typical ones and the best, to compare them with.
    """

    template: ClassVar[Path] = Path(__file__).parent / "page.html.j2"

    class_names: tuple[str, ...]
    metrics: RegressionMetrics
    values: tuple[ValueSection, ...]
    worst: tuple[PredictedImage, ...] = ()
    others: tuple[PredictedImage, ...] = ()

    def headlines(self) -> tuple[Headline, ...]:
        """Return the numbers for the top of the page: of a single value also its errors, in its unit."""
        scores = self.metrics.scores
        errors = find_scores(_WITH_UNIT, scores) if len(self.values) == 1 else ()
        unit = self.values[0].scores.unit
        return headlines(self.metrics, find_scores(_UNITLESS, scores)) + tuple(
            Headline(
                score.title,
                self.write(getattr(self.metrics, score.name), unit),
                self._extent(score.name),
                score.meaning,
            )
            for score in errors
        )

    def _extent(self, name: str) -> str:
        low, high = self.metrics.intervals.get(name, (0.0, 0.0))
        return "" if low == high else f"{write_value(low)}–{write_value(high, self.values[0].scores.unit)}"

    @staticmethod
    def write(value: float | None, unit: str = "") -> str:
        """Write a number as tables have it; a dash where it is not defined."""
        return wording.MISSING if value is None else write_value(value, unit)


def regression_section(evaluation: "RegressionEvaluation", dataset: Dataset, split: Split) -> RegressionSection:
    """Show every value, and the images with the largest errors.

    Args:
        evaluation: in the order of the samples.
        dataset: what was evaluated.
        split: which part of it.
    """
    samples, names = dataset.split(split), dataset.class_names
    predicted_NV = evaluation.values_NV.astype(np.float64)
    true_NV = as_array([Values.of(sample).numbers for sample in samples])
    ids = [sample.id for sample in samples]
    order_N, errors_NV = largest_errors(predicted_NV, true_NV)
    worst, others = worst_and_others(len(order_N))

    def picture(rank: int) -> PredictedImage:
        index = int(order_N[rank])
        rows = zip(names, true_NV[index].tolist(), predicted_NV[index].tolist(), errors_NV[index].tolist(), strict=True)
        known = tuple(_row(*row) for row in rows if not np.isnan(row[1]))
        return PredictedImage(id=ids[index], image_HW3=decode(samples[index].image, samples[index].reading), rows=known)

    return RegressionSection(
        class_names=names,
        metrics=evaluation.metrics,
        values=tuple(
            ValueSection(name=name, scores=scores, charts=_charts(column, predicted_NV, true_NV, ids, scores.unit))
            for column, (name, scores) in enumerate(evaluation.metrics.per_value.items())
        ),
        worst=tuple(map(picture, worst)),
        others=tuple(map(picture, others)),
    )


def _charts(
    column: int, predicted_NV: NDArray[np.float64], true_NV: NDArray[np.float64], ids: list[str], unit: str
) -> tuple[ScatterChart, ...]:
    known_N = ~np.isnan(true_NV[:, column])
    if not known_N.any():
        return ()
    arguments = predicted_NV[known_N, column], true_NV[known_N, column], np.array(ids)[known_N].tolist(), unit
    return scatter_chart(f"scatter-{column}", *arguments), residual_chart(f"residual-{column}", *arguments)


def _row(text: str, true: float, predicted: float, error: float) -> ValueRow:
    name, unit = split_unit(text)
    return ValueRow(name, write_value(true, unit), write_value(predicted, unit), error)


class RegressionView(TaskView):
    """Metrics, predicted over true values, errors, and the worst images; images are shown with their values."""

    @classmethod
    def section(cls, evaluation: "RegressionEvaluation", dataset: Dataset, split: Split) -> RegressionSection:
        """Return what the page shows; see the base class."""
        return regression_section(evaluation, dataset, split)

    @classmethod
    def caption(cls, sample: Sample, class_names: tuple[str, ...]) -> str:
        """Return the sample's values."""
        return Values.of(sample).in_words(class_names)
