"""What a linear layer, and the nearest neighbours, say of images that they have not seen.

Shape suffixes: M rows, D features, K outputs, Q rows that are asked about, J neighbours.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from visionft.metrics.scores import Floats, Ints
from visionft.models.linear_fit import LinearFit, LinearLoss, fit_linear
from visionft.probing.folds import HELD_BACK
from visionft.tasks.probing import TaskProbe

_STRENGTHS = (30.0, 6.0, 1.2, 0.25, 0.05, 0.01, 0.002)
_PATIENCE = 2  # strengths in a row that make it worse
_NEIGHBOURS, _TEMPERATURE = 10, 0.07
_REFERENCES = 4096  # rows among which neighbours are looked for
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Rows:
    """What is learned from and measured on: images, or points of them.

    Attributes:
        probe: what is learned.
        axes_MD: features on their principal axes.
        targets: of the same rows.
        fold_M: fold of each row.
        image_M: place of each row's image in the data set.
    """

    probe: TaskProbe
    axes_MD: Tensor
    targets: Tensor
    fold_M: Ints
    image_M: Ints

    @property
    def folds(self) -> int:
        """The number of folds."""
        return int(self.fold_M.max()) + 1

    @property
    def images(self) -> Ints:
        """The places of the images that are measured on: those that are in a fold."""
        return np.unique(self.image_M[self.fold_M != HELD_BACK])

    def scores(self, answers_MK: Floats, counts_RN: Floats) -> Floats:
        """Return values_R of the probe's score.

        Args:
            answers_MK: of all rows.
            counts_RN: how often each of ``images`` is drawn in each resample.
        """
        measured_M = self.fold_M != HELD_BACK
        image_M = np.searchsorted(self.images, self.image_M[measured_M])
        return self.probe.scores(answers_MK[measured_M], self.targets.numpy()[measured_M], image_M, counts_RN)

    def score(self, answers_MK: Floats) -> float:
        """Return the probe's score, NaN where it is not defined."""
        return float(self.scores(answers_MK, np.ones((1, len(self.images))))[0])

    def fit(self, chosen_M: Tensor, l2: float, start: LinearFit | None = None) -> LinearFit:
        """Return a layer that has learned from some of the rows."""
        return fit_linear(
            self.axes_MD[chosen_M],
            self.targets[chosen_M],
            self.probe.loss,
            l2=l2,
            outputs=self.probe.outputs,
            standardize=False,
            start=start,
        )


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Answers of layers that have not learned from the row's image.

    Attributes:
        answers_MK: probabilities or numbers; for held-back rows of a layer that has learned from all folds.
        strengths: the penalty of the layer of each fold.
        layers: those layers.
    """

    answers_MK: Floats
    strengths: tuple[float, ...]
    layers: tuple[LinearFit, ...]


def cross_validate(rows: Rows) -> OutOfFold:
    """Fit a layer for each fold on the rows of the others, with a penalty that is chosen within these.

    The penalty of a fold is that which does best on the next fold, with neither of both learned from.
    """
    fold = torch.from_numpy(rows.fold_M)
    raw_MK = torch.zeros(len(rows.axes_MD), rows.probe.outputs)
    strengths, layers = [], []
    for number in range(rows.folds):
        own, following = fold == number, fold == (number + 1) % rows.folds
        l2, start = _strength(rows, ~own & ~following & (fold != HELD_BACK), following)
        strengths.append(l2)
        layers.append(rows.fit(~own & (fold != HELD_BACK), l2, start))
        raw_MK[own] = layers[-1](rows.axes_MD[own])
    held_back = fold == HELD_BACK
    if held_back.any():
        raw_MK[held_back] = rows.fit(~held_back, float(np.median(strengths)))(rows.axes_MD[held_back])
    return OutOfFold(rows.probe.answers(raw_MK), tuple(strengths), tuple(layers))


def refit(rows: Rows, found: OutOfFold, learned_M: Tensor) -> Floats:
    """Return answers_MK of layers that learn from fewer rows.

    Args:
        rows: all of them.
        found: what was learned from all; the penalties count for more where there are fewer rows.
        learned_M: the rows that are learned from.
    """
    fold = torch.from_numpy(rows.fold_M)
    raw_MK = torch.zeros(len(rows.axes_MD), rows.probe.outputs)
    for number, (l2, layer) in enumerate(zip(found.strengths, found.layers, strict=True)):
        own, others = fold == number, (fold != number) & (fold != HELD_BACK)
        fewer = float(others.sum()) / max(1, int((others & learned_M).sum()))
        raw_MK[own] = rows.fit(others & learned_M, l2 * fewer, layer)(rows.axes_MD[own])
    return rows.probe.answers(raw_MK)


def nearest(rows: Rows, features_MD: Tensor) -> Floats:
    """Return what the nearest rows of other folds have, the nearer for more.

    Args:
        rows: what is answered.
        features_MD: as the network gives them; their cosine is compared, beside what all have in common.

    Source:
        Wu et al. (2018), Unsupervised Feature Learning via Non-Parametric Instance Discrimination, arXiv:1805.01978,
        section 3.4.
    """
    probe, targets = rows.probe, rows.targets
    unit_MD = functional.normalize(features_MD - features_MD.mean(0), dim=1)
    wanted_MK = functional.one_hot(targets, probe.outputs).float() if probe.loss == "softmax" else targets
    fold = torch.from_numpy(rows.fold_M)
    usable = torch.nonzero(fold != HELD_BACK).flatten()
    reference = usable[:: -(-len(usable) // _REFERENCES)]
    answers = []
    for start in range(0, len(unit_MD), _BLOCK):
        block = slice(start, start + _BLOCK)
        likeness_QM = unit_MD[block] @ unit_MD[reference].T
        likeness_QM[fold[block, None] == fold[reference]] = -2.0
        best_QJ, at_QJ = likeness_QM.topk(min(_NEIGHBOURS, len(reference)), dim=1)
        votes_QJK = wanted_MK[reference[at_QJ]]
        known_QJK = votes_QJK.isfinite() * (best_QJ / _TEMPERATURE).softmax(1)[..., None]
        answers.append((votes_QJK.nan_to_num() * known_QJK).sum(1) / known_QJK.sum(1).clamp(min=1e-12))
    answers_MK: Floats = torch.cat(answers).double().numpy()
    return answers_MK


def _strength(rows: Rows, inner_M: Tensor, outer_M: Tensor) -> tuple[float, LinearFit | None]:
    """Return the best penalty, and what was fitted with it; from strong to weak, each from the one before."""
    best: tuple[float, float, LinearFit | None] = (float("inf"), _STRENGTHS[0], None)
    layer, worse = None, 0
    for l2 in _STRENGTHS:
        layer = rows.fit(inner_M, l2, layer)
        loss = _loss(layer(rows.axes_MD[outer_M]), rows.targets[outer_M], rows.probe.loss)
        worse = 0 if loss < best[0] else worse + 1
        if loss < best[0]:
            best = loss, l2, layer
        if worse == _PATIENCE:
            break
    return best[1], best[2]


def _loss(raw_MK: Tensor, targets: Tensor, loss: LinearLoss) -> float:
    match loss:
        case "softmax":
            return float(functional.cross_entropy(raw_MK, targets))
        case "sigmoid":
            return float(functional.binary_cross_entropy_with_logits(raw_MK, targets))
        case "squares":
            return float((raw_MK - targets).square().nanmean())
