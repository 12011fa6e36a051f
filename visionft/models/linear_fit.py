"""A linear layer fitted to features that do not change: in closed form, or to the minimum of its convex loss.

Shape suffixes: N samples, D features, K outputs.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

LinearLoss = Literal["softmax", "sigmoid", "squares"]
"""One class of several; any of several classes; numbers."""

_ITERATIONS = 200
_FLAT = 0.3  # largest entry of the gradient at the minimum, in roots of the arithmetic's precision


@dataclass(frozen=True, slots=True)
class LinearFit:
    """A linear layer.

    Attributes:
        weight_KD: of the features as they were given.
        bias_K: added to each output.
    """

    weight_KD: Tensor
    bias_K: Tensor

    def __call__(self, features_ND: Tensor) -> Tensor:
        """Return raw outputs_NK: logits, or numbers."""
        return features_ND @ self.weight_KD.T + self.bias_K


def fit_linear(
    features_ND: Tensor,
    targets: Tensor,
    loss: LinearLoss,
    *,
    l2: float,
    outputs: int | None = None,
    standardize: bool = True,
    start: LinearFit | None = None,
) -> LinearFit:
    """Fit a linear layer to features, with a penalty on its weights; the bias has none.

    What is smallest is the mean loss of a sample, summed over the outputs, and half of ``l2`` times the sum of the
    squared weights. With N samples, scikit-learn calls that ``C = 1 / (l2 * N)``, and ``alpha = l2 * N`` of squares.

    Args:
        features_ND: floats, which set the precision of the arithmetic.
        targets: labels_N, int64, of ``softmax``; labels_NK in [0, 1] of ``sigmoid``; values_NK of ``squares``, NaN
            where nobody knows.
        loss: what is compared with them.
        l2: strength of the penalty, > 0.
        outputs: K of ``softmax``; None takes the largest label.
        standardize: whether the penalty counts for features of variance 1, else for those that are given.
        start: an earlier fit to begin with, which saves time where there are several strengths.

    Source:
        Hoerl and Kennard (1970), Ridge Regression; Liu and Nocedal (1989), On the limited memory BFGS method.
    """
    centre_D = features_ND.mean(0)
    scale_D = _deviations(features_ND) if standardize else torch.ones_like(centre_D)
    centred_ND = (features_ND - centre_D) / scale_D
    if loss == "squares":
        weight_KD, bias_K = _ridge(centred_ND, targets.to(features_ND.dtype), l2)
    else:
        columns = outputs or int(targets.max()) + 1 if loss == "softmax" else targets.shape[1]
        first_KD, first_K = features_ND.new_zeros(columns, features_ND.shape[1]), features_ND.new_zeros(columns)
        if start is not None:
            first_KD, first_K = start.weight_KD * scale_D, start.bias_K + start.weight_KD @ centre_D
        wanted = targets if loss == "softmax" else targets.to(features_ND.dtype)
        weight_KD, bias_K = _minimum(centred_ND, wanted, loss, l2, first_KD, first_K)
    own_KD = weight_KD / scale_D
    return LinearFit(own_KD, bias_K - own_KD @ centre_D)


def principal_axes(features_ND: Tensor) -> Tensor:
    """Return features of variance 1 on their principal axes, most varying first; no more axes than samples.

    A linear fit with a penalty gives the same there, and takes a fraction of the steps.

    Args:
        features_ND: of all samples that will be fitted or told about.
    """
    standard_ND = (features_ND - features_ND.mean(0)) / _deviations(features_ND)
    samples, width = standard_ND.shape
    if samples < width:
        values, axes_NN = torch.linalg.eigh(standard_ND @ standard_ND.T)
        axes_ND: Tensor = axes_NN.flip(1) * values.flip(0).clamp(min=0).sqrt()
    else:
        axes_ND = standard_ND @ torch.linalg.eigh(standard_ND.T @ standard_ND)[1].flip(1)
    return axes_ND


def _deviations(features_ND: Tensor) -> Tensor:
    """Return the standard deviation of each feature, 1 of those that do not vary."""
    scale_D = features_ND.std(0, correction=0)
    return torch.where(scale_D > 1e-6 * scale_D.max().clamp(min=1e-12), scale_D, torch.ones_like(scale_D))


def _minimum(
    centred_ND: Tensor, targets: Tensor, loss: LinearLoss, l2: float, first_KD: Tensor, first_K: Tensor
) -> tuple[Tensor, Tensor]:
    """Return weight_KD and bias_K of the least penalised loss.

    Each weight is searched in steps of its own: features that vary more have the more curved loss.
    """
    step_D = (0.25 * centred_ND.square().mean(0) + l2).rsqrt()
    search_KD = (first_KD / step_D).requires_grad_()
    bias_K = first_K.clone().requires_grad_()
    precision = torch.finfo(centred_ND.dtype).eps
    search = torch.optim.LBFGS(
        [search_KD, bias_K],
        max_iter=_ITERATIONS,
        tolerance_grad=_FLAT * precision**0.5,
        tolerance_change=precision,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        search.zero_grad()
        weight_KD = search_KD * step_D
        logits_NK = centred_ND @ weight_KD.T + bias_K
        if loss == "softmax":
            value = functional.cross_entropy(logits_NK, targets)
        else:
            value = functional.binary_cross_entropy_with_logits(logits_NK, targets) * logits_NK.shape[1]
        value = value + 0.5 * l2 * weight_KD.square().sum()
        value.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        return value

    with torch.enable_grad():
        search.step(closure)  # type: ignore[no-untyped-call]
    return (search_KD * step_D).detach(), bias_K.detach()


def _ridge(centred_ND: Tensor, values_NK: Tensor, l2: float) -> tuple[Tensor, Tensor]:
    """Return weight_KD and bias_K of the least penalised squares; each output by the samples that have it."""
    weights, biases = [], []
    for values_N in values_NK.T:
        known = values_N.isfinite()
        rows_ND, mean = centred_ND[known], values_N[known].mean()
        middle_D = rows_ND.mean(0)
        rows_ND, rest_N = rows_ND - middle_D, values_N[known] - mean
        penalty = l2 * len(rows_ND)
        if len(rows_ND) < rows_ND.shape[1]:
            inner_NN = rows_ND @ rows_ND.T + penalty * torch.eye(len(rows_ND), dtype=rows_ND.dtype)
            weight_D = rows_ND.T @ torch.linalg.solve(inner_NN, rest_N)
        else:
            gram_DD = rows_ND.T @ rows_ND + penalty * torch.eye(rows_ND.shape[1], dtype=rows_ND.dtype)
            weight_D = torch.linalg.solve(gram_DD, rows_ND.T @ rest_N)
        weights.append(weight_D)
        biases.append(mean - weight_D @ middle_D)
    return torch.stack(weights), torch.stack(biases)
