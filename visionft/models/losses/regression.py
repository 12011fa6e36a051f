"""Losses of predicted values; unknown true values are neither learned nor counted.

Each is called ``loss(predicted_BV, true_BV, weights_V)`` and gives the mean over all known values; 0, with a gradient
of 0, where none is known. Values are in standard deviations of the training images, so that a loss means the same for
grams and for degrees; true ones are NaN where a value is not known. weights_V are those of the values, or none.

Shape suffixes: B batch, V values of an image.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from visionft.errors import RecipeError
from visionft.models.losses.averaging import lifted, weighted_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class SquaredError:
    """Mean squared error: its best answer is the mean, and one wild label pulls hard."""

    kind: ClassVar[str] = "mse"

    def __call__(self, predicted_BV: Tensor, true_BV: Tensor, weights_V: Tensor | None = None) -> Tensor:
        """Return the scalar loss."""
        errors_BV, weights_BV = _known_errors(predicted_BV, true_BV, weights_V)
        return weighted_mean(errors_BV.square(), weights_BV)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsoluteError:
    """Mean absolute error: its best answer is the median, and every label pulls alike."""

    kind: ClassVar[str] = "l1"

    def __call__(self, predicted_BV: Tensor, true_BV: Tensor, weights_V: Tensor | None = None) -> Tensor:
        """Return the scalar loss."""
        errors_BV, weights_BV = _known_errors(predicted_BV, true_BV, weights_V)
        return weighted_mean(errors_BV.abs(), weights_BV)


@dataclass(frozen=True, slots=True, kw_only=True)
class Huber:
    """Half the squared error of small errors, and the absolute one, times delta, of large ones.

    Args:
        delta: the error, in standard deviations, from which on a label pulls no harder; > 0.

    Source:
        Huber (1964), Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35(1), section 4.
    """

    kind: ClassVar[str] = "huber"

    delta: float = 1.0

    def __post_init__(self) -> None:
        if not self.delta > 0:
            raise RecipeError(f"loss 'huber': delta is {self.delta}; allowed is more than 0")

    def __call__(self, predicted_BV: Tensor, true_BV: Tensor, weights_V: Tensor | None = None) -> Tensor:
        """Return the scalar loss."""
        errors_BV, weights_BV = _known_errors(predicted_BV, true_BV, weights_V)
        losses_BV = F.huber_loss(errors_BV, torch.zeros_like(errors_BV), reduction="none", delta=self.delta)
        return weighted_mean(losses_BV, weights_BV)


def _known_errors(predicted_BV: Tensor, true_BV: Tensor, weights_V: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return errors, 0 where nothing is known, and the weight of each, 0 there as well."""
    predicted_BV = lifted(predicted_BV)
    known_BV = ~true_BV.isnan()
    # the prediction stands in for what is not known: a NaN that is masked later would still spoil the gradient
    errors_BV = predicted_BV - torch.where(known_BV, true_BV.to(predicted_BV), predicted_BV.detach())
    weights_BV = known_BV.to(errors_BV)
    return errors_BV, weights_BV if weights_V is None else weights_BV * weights_V.to(errors_BV)
