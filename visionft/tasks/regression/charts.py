"""Where everything in the charts of predicted values goes; see ``visionft.report.charts``.

Shape suffixes: N images.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from visionft.data.units import with_unit, write_value
from visionft.metrics.scores import Floats
from visionft.report.charts import Point, Tick, nice_ticks

_MOST_DOTS = 800  # more would hide each other, and make the page heavy


@dataclass(frozen=True, slots=True)
class ScatterDot:
    """One image; ``label`` says which, and both of its numbers."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class ScatterChart:
    """A square of dots about a line on which predictions are right.

    Attributes:
        side: of the square, in pixels of the drawing.
        left: where the square begins.
        top: where the square begins.
        key: unique on the page.
        title: what is drawn.
        x_title: what goes across.
        y_title: what goes up.
        summary: the chart in words.
        x_ticks: labelled places across.
        y_ticks: labelled places up.
        right: the two ends of the line on which predictions are right.
        dots: the images.
    """

    side: ClassVar[int] = 300
    left: ClassVar[int] = 56
    top: ClassVar[int] = 22

    key: str
    title: str
    x_title: str
    y_title: str
    summary: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    right: tuple[Point, Point]
    dots: tuple[ScatterDot, ...]


@dataclass(frozen=True, slots=True)
class _Range:
    low: float
    high: float

    @classmethod
    def around(cls, *values: Floats) -> "_Range":
        low, high = min(each.min() for each in values), max(each.max() for each in values)
        margin = 0.04 * (high - low) or max(abs(high), 1.0)  # one value alone gets a range as well
        return cls(float(low - margin), float(high + margin))

    def fraction(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)

    def ticks(self, place: Callable[[float], float]) -> tuple[Tick, ...]:
        return tuple(Tick(place(value), write_value(value)) for value in nice_ticks(self.low, self.high))


def scatter_chart(key: str, predicted_N: Floats, true_N: Floats, ids: Sequence[str], unit: str) -> ScatterChart:
    """Place what was predicted over what is true.

    Args:
        key: unique on the page.
        predicted_N: in the value's unit; N >= 1.
        true_N: likewise, all known.
        ids: of the images.
        unit: of the value; may be empty.
    """
    both = _Range.around(predicted_N, true_N)
    return _chart(
        key,
        ("Predicted by true value", with_unit("true", unit), with_unit("predicted", unit)),
        (true_N, both),
        (predicted_N, both),
        (both.low, both.high),
        predicted_N - true_N,
        _labels(predicted_N, true_N, ids, unit),
        f"{len(true_N)} images with true values from {write_value(true_N.min(), unit)} to "
        f"{write_value(true_N.max(), unit)}, predicted from {write_value(predicted_N.min(), unit)} to "
        f"{write_value(predicted_N.max(), unit)}",
    )


def residual_chart(key: str, predicted_N: Floats, true_N: Floats, ids: Sequence[str], unit: str) -> ScatterChart:
    """Place errors, predicted less true, over what was predicted; arguments as for ``scatter_chart``."""
    errors_N = predicted_N - true_N
    reach = max(float(np.abs(errors_N).max()), 1e-9 * float(np.abs(predicted_N).max())) or 1.0  # all may be right
    return _chart(
        key,
        ("Error by predicted value", with_unit("predicted", unit), with_unit("error", unit)),
        (predicted_N, _Range.around(predicted_N)),
        (errors_N, _Range(-1.04 * reach, 1.04 * reach)),
        (0.0, 0.0),
        errors_N,
        _labels(predicted_N, true_N, ids, unit),
        f"errors of {len(errors_N)} images from {write_value(errors_N.min(), unit)} to "
        f"{write_value(errors_N.max(), unit)}; half of them lie between "
        f"{write_value(np.quantile(errors_N, 0.25), unit)} and {write_value(np.quantile(errors_N, 0.75), unit)}",
    )


def _chart(
    key: str,
    titles: tuple[str, str, str],
    across: tuple[Floats, _Range],
    up: tuple[Floats, _Range],
    right: tuple[float, float],
    errors_N: Floats,
    labels: Sequence[str],
    summary: str,
) -> ScatterChart:
    (x_N, x_range), (y_N, y_range) = across, up

    def place_x(value: float) -> float:
        return ScatterChart.left + ScatterChart.side * x_range.fraction(value)

    def place_y(value: float) -> float:
        return ScatterChart.top + ScatterChart.side * (1 - y_range.fraction(value))

    ends = (place_x(x_range.low), place_y(right[0])), (place_x(x_range.high), place_y(right[1]))
    drawn = _drawn(errors_N)
    dots = tuple(ScatterDot(place_x(x_N[index]), place_y(y_N[index]), labels[index]) for index in drawn)
    if len(drawn) < len(x_N):
        summary = f"{summary}; {len(drawn)} of them are drawn, those with the largest errors among them"
    return ScatterChart(key, *titles, summary, x_range.ticks(place_x), y_range.ticks(place_y), ends, dots)


def _drawn(errors_N: Floats) -> list[int]:
    """Choose images, in order: all, or of many the ones with the largest errors, and others evenly by their errors."""
    if len(errors_N) <= _MOST_DOTS:
        return list(range(len(errors_N)))
    order_N = np.argsort(-np.abs(errors_N), kind="stable")
    worst, others = order_N[: _MOST_DOTS // 10], order_N[_MOST_DOTS // 10 :]
    even = np.linspace(0, len(others) - 1, _MOST_DOTS - len(worst)).round().astype(int)
    return sorted({*worst.tolist(), *others[even].tolist()})


def _labels(predicted_N: Floats, true_N: Floats, ids: Sequence[str], unit: str) -> list[str]:
    return [
        f"{name}: {write_value(true, unit)}, predicted {write_value(predicted, unit)}"
        for name, true, predicted in zip(ids, true_N.tolist(), predicted_N.tolist(), strict=True)
    ]
