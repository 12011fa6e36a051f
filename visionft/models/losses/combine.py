"""A weighted sum of losses of pixels.

Shape suffixes: B batch, K classes, H height, W width.
"""

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from visionft.errors import RecipeError
from visionft.models.losses import PIXEL_LOSSES
from visionft.models.losses.base import NamedLoss


class LossSum:
    """Several losses of ``PIXEL_LOSSES``, added up; itself called like one of them.

    Args:
        weights: loss name -> weight, > 0; at least one.
        options: loss name -> arguments of its class, for losses that are not to have their defaults.
        weighted: whether they will be given weights of classes.

    Raises:
        UnknownName: when there is no such loss.
        RecipeError: when there is no loss, a weight is not positive, options are for a loss not in the sum, or a loss
            does not take them.
    """

    def __init__(
        self,
        weights: Mapping[str, float],
        options: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        weighted: bool = False,
    ) -> None:
        options = options or {}
        if not weights:
            raise RecipeError(f"loss: none given; allowed are one or more of {', '.join(PIXEL_LOSSES)}")
        for name in (*weights, *options):
            PIXEL_LOSSES.require(name)
        for name, weight in weights.items():
            if not (weight > 0 and math.isfinite(weight)):
                raise RecipeError(f"loss {name!r}: its weight is {weight}; give a number above 0, or leave it out")
        if unused := sorted(options.keys() - weights.keys()):
            raise RecipeError(f"loss {unused[0]!r}: has options but no weight; the sum has {', '.join(weights)}")
        self._terms = {
            name: (float(weight), self._named_loss(name, options.get(name, {}), weighted))
            for name, weight in weights.items()
        }

    @staticmethod
    def _named_loss(name: str, options: Mapping[str, Any], weighted: bool) -> NamedLoss:
        return NamedLoss(PIXEL_LOSSES, name, options, where=f"task.loss_options.{name}", weighted=weighted)

    @property
    def losses(self) -> tuple[NamedLoss, ...]:
        """The losses."""
        return tuple(loss for _, loss in self._terms.values())

    def __call__(self, logits_BKHW: Tensor, masks_BHW: Tensor, weights_K: Tensor | None = None) -> Tensor:
        """Return the scalar sum."""
        first, *others = self.terms(logits_BKHW, masks_BHW, weights_K).values()
        return sum(others, start=first)

    def terms(self, logits_BKHW: Tensor, masks_BHW: Tensor, weights_K: Tensor | None = None) -> dict[str, Tensor]:
        """Return the weighted losses by name, scalars."""
        return {name: weight * loss(logits_BKHW, masks_BHW, weights_K) for name, (weight, loss) in self._terms.items()}
