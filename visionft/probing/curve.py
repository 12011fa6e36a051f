"""What more labels would bring, from what fewer bring.

Shape suffixes: S sizes, R resamples, N images, M rows, T terms.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from visionft.metrics.bootstrap import draw_counts, percentile_intervals
from visionft.metrics.scores import Floats, Ints
from visionft.probing.cross_validation import OutOfFold, Rows, refit
from visionft.seeds import derive_seed, unit_interval

_HALVINGS = 4
_FEWEST = 10  # images to learn from
_LEAST_POINTS = 3
_REPEATS = 2  # draws of fewer images
_SMALLEST_ERROR = 1e-4
_BETTER = 10.0  # difference of BIC that speaks strongly for another term (Kass and Raftery 1995)


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """How good a probe is by the number of images that it learns from.

    Attributes:
        images: that were learned from, rising; the last is as many as there are outside of a fold.
        scores: the score for each.
        doubled: what the power law says of twice as many as the last.
        gain: ``doubled`` less what it says of the last.
        interval: 95 % interval of the gain: other images, other draws of the fewer, and what the law misses.
        piecewise: whether the smallest sizes follow another law than the larger ones.
    """

    images: tuple[int, ...]
    scores: tuple[float, ...]
    doubled: float
    gain: float
    interval: tuple[float, float]
    piecewise: bool

    @property
    def spread(self) -> float:
        """Half of the interval's width: the y of +x ± y."""
        return (self.interval[1] - self.interval[0]) / 2

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)


def learning_curve(
    rows: Rows, found: OutOfFold, ids: Sequence[str], *, resamples: int, seed: int
) -> LearningCurve | None:
    """Fit layers on fewer and fewer images, and a power law to their errors; None where there are too few images.

    Args:
        rows: what is learned from.
        found: what was learned from all of them.
        ids: of the data set's images, by which the fewer are chosen.
        resamples: how often the images are resampled.
        seed: decides the resamples.
    """
    whole = len(rows.images) * (rows.folds - 1) // rows.folds
    sizes = [whole >> halvings for halvings in reversed(range(_HALVINGS + 1)) if whole >> halvings >= _FEWEST]
    if len(sizes) < _LEAST_POINTS:
        return None
    answers = [_of_fewer(rows, found, ids, size / whole) for size in sizes[:-1]]
    answers.append([found.answers_MK])
    scores_S = np.array([np.mean([rows.score(one) for one in several]) for several in answers])
    if not np.isfinite(scores_S).all():
        return None
    law = PowerLaw.choose(np.array(sizes), 1 - scores_S)
    generator = np.random.default_rng(derive_seed(seed, "repeats"))
    off_S = law.residuals(1 - scores_S)

    def gains(draw_RN: Ints) -> dict[str, Floats]:
        counts_RN, every = draw_counts(draw_RN), np.arange(len(draw_RN))
        of_sizes = []
        for several in answers:
            of_repeats = np.stack([rows.scores(one, counts_RN) for one in several], axis=1)
            of_sizes.append(of_repeats[every, generator.integers(len(several), size=len(every))])
        off_RS = generator.choice(off_S, size=(len(every), len(sizes)))
        return {"gain": law.gain((1 - np.stack(of_sizes, axis=1)) * np.exp(off_RS))}

    interval = percentile_intervals(gains, len(rows.images), resamples=resamples, seed=seed)["gain"]
    gain = float(law.gain((1 - scores_S)[None])[0])
    doubled = float(scores_S[-1]) + gain
    return LearningCurve(tuple(sizes), tuple(scores_S.tolist()), doubled, gain, interval, law.piecewise)


def _of_fewer(rows: Rows, found: OutOfFold, ids: Sequence[str], fraction: float) -> list[Floats]:
    """Return answers of layers that learn from a fraction of the images, for several draws of them.

    Whoever is among few images is among more of the same draw, too.
    """
    answers = []
    for repeat in range(_REPEATS):
        drawn_N = np.array([unit_interval("fewer", repeat, name) for name in ids])
        limit = np.quantile(drawn_N[rows.images], fraction)
        learned_M = torch.from_numpy(drawn_N[rows.image_M] <= limit)
        answers.append(refit(rows, found, learned_M))
    return answers


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """Errors by sizes: a straight line of the logarithms, or one that bends below a size.

    Source:
        Jain et al. (2023), A Meta-Learning Approach to Predicting Performance and Data Requirements, arXiv:2303.01598:
        quadratic in few-shot sizes, and linear beyond. There the size at which it changes is predicted, here it is
        that of the sizes with which the law fits best, and there is a bend only where it fits far better.

    Attributes:
        sizes_S: at which errors are known.
        knee: the size from which on the law is a straight line; None where it is one throughout.
    """

    sizes_S: Ints
    knee: float | None = None

    @classmethod
    def choose(cls, sizes_S: Ints, errors_S: Floats) -> "PowerLaw":
        """Return the law that fits errors best."""
        straight = cls(sizes_S)
        bent = [cls(sizes_S, float(knee)) for knee in sizes_S[2:-1]] if len(sizes_S) > _LEAST_POINTS + 1 else []
        best = min((law._criterion(errors_S) for law in bent), default=np.inf)
        if best < straight._criterion(errors_S) - _BETTER:
            return min(bent, key=lambda law: law._criterion(errors_S))
        return straight

    @property
    def piecewise(self) -> bool:
        """Whether it bends."""
        return self.knee is not None

    def gain(self, errors_RS: Floats) -> Floats:
        """Return by how much the error at the largest size exceeds that at twice of it, for several rows of errors."""
        terms_TR = self._solved(errors_RS)
        last = self.sizes_S[-1:]
        now_R, then_R = (np.exp(self._terms(size) @ terms_TR)[0] for size in (last, 2 * last))
        gained: Floats = now_R - then_R
        return gained

    def residuals(self, errors_S: Floats) -> Floats:
        """Return by how much the logarithms of errors miss the law, made up for the terms that were fitted to them."""
        spare = len(errors_S) - self._terms(self.sizes_S).shape[1]
        return self._left(errors_S) * math.sqrt(len(errors_S) / max(1, spare))

    def _left(self, errors_S: Floats) -> Floats:
        left_S: Floats = _logarithms(errors_S) - (self._terms(self.sizes_S) @ self._solved(errors_S[None]))[:, 0]
        return left_S

    def _criterion(self, errors_S: Floats) -> float:
        """Return the Bayesian information criterion of the fit."""
        number, terms = self._terms(self.sizes_S).shape
        squared = max(1e-8, float(np.mean(self._left(errors_S) ** 2)))
        return float(number * math.log(squared) + terms * math.log(number))

    def _solved(self, errors_RS: Floats) -> Floats:
        solved, *_ = np.linalg.lstsq(self._terms(self.sizes_S), _logarithms(errors_RS).T, rcond=None)
        return solved.astype(np.float64)

    def _terms(self, sizes_S: Ints) -> Floats:
        """Return the terms of the law for sizes, which are the same line from the knee on."""
        log_S = np.log(sizes_S)
        columns = [np.ones_like(log_S), log_S]
        if self.knee is not None:
            columns.append(np.minimum(log_S - np.log(self.knee), 0) ** 2)
        return np.stack(columns, axis=1)


def _logarithms(errors: Floats) -> Floats:
    logarithms: Floats = np.log(np.maximum(errors, _SMALLEST_ERROR))
    return logarithms
