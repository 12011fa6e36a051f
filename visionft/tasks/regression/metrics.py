"""Every number that says how good predicted values are, from them and the true ones.

Shape suffixes: N images, V values of an image, R resamples.

A true value that nobody knows is NaN; it is not measured, and the image's other values are all the same. R2 is measured
against always answering the mean of the true values that were measured. It is not defined where these are all the same,
nor is Spearman's correlation, which also needs predictions that differ. A number that is not defined is None, in Python
as in JSON.

R2 and Spearman's correlation have no unit, and so a mean over the values. Errors have the unit of their value: grams
and degrees have no mean, so that the overall MAE and RMSE are those of the only value, None where there are several.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError
from visionft.metrics.bootstrap import Interval, percentile_intervals
from visionft.metrics.finite import require_finite
from visionft.metrics.score import Score, in_words
from visionft.metrics.scores import Floats, Ints, defined_mean, optional
from visionft.tasks.regression.definition import RegressionTask
from visionft.tasks.regression.scores import SCORES, resampled_scores, scores

_UNITLESS = ("r2", "spearman")


@dataclass(frozen=True, slots=True)
class ValueScores:
    """How well one value is predicted; errors and spread are in its unit.

    Attributes:
        unit: text such as ``g``; empty when nobody said.
        n: images of which the true value is known.
        mae: mean absolute error; none without images, as the next five.
        rmse: root of the mean squared error.
        bias: mean of predicted less true.
        error_p90: nine of ten errors are at most as large.
        worst_error: the largest error.
        spread: standard deviation of the true values, which is the RMSE of always answering their mean.
        r2: fraction of the variance that is explained; below 0 when worse than always answering the mean.
        spearman: correlation of the ranks, -1..1.
        intervals: 95 % percentile bootstrap interval of mae, rmse, r2 and spearman.
    """

    unit: str
    n: int
    mae: float | None
    rmse: float | None
    bias: float | None
    error_p90: float | None
    worst_error: float | None
    spread: float | None
    r2: float | None
    spearman: float | None
    intervals: dict[str, Interval]


@dataclass(frozen=True, slots=True)
class RegressionMetrics:
    """What ``regression_metrics`` measures.

    Attributes:
        n: images of which at least one true value is known.
        r2: mean over the values of which it is defined.
        spearman: mean over the values of which it is defined.
        mae: that of the only value, in its unit; none where there are several.
        rmse: likewise.
        per_value: scores by the values' names.
        intervals: 95 % percentile bootstrap interval of r2, spearman, and mae and rmse where they are defined.
    """

    scores: ClassVar[tuple[Score, ...]] = RegressionTask.scores
    __repr__ = in_words

    n: int
    r2: float | None
    spearman: float | None
    mae: float | None
    rmse: float | None
    per_value: dict[str, ValueScores]
    intervals: dict[str, Interval]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        plain = asdict(self)
        for holder in (plain, *plain["per_value"].values()):
            holder["intervals"] = {name: list(interval) for name, interval in holder["intervals"].items()}
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "RegressionMetrics":
        """Read what ``to_dict`` returned, also after a round trip through JSON."""
        per_value = {
            name: ValueScores(**{**values, "intervals": _pairs(values["intervals"])})
            for name, values in plain["per_value"].items()
        }
        return cls(**{**plain, "per_value": per_value, "intervals": _pairs(plain["intervals"])})


def regression_metrics(
    predicted_NV: NDArray[np.floating[Any]],
    true_NV: NDArray[np.floating[Any]],
    names: Sequence[str],
    units: Sequence[str] = (),
    *,
    bootstrap: int = 1000,
    seed: int = 0,
) -> RegressionMetrics:
    """Measure predicted values on images of which the true ones are known.

    Args:
        predicted_NV: finite, in the values' units; N >= 1, V >= 1.
        true_NV: likewise, with NaN where a value is not known; at least one is.
        names: V different names.
        units: one of each value; none at all stands for V empty ones.
        bootstrap: resamples of images behind the intervals; 0 gives none.
        seed: the intervals are a function of it and the data.

    Raises:
        DataError: when the arrays or names are not what is said above.
    """
    predicted_NV, true_NV = _checked(predicted_NV, true_NV)
    values = predicted_NV.shape[1]
    units = tuple(units) or ("",) * values
    if len(names) != values or len(set(names)) != values or len(units) != values:
        raise DataError(f"values: {len(names)} names and {len(units)} units given; {values} different names are needed")
    measured = scores(predicted_NV, true_NV)
    overall = _overall(measured)
    intervals = _intervals(predicted_NV, true_NV, bootstrap, seed) if bootstrap else {}
    columns = zip(names, units, predicted_NV.T, true_NV.T, strict=True)
    per_value = {
        name: _value_scores(
            predicted_N,
            true_N,
            unit,
            {score: optional(measured[score][column]) for score in SCORES},
            {score: intervals[key] for score in SCORES if (key := f"{score} {column}") in intervals},
        )
        for column, (name, unit, predicted_N, true_N) in enumerate(columns)
    }
    return RegressionMetrics(
        n=int((~np.isnan(true_NV)).any(axis=1).sum()),
        per_value=per_value,
        intervals={name: intervals[name] for name in SCORES if name in intervals},
        **{name: optional(overall[name]) if name in overall else None for name in SCORES},
    )


def quick_metrics(predicted_NV: NDArray[np.floating[Any]], true_NV: NDArray[np.floating[Any]]) -> dict[str, float]:
    """Score one validation pass in milliseconds, as ``regression_metrics`` does.

    Args:
        predicted_NV: as there.
        true_NV: as there.

    Returns:
        r2 and spearman, means over the values; of a single value also mae and rmse. What is not defined is left out.

    Raises:
        DataError: when the arrays are not what is said there.
    """
    overall = _overall(scores(*_checked(predicted_NV, true_NV)))
    return {name: float(score) for name, score in overall.items() if not np.isnan(score)}


def largest_errors(predicted_NV: Floats, true_NV: Floats) -> tuple[Ints, Floats]:
    """Order images by their largest error, counted in the spread of the true values.

    Returns:
        indices of the images of which a true value is known, the worst first; and the errors_NV of all, in standard
        deviations of the true values (in their unit, where these are all the same), NaN where nothing is known.
    """
    known = [column[~np.isnan(column)] for column in true_NV.T]
    spread_V = np.array([column.std() if len(column) else 0 for column in known])
    errors_NV = np.abs(predicted_NV - true_NV) / np.where(spread_V > 0, spread_V, 1)
    worst_N = np.fmax.reduce(errors_NV, axis=1)  # NaN only where nothing is known
    return np.argsort(-worst_N, kind="stable")[: int((~np.isnan(worst_N)).sum())], errors_NV


def _checked(predicted_NV: NDArray[Any], true_NV: NDArray[Any]) -> tuple[Floats, Floats]:
    predicted_NV, true_NV = (np.asarray(values, dtype=np.float64) for values in (predicted_NV, true_NV))
    if predicted_NV.ndim != 2 or predicted_NV.shape != true_NV.shape or 0 in predicted_NV.shape:
        raise DataError(
            f"predictions: shape {predicted_NV.shape} with true values of shape {true_NV.shape}; "
            "allowed is (N, V) for both, with N >= 1 images and V >= 1 values"
        )
    require_finite(predicted_NV)
    if np.isinf(true_NV).any() or np.isnan(true_NV).all():
        raise DataError("true values: one is infinite, or none is known; finite numbers are needed, NaN for unknown")
    return predicted_NV, true_NV


def _overall(measured: Mapping[str, Floats]) -> dict[str, Floats]:
    """Reduce scores of shape (..., V) to (...), where there is something that all values have in common."""
    single = measured["r2"].shape[-1] == 1
    return {name: defined_mean(values) for name, values in measured.items() if single or name in _UNITLESS}


def _intervals(predicted_NV: Floats, true_NV: Floats, resamples: int, seed: int) -> dict[str, Interval]:
    """Return the intervals of the overall scores by name, and of each value by name and column."""

    def resampled(draw_RN: Ints) -> dict[str, Floats]:
        drawn = resampled_scores(predicted_NV, true_NV, draw_RN)
        by_value = {f"{name} {column}": scores_R for name in SCORES for column, scores_R in enumerate(drawn[name].T)}
        return by_value | _overall(drawn)

    return percentile_intervals(resampled, len(true_NV), resamples=resamples, seed=seed)


def _value_scores(
    predicted_N: Floats, true_N: Floats, unit: str, measured: dict[str, float | None], intervals: dict[str, Interval]
) -> ValueScores:
    known_N = ~np.isnan(true_N)
    errors_N = (predicted_N - true_N)[known_N]
    sizes_N = np.abs(errors_N)
    n = len(errors_N)
    return ValueScores(
        unit=unit,
        n=n,
        bias=float(errors_N.mean()) if n else None,
        error_p90=float(np.percentile(sizes_N, 90)) if n else None,
        worst_error=float(sizes_N.max()) if n else None,
        spread=float(true_N[known_N].std()) if n else None,
        intervals=intervals,
        **measured,
    )


def _pairs(intervals: Mapping[str, Any]) -> dict[str, Interval]:
    return {name: (low, high) for name, (low, high) in intervals.items()}
