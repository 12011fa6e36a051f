"""Parts of a network that torch compiles, where everything in them trains."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from visionft.models.backbones.cut import trained_entries
from visionft.models.network import TaskNetwork

_LEAST = 2  # matrices of a part: with fewer, there is nothing to join
# As many shapes as a part may meet (a level of a pyramid each, say) before torch no longer compiles for others. Which
# those are would follow from the order in which they come, and so from where a run was resumed.
_SHAPES = 64


def parts_to_compile(network: TaskNetwork) -> list[nn.Module]:
    """Return the outermost modules, in backbone and head, in which everything trains and that are worth compiling."""
    chosen = trained_entries(network.backbone)
    for child in network.head.children():
        chosen += _outermost(child)
    return [module for module in chosen if matrices(module) >= _LEAST]


def matrices(module: nn.Module) -> int:
    """Return how many kernels and matrices of a module train."""
    return sum(parameter.ndim > 1 and parameter.requires_grad for parameter in module.parameters())


class CompiledParts:
    """Modules whose ``forward`` is compiled where that is asked for, and which otherwise are as they were.

    Shapes are compiled one by one, so that what a batch gives does not depend on those before; dropout takes torch's
    own random numbers.

    Args:
        modules: none of which lies in another.
    """

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        self.modules = list(modules)
        self._forwards: list[Callable[..., Any]] = [
            torch.compile(module.forward, dynamic=False, options={"fallback_random": True}) for module in modules
        ]

    @contextmanager
    def used(self, *, strictly: bool = False) -> Iterator[None]:
        """Compile on the first call, then use what was compiled.

        Args:
            strictly: whether what cannot be compiled raises ``TorchDynamoException``; else it runs as it is.
        """
        import torch._dynamo

        settings = {"suppress_errors": not strictly, "recompile_limit": _SHAPES, "accumulated_recompile_limit": 4096}
        with torch._dynamo.config.patch(settings):
            for module, forward in zip(self.modules, self._forwards, strict=True):
                module.__dict__["forward"] = forward  # hooks stay outside, as those by which a network is cut have to
            try:
                yield
            finally:
                for module in self.modules:
                    del module.__dict__["forward"]


def _outermost(module: nn.Module) -> list[nn.Module]:
    """Return a module that can be called and trains as a whole, or those in it."""
    parameters = list(module.parameters())
    called = type(module).forward is not nn.Module.forward
    if called and parameters and all(parameter.requires_grad for parameter in parameters):
        return [module]
    return [found for child in module.children() for found in _outermost(child)]
