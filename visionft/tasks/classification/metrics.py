"""Every number that says how good a classifier is, from its probabilities and the true labels.

Shape suffixes: N samples, K classes.

A class that has no samples among the labels has no recall and no area under the ROC curve; averages are over
the classes that have samples. A number that is not defined is None, in Python as in JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError
from visionft.metrics.bootstrap import Interval, bootstrap_intervals
from visionft.metrics.calibration import ReliabilityBin, calibration
from visionft.metrics.finite import require_finite
from visionft.metrics.score import Score, in_words
from visionft.metrics.scores import (
    Floats,
    Ints,
    count_scores,
    log_losses,
    one_vs_rest_auroc,
    optional,
    overall_auroc,
    ratio,
)
from visionft.tasks.classification.definition import ClassificationTask


@dataclass(frozen=True, slots=True)
class ClassScores:
    """How well one class is told from the others.

    Attributes:
        precision: fraction of the predictions of this class that are right; none when there are none.
        recall: fraction of the samples of this class that were found; none when there are none.
        f1: harmonic mean of both; none when there are neither samples nor predictions.
        support: number of samples.
        auroc: area under the ROC curve against all other classes; none when either side has no samples.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    auroc: float | None


@dataclass(frozen=True, slots=True)
class ClassificationMetrics:
    """What ``classification_metrics`` measures; fractions lie in 0..1.

    Attributes:
        n: number of samples.
        accuracy: fraction of samples whose most probable class is the true one (the first one, on ties).
        balanced_accuracy: mean recall of the classes.
        macro_f1: mean F1 of the classes.
        auroc: area under the ROC curve: of class 1 when there are two, else the mean over the classes, each
            against the rest; none when all samples are of one class.
        nll: mean negative log likelihood in nats; a probability of 0 costs 36.
        calibration_error: expected calibration error (top label, 15 bins, L1).
        per_class: scores by class name, in label order.
        confusion: K x K counts; rows are true classes, columns are predicted ones.
        intervals: 95 % percentile bootstrap interval of accuracy, balanced_accuracy, macro_f1, auroc and nll.
        reliability: the bins behind the calibration error.
    """

    scores: ClassVar[tuple[Score, ...]] = ClassificationTask.scores
    __repr__ = in_words

    n: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    auroc: float | None
    nll: float
    calibration_error: float
    per_class: dict[str, ClassScores]
    confusion: tuple[tuple[int, ...], ...]
    intervals: dict[str, Interval]
    reliability: tuple[ReliabilityBin, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        plain = asdict(self)
        plain["confusion"] = [list(row) for row in self.confusion]
        plain["intervals"] = {name: list(interval) for name, interval in self.intervals.items()}
        plain["reliability"] = [asdict(part) for part in self.reliability]
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "ClassificationMetrics":
        """Read what ``to_dict`` returned, also after a round trip through JSON."""
        return cls(
            **{
                **plain,
                "per_class": {name: ClassScores(**scores) for name, scores in plain["per_class"].items()},
                "confusion": tuple(tuple(row) for row in plain["confusion"]),
                "intervals": {name: (low, high) for name, (low, high) in plain["intervals"].items()},
                "reliability": tuple(ReliabilityBin(**part) for part in plain["reliability"]),
            }
        )


def classification_metrics(
    probabilities_NK: NDArray[np.floating[Any]],
    labels_N: NDArray[np.integer[Any]],
    class_names: Sequence[str],
    *,
    bootstrap: int = 1000,
    seed: int = 0,
) -> ClassificationMetrics:
    """Measure a classifier on labelled samples.

    Args:
        probabilities_NK: class probabilities, rows summing to 1; N >= 1, K >= 2.
        labels_N: true classes, 0..K-1.
        class_names: K different names in label order.
        bootstrap: resamples behind the intervals; 0 gives none.
        seed: the intervals are a function of it and the data.

    Returns:
        The scores.

    Raises:
        DataError: when the arrays are not what is said above.
    """
    # here and not above: importing torchmetrics takes seconds, and most of the package does without
    import torch
    from torchmetrics.functional.classification import multiclass_confusion_matrix

    chances_NK, true_N = _checked(probabilities_NK, labels_N)
    classes = chances_NK.shape[1]
    if len(set(class_names)) != classes or len(class_names) != classes:
        raise DataError(f"class names: {len(class_names)} given; {classes} different ones are needed")
    predicted_N = chances_NK.argmax(axis=1)
    confusion_KK = multiclass_confusion_matrix(
        torch.from_numpy(predicted_N), torch.from_numpy(true_N), num_classes=classes
    ).numpy()
    overall = count_scores(confusion_KK.diagonal(), confusion_KK.sum(axis=1), confusion_KK.sum(axis=0))
    auroc_K = _auroc_per_class(chances_NK, true_N)
    error, reliability = calibration(chances_NK, true_N)
    return ClassificationMetrics(
        n=len(true_N),
        accuracy=float(overall["accuracy"]),
        balanced_accuracy=float(overall["balanced_accuracy"]),
        macro_f1=float(overall["macro_f1"]),
        auroc=optional(overall_auroc(auroc_K)),
        nll=float(log_losses(chances_NK, true_N).mean()),
        calibration_error=error,
        per_class=_per_class(class_names, confusion_KK, auroc_K),
        confusion=tuple(tuple(row) for row in confusion_KK.tolist()),
        intervals=bootstrap_intervals(chances_NK, true_N, resamples=bootstrap, seed=seed) if bootstrap else {},
        reliability=reliability,
    )


def quick_metrics(probabilities_NK: NDArray[np.floating[Any]], labels_N: NDArray[np.integer[Any]]) -> dict[str, float]:
    """Score one validation pass in milliseconds, without torch, as ``classification_metrics`` does.

    Args:
        probabilities_NK: class probabilities, rows summing to 1; N >= 1, K >= 2.
        labels_N: true classes, 0..K-1.

    Returns:
        loss (mean negative log likelihood in nats), accuracy, balanced_accuracy, macro_f1, and auroc; the last
        is left out when all samples are of one class, because it is not defined then.

    Raises:
        DataError: when the arrays are not what is said above.
    """
    chances_NK, true_N = _checked(probabilities_NK, labels_N)
    predicted_N = chances_NK.argmax(axis=1)
    support_K, predictions_K, hits_K = (
        np.bincount(labels, minlength=chances_NK.shape[1])
        for labels in (true_N, predicted_N, true_N[true_N == predicted_N])
    )
    scores = {"loss": float(log_losses(chances_NK, true_N).mean())}
    scores |= {name: float(value) for name, value in count_scores(hits_K, support_K, predictions_K).items()}
    area = overall_auroc(one_vs_rest_auroc(chances_NK, true_N, np.ones((len(true_N), 1)))[0])
    return scores if np.isnan(area) else scores | {"auroc": float(area)}


def _checked(probabilities_NK: NDArray[Any], labels_N: NDArray[Any]) -> tuple[Floats, Ints]:
    chances_NK = np.asarray(probabilities_NK, dtype=np.float64)
    true_N = np.asarray(labels_N, dtype=np.int64)
    fits = chances_NK.ndim == 2 and true_N.shape == chances_NK.shape[:1]
    if not fits or chances_NK.shape[0] < 1 or chances_NK.shape[1] < 2:
        raise DataError(
            f"predictions: shape {chances_NK.shape} with labels of shape {true_N.shape}; "
            "allowed are (N, K) and (N,) with N >= 1 samples and K >= 2 classes"
        )
    require_finite(chances_NK)
    sums_N = chances_NK.sum(axis=1)
    bad_N = ~((chances_NK >= 0).all(axis=1) & (np.abs(sums_N - 1) < 1e-2))
    if bad_N.any():
        row = int(bad_N.argmax())
        raise DataError(
            f"predictions: row {row} sums to {sums_N[row]:.6g} and its smallest entry is "
            f"{chances_NK[row].min():.6g}; probabilities >= 0 that sum to 1 are needed, not logits"
        )
    if true_N.min() < 0 or true_N.max() >= chances_NK.shape[1]:
        raise DataError(f"labels: {true_N.min()}..{true_N.max()} found; allowed are 0..{chances_NK.shape[1] - 1}")
    # a probability that rounding put above 1 would make torchmetrics take all of them for logits
    return np.minimum(chances_NK, 1.0), true_N


def _auroc_per_class(probabilities_NK: Floats, labels_N: Ints) -> Floats:
    import torch
    from torchmetrics.functional.classification import binary_auroc

    auroc_K = np.full(probabilities_NK.shape[1], np.nan)
    for label in range(probabilities_NK.shape[1]):
        positive_N = labels_N == label
        if 0 < positive_N.sum() < len(labels_N):
            scores_N = torch.from_numpy(probabilities_NK[:, label])
            auroc_K[label] = binary_auroc(scores_N, torch.from_numpy(positive_N.astype(np.int64)))
    return auroc_K


def _per_class(class_names: Sequence[str], confusion_KK: Ints, auroc_K: Floats) -> dict[str, ClassScores]:
    hits_K = confusion_KK.diagonal()
    support_K, predicted_K = confusion_KK.sum(axis=1), confusion_KK.sum(axis=0)
    columns = (
        ratio(hits_K, predicted_K),
        ratio(hits_K, support_K),
        ratio(2 * hits_K, support_K + predicted_K),
        support_K,
        auroc_K,
    )
    return {
        name: ClassScores(optional(precision), optional(recall), optional(f1), int(support), optional(auroc))
        for name, precision, recall, f1, support, auroc in zip(class_names, *columns, strict=True)
    }
