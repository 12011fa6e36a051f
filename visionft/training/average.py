"""A moving average of the weights: often better than the last ones, at no cost in inference."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from visionft.models.optimizers.state import AVERAGE


class WeightAverage:
    """Exponential moving average of what an optimizer trains.

    A weight that has had no gradient so far has not moved: it is its own average. The averages are saved beside the
    optimizer's state, as one more entry of each weight; the optimizer does not see them.

    Args:
        optimizer: what trains.
        decay: fraction of the old average kept in a step, 0..1; the first steps of a stage keep less.

    Source:
        Polyak and Juditsky (1992), Acceleration of Stochastic Approximation by Averaging; the rising decay is that
        of Tan and Le (2019), arXiv:1905.11946, whose code uses min(decay, (1 + step) / (10 + step)).
    """

    def __init__(self, optimizer: Optimizer, decay: float) -> None:
        self._optimizer = optimizer
        self._decay = decay
        self._parameters: dict[str, nn.Parameter] = {
            name: parameter
            for group in optimizer.param_groups
            for name, parameter in zip(group["param_names"], group["params"], strict=True)
        }
        self._averages: dict[str, Tensor] = {}

    def state_by_name(self) -> dict[str, Tensor]:
        """Return the averages as ``parameter/average`` -> tensor."""
        return {f"{name}/{AVERAGE}": average for name, average in self._averages.items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take the averages of a checkpoint over, once the optimizer has its state back.

        Older checkpoints hold averages of what had not moved, beside no state of the optimizer; they are left out.
        """
        stateful = any(self._optimizer.state.values())
        for name, parameter in self._parameters.items():
            average = state.get(f"{name}/{AVERAGE}")
            if average is not None and (self._optimizer.state.get(parameter) or not stateful):
                self._averages[name] = torch.empty_like(parameter).to(dtype=average.dtype).copy_(average)

    def update(self, step: int) -> None:
        """Move the averages towards the weights; the first time that a weight has moved, it becomes its average.

        Args:
            step: optimizer steps of the stage done so far, from 1; their gradients are still there.
        """
        decay = min(self._decay, (1 + step) / (10 + step))
        for name, parameter in self._parameters.items():
            weights = parameter.detach()
            if name in self._averages:
                self._averages[name].lerp_(weights, 1 - decay)
            elif parameter.grad is not None or self._optimizer.state.get(parameter):
                self._averages[name] = weights.clone()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the averages in the place of the weights for a while."""
        with torch.no_grad():
            kept = {name: parameter.clone() for name, parameter in self._parameters.items()}
            self._load(self._averages)
        try:
            yield
        finally:
            with torch.no_grad():
                self._load(kept)

    def _load(self, tensors: Mapping[str, Tensor]) -> None:
        for name, tensor in tensors.items():
            self._parameters[name].copy_(tensor)
