"""What a loss is, and how one is made by name and called."""

from collections.abc import Mapping
from inspect import Parameter, signature
from itertools import chain
from typing import Any, Protocol

from torch import Tensor, nn

from visionft.catalog import Catalog
from visionft.errors import RecipeError
from visionft.options import make_part


class Loss(Protocol):
    """What every entry of a catalog of losses makes; a module, where it has weights or buffers of its own."""

    def __call__(self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None, /) -> Tensor:
        """Return the scalar loss, a mean over what there is to learn.

        Args:
            outputs: of the network, floating point of any precision.
            targets: of the batch.
            weights: of classes or values, relative: only their proportions count; not given where all weigh the same.
        """
        ...


class NamedLoss:
    """A loss made from its name in a recipe, on the device of its own weights if it has some.

    Args:
        catalog: knows the name.
        name: the loss.
        options: arguments of its class.
        where: the key of the recipe that holds the options.
        weighted: whether it will be given weights.
        others: arguments that no recipe gives, such as ``class_counts``; it gets those that its class takes.

    Raises:
        UnknownName: when there is no such loss.
        RecipeError: when it does not take the options, or no weights.
    """

    def __init__(
        self,
        catalog: Catalog,
        name: str,
        options: Mapping[str, Any] | None = None,
        *,
        where: str = "task.loss_options",
        weighted: bool = False,
        **others: Any,
    ) -> None:
        self.name = name
        self._loss: Loss = make_part(catalog[name], options or {}, where, **others)
        if weighted and not _takes_weights(self._loss):
            raise RecipeError(f"loss {name!r}: takes no weights (a third argument); leave the task's weights out")

    @property
    def module(self) -> nn.Module | None:
        """The loss where it is a module: what it learns is to be a part of the network."""
        return self._loss if isinstance(self._loss, nn.Module) else None

    def __call__(self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """Return the scalar loss.

        Raises:
            RecipeError: when what the loss gives is not one number.
        """
        device = outputs.device
        if self.module is not None:
            device = next((held.device for held in chain(self.module.parameters(), self.module.buffers())), device)
        outputs, targets = outputs.to(device), targets.to(device)
        value = self._loss(outputs, targets) if weights is None else self._loss(outputs, targets, weights.to(device))
        if value.ndim:
            raise RecipeError(
                f"loss {self.name!r}: gives a tensor of {tuple(value.shape)}; a loss is one number, such as the mean"
            )
        return value


def attach(head: nn.Module, *losses: NamedLoss) -> None:
    """Make losses that are modules a part of a head: trained, moved and saved with it."""
    for loss in losses:
        if loss.module is not None:
            head.add_module(f"loss_{loss.name}", loss.module)


def _takes_weights(loss: Any) -> bool:
    """Say whether a loss can be called with three arguments."""
    parameters = signature(loss.forward if isinstance(loss, nn.Module) else loss).parameters.values()
    places = [p for p in parameters if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
    return len(places) > 2 or any(p.kind is Parameter.VAR_POSITIONAL for p in parameters)
