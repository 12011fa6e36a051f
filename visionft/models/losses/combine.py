"""A weighted sum of losses.

Shape suffixes: B batch, K classes, H height, W width.
"""

import math
from collections.abc import Mapping
from typing import Any, Protocol

from torch import Tensor

from visionft.errors import RecipeError
from visionft.models.losses import LOSSES


class Loss(Protocol):
    """What every entry of ``LOSSES`` makes."""

    def __call__(self, logits_BKHW: Tensor, masks_BHW: Tensor, weights_K: Tensor | None = None) -> Tensor:
        """Return the scalar loss.

        Args:
            logits_BKHW: floating point, of any precision.
            masks_BHW: uint8 class indices and ``IGNORE``.
            weights_K: relative weights of the classes, >= 0; none weighs them all the same.
        """
        ...


class LossSum:
    """Several losses of ``LOSSES``, added up; itself called like one of them.

    Args:
        weights: loss name -> weight, > 0; at least one.
        options: loss name -> arguments of its class, for losses that are not to have their defaults.

    Raises:
        UnknownName: when there is no such loss.
        RecipeError: when there is no loss, a weight is not positive, or options are for a loss not in the sum.
    """

    def __init__(self, weights: Mapping[str, float], options: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        options = options or {}
        if not weights:
            raise RecipeError(f"loss: none given; allowed are one or more of {', '.join(LOSSES)}")
        for name in (*weights, *options):
            LOSSES.require(name)
        for name, weight in weights.items():
            if not (weight > 0 and math.isfinite(weight)):
                raise RecipeError(f"loss {name!r}: its weight is {weight}; give a number above 0, or leave it out")
        if unused := sorted(options.keys() - weights.keys()):
            raise RecipeError(f"loss {unused[0]!r}: has options but no weight; the sum has {', '.join(weights)}")
        self._terms: dict[str, tuple[float, Loss]] = {
            name: (float(weight), LOSSES[name](**options.get(name, {}))) for name, weight in weights.items()
        }

    def __call__(self, logits_BKHW: Tensor, masks_BHW: Tensor, weights_K: Tensor | None = None) -> Tensor:
        """Return the scalar sum."""
        first, *others = self.terms(logits_BKHW, masks_BHW, weights_K).values()
        return sum(others, start=first)

    def terms(self, logits_BKHW: Tensor, masks_BHW: Tensor, weights_K: Tensor | None = None) -> dict[str, Tensor]:
        """Return the weighted losses by name, scalars."""
        return {name: weight * loss(logits_BKHW, masks_BHW, weights_K) for name, (weight, loss) in self._terms.items()}
