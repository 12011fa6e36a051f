"""Every number that says how good a multi-label classifier is, from its probabilities and the true labels.

Shape suffixes: N images, K classes, R resamples.

Means over classes are over those that some of the images have and some have not: where all or none have a label,
nothing can be put in the wrong order. A number that is not defined is None, in Python as in JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError
from visionft.metrics.average_precision import weighted_ap
from visionft.metrics.bootstrap import Interval, draw_counts, percentile_intervals
from visionft.metrics.finite import require_finite
from visionft.metrics.score import Score, in_words
from visionft.metrics.scores import Floats, Ints, defined_mean, optional, ratio
from visionft.tasks.multilabel.definition import MultilabelTask
from visionft.tasks.multilabel.ranking import Flags, LabelCurvePoint, curve

_LEAST = float(np.finfo(np.float64).eps)  # a probability of 0 costs 36 nats, so that means stay finite


@dataclass(frozen=True, slots=True)
class LabelScores:
    """How well one label is told from its absence.

    Attributes:
        ap: average precision; none when all images or none have the label.
        precision: fraction of the images given this label that have it, at the threshold; none when there are none.
        recall: fraction of the images with this label that were given it; none when there are none.
        f1: harmonic mean of both; none when nothing has the label and nothing was given it.
        support: number of images that have the label.
        threshold: probability from which on the label is believed.
        curve: recall and precision by falling probability; nothing where ``ap`` is none.
    """

    ap: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    threshold: float
    curve: tuple[LabelCurvePoint, ...] = ()


@dataclass(frozen=True, slots=True)
class MultilabelMetrics:
    """What ``multilabel_metrics`` measures; fractions lie in 0..1.

    Attributes:
        n: number of images.
        map: mean average precision of the classes.
        macro_f1: mean F1 of the classes.
        micro_f1: F1 over the labels of all classes and images together; none when nothing has or was given a label.
        exact_match: fraction of images whose labels are exactly right (subset accuracy).
        hamming_loss: fraction of the decisions, one for each image and class, that are wrong.
        nll: mean negative log likelihood of a decision in nats; a probability of 0 costs 36.
        per_class: scores by class name, in label order.
        left_out: classes that the means leave out, since all images or none have the label.
        intervals: 95 % percentile bootstrap interval of map, macro_f1, micro_f1, exact_match, hamming_loss and nll.
    """

    scores: ClassVar[tuple[Score, ...]] = MultilabelTask.scores
    __repr__ = in_words

    n: int
    map: float | None
    macro_f1: float | None
    micro_f1: float | None
    exact_match: float
    hamming_loss: float
    nll: float
    per_class: Mapping[str, LabelScores]
    left_out: tuple[str, ...]
    intervals: Mapping[str, Interval]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        plain = asdict(self)
        plain["left_out"] = list(self.left_out)
        plain["intervals"] = {name: list(interval) for name, interval in self.intervals.items()}
        for name, scores in self.per_class.items():
            plain["per_class"][name]["curve"] = [list(point) for point in scores.curve]
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "MultilabelMetrics":
        """Read what ``to_dict`` returned, also after a round trip through JSON."""
        per_class = {
            name: LabelScores(**{**scores, "curve": tuple(LabelCurvePoint(*point) for point in scores["curve"])})
            for name, scores in plain["per_class"].items()
        }
        intervals = {name: (low, high) for name, (low, high) in plain["intervals"].items()}
        return cls(**{**plain, "per_class": per_class, "left_out": tuple(plain["left_out"]), "intervals": intervals})


def multilabel_metrics(
    probabilities_NK: NDArray[np.floating[Any]],
    labels_NK: NDArray[Any],
    class_names: Sequence[str],
    thresholds_K: Sequence[float],
    *,
    bootstrap: int = 1000,
    seed: int = 0,
) -> MultilabelMetrics:
    """Measure a multi-label classifier on labelled images.

    Args:
        probabilities_NK: of each label, each in 0..1; N >= 1, K >= 1.
        labels_NK: true or 1 where the image has the label.
        class_names: K different names in label order.
        thresholds_K: probability from which on each label is believed; they should come from other images.
        bootstrap: resamples behind the intervals; 0 gives none.
        seed: the intervals are a function of it and the data.

    Returns:
        The scores.

    Raises:
        DataError: when the arrays are not what is said above.
    """
    chances_NK, true_NK = _checked(probabilities_NK, labels_NK)
    images, classes = chances_NK.shape
    if len(set(class_names)) != classes or len(class_names) != classes:
        raise DataError(f"class names: {len(class_names)} given; {classes} different ones are needed")
    predicted_NK = _predicted(probabilities_NK, thresholds_K)
    whole = np.ones((1, images))
    ap_K = _average_precisions(chances_NK, true_NK, whole)[0]
    overall = _count_scores(true_NK, predicted_NK, whole)
    per_class = _per_class(class_names, chances_NK, true_NK, predicted_NK, ap_K, thresholds_K)
    return MultilabelMetrics(
        n=images,
        map=optional(defined_mean(ap_K)),
        macro_f1=optional(overall["macro_f1"][0]),
        micro_f1=optional(overall["micro_f1"][0]),
        exact_match=float(overall["exact_match"][0]),
        hamming_loss=float(overall["hamming_loss"][0]),
        nll=float(_losses(chances_NK, true_NK).mean()),
        per_class=per_class,
        left_out=tuple(name for name, scores in per_class.items() if scores.ap is None),
        intervals=_intervals(chances_NK, true_NK, predicted_NK, bootstrap, seed) if bootstrap else {},
    )


def quick_metrics(
    probabilities_NK: NDArray[np.floating[Any]], labels_NK: NDArray[Any], thresholds_K: Sequence[float]
) -> dict[str, float]:
    """Score one validation pass in milliseconds, as ``multilabel_metrics`` does.

    Args:
        probabilities_NK: of each label, each in 0..1; N >= 1, K >= 1.
        labels_NK: true or 1 where the image has the label.
        thresholds_K: probability from which on each label is believed.

    Returns:
        loss (mean negative log likelihood of a decision in nats), map, macro_f1, micro_f1 and exact_match; those
        that are not defined are left out.

    Raises:
        DataError: when the arrays are not what is said above.
    """
    chances_NK, true_NK = _checked(probabilities_NK, labels_NK)
    whole = np.ones((1, len(chances_NK)))
    scores = {"loss": float(_losses(chances_NK, true_NK).mean())}
    scores["map"] = float(defined_mean(_average_precisions(chances_NK, true_NK, whole)[0]))
    counted = _count_scores(true_NK, _predicted(probabilities_NK, thresholds_K), whole)
    scores |= {name: float(counted[name][0]) for name in ("macro_f1", "micro_f1", "exact_match")}
    return {name: value for name, value in scores.items() if not np.isnan(value)}


def _checked(probabilities_NK: NDArray[Any], labels_NK: NDArray[Any]) -> tuple[Floats, Flags]:
    chances_NK, true_NK = np.asarray(probabilities_NK, dtype=np.float64), np.asarray(labels_NK)
    if chances_NK.ndim != 2 or true_NK.shape != chances_NK.shape or not chances_NK.size:
        raise DataError(
            f"predictions: shape {chances_NK.shape} with labels of shape {true_NK.shape}; "
            "allowed is (N, K) for both, with N >= 1 images and K >= 1 classes"
        )
    require_finite(chances_NK)
    bad_N = ~((chances_NK >= 0) & (chances_NK <= 1)).all(axis=1)
    if bad_N.any():
        row = int(bad_N.argmax())
        raise DataError(
            f"predictions: row {row} lies in {chances_NK[row].min():.6g}..{chances_NK[row].max():.6g}; "
            "probabilities of 0..1 are needed, not logits"
        )
    if not np.isin(true_NK, (0, 1)).all():
        raise DataError(f"labels: {true_NK.min()}..{true_NK.max()} found; allowed are 0 and 1")
    return chances_NK, true_NK.astype(np.bool_)


def _predicted(probabilities_NK: NDArray[Any], thresholds_K: Sequence[float]) -> Flags:
    """Return which labels the images are given; compared in float32, as the predictor does."""
    if len(thresholds_K) != np.shape(probabilities_NK)[1]:
        raise DataError(f"thresholds: {len(thresholds_K)} given; {np.shape(probabilities_NK)[1]} are needed")
    predicted_NK: Flags = np.asarray(probabilities_NK, np.float32) >= np.asarray(thresholds_K, np.float32)
    return predicted_NK


def _average_precisions(chances_NK: Floats, true_NK: Flags, weights_RN: Floats) -> Floats:
    """Return ap_RK."""
    columns, weights_NR = zip(chances_NK.T, true_NK.T, strict=True), np.ascontiguousarray(weights_RN.T)
    return np.stack([weighted_ap(scores_N, positive_N, weights_NR) for scores_N, positive_N in columns], axis=1)


def _count_scores(true_NK: Flags, predicted_NK: Flags, weights_RN: Floats) -> dict[str, Floats]:
    """Score what the images are given, each weighted; every score is of shape (R,)."""
    images_R = weights_RN.sum(axis=1)
    support_RK, predicted_RK, hits_RK = (
        weights_RN @ flags.astype(np.float64) for flags in (true_NK, predicted_NK, true_NK & predicted_NK)
    )
    ranked_RK = (support_RK > 0) & (support_RK < images_R[:, None])
    wrong_NK = true_NK != predicted_NK
    return {
        "macro_f1": defined_mean(np.where(ranked_RK, ratio(2 * hits_RK, support_RK + predicted_RK), np.nan)),
        "micro_f1": ratio(2 * hits_RK.sum(axis=1), (support_RK + predicted_RK).sum(axis=1)),
        "exact_match": weights_RN @ ~wrong_NK.any(axis=1) / images_R,
        "hamming_loss": weights_RN @ wrong_NK.mean(axis=1) / images_R,
    }


def _losses(chances_NK: Floats, true_NK: Flags) -> Floats:
    """Return each image's mean loss over its decisions."""
    chosen_NK = np.where(true_NK, chances_NK, 1 - chances_NK)
    losses_N: Floats = -np.log(np.maximum(chosen_NK, _LEAST)).mean(axis=1)
    return losses_N


