"""A moving average of the weights: often better than the last ones, at no cost in inference."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

_ENTRY = "average"


class WeightAverage:
    """Exponential moving average of what an optimizer trains.

    The averages are entries of the optimizer's state, so they are saved, resumed and dropped with it. A weight that
    has had no gradient so far has no state and has not moved: it is its own average.

    Args:
        optimizer: what trains; with a state for every weight it has moved, as AdamW has.
        decay: fraction of the old average kept in a step, 0..1; the first steps of a stage keep less.

    Source:
        Polyak and Juditsky (1992), Acceleration of Stochastic Approximation by Averaging; the rising decay is that
        of Tan and Le (2019), arXiv:1905.11946, whose code uses min(decay, (1 + step) / (10 + step)).
    """

    def __init__(self, optimizer: Optimizer, decay: float) -> None:
        self._optimizer = optimizer
        self._decay = decay
        self._parameters: list[nn.Parameter] = [p for group in optimizer.param_groups for p in group["params"]]
        for parameter in self._parameters:  # older checkpoints hold averages of what has not moved
            if self._optimizer.state.get(parameter, {}).keys() == {_ENTRY}:
                del self._optimizer.state[parameter]

    def forget(self) -> None:
        """Start anew, as at the beginning of a stage."""
        for parameter in self._parameters:
            self._optimizer.state.get(parameter, {}).pop(_ENTRY, None)

    def update(self, step: int) -> None:
        """Move the averages towards the weights; the first time that a weight has moved, it becomes its average.

        Args:
            step: optimizer steps of the stage done so far, from 1.
        """
        decay = min(self._decay, (1 + step) / (10 + step))
        for parameter in self._parameters:
            state, weights = self._optimizer.state.get(parameter), parameter.detach()
            if not state:  # an entry would keep the optimizer from making its own
                continue
            if _ENTRY in state:
                state[_ENTRY].lerp_(weights, 1 - decay)
            else:
                state[_ENTRY] = weights.clone()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the averages in the place of the weights for a while."""
        with torch.no_grad():
            kept = [parameter.clone() for parameter in self._parameters]
            self._load(self._averages())
        try:
            yield
        finally:
            with torch.no_grad():
                self._load(kept)

    def _averages(self) -> list[Tensor]:
        """Return the averages; of what has not moved, the weights."""
        return [self._optimizer.state.get(p, {}).get(_ENTRY, p) for p in self._parameters]

    def _load(self, tensors: list[Tensor]) -> None:
        for parameter, tensor in zip(self._parameters, tensors, strict=True):
            parameter.copy_(tensor)