def _intervals(
    chances_NK: Floats, true_NK: Flags, predicted_NK: Flags, resamples: int, seed: int
) -> dict[str, Interval]:
    losses_N = _losses(chances_NK, true_NK)

    def resampled(draw_RN: Ints) -> dict[str, Floats]:
        weights_RN = draw_counts(draw_RN)
        scores = {"map": defined_mean(_average_precisions(chances_NK, true_NK, weights_RN))}
        scores |= _count_scores(true_NK, predicted_NK, weights_RN)
        scores["nll"] = losses_N[draw_RN].mean(axis=1)
        return scores

    return percentile_intervals(resampled, len(losses_N), resamples=resamples, seed=seed)


def _per_class(
    class_names: Sequence[str],
    chances_NK: Floats,
    true_NK: Flags,
    predicted_NK: Flags,
    ap_K: Floats,
    thresholds_K: Sequence[float],
) -> dict[str, LabelScores]:
    support_K, predicted_K, hits_K = (flags.sum(axis=0) for flags in (true_NK, predicted_NK, true_NK & predicted_NK))
    precision_K, recall_K = ratio(hits_K, predicted_K), ratio(hits_K, support_K)
    f1_K = ratio(2 * hits_K, support_K + predicted_K)
    return {
        name: LabelScores(
            optional(ap_K[label]),
            optional(precision_K[label]),
            optional(recall_K[label]),
            optional(f1_K[label]),
            int(support_K[label]),
            float(thresholds_K[label]),
            curve(chances_NK[:, label], true_NK[:, label]),
        )
        for label, name in enumerate(class_names)
    }
