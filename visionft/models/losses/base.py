"""What a loss is, and how one is made by name and called."""

from collections.abc import Mapping, Sequence
from inspect import Parameter, isclass, signature
from itertools import chain
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from visionft.catalog import IN_MEMORY, Catalog, handed_over, not_handed_over
from visionft.errors import RecipeError
from visionft.models.backbones.sizes import reason
from visionft.models.own import MISTAKES, copied, name_of
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
        self._is_handed = name == IN_MEMORY and name not in catalog
        self._loss: Loss = (
            _handed_over(others) if self._is_handed else make_part(catalog[name], options or {}, where, **others)
        )
        self._shown = name_of(self._loss) if self._is_handed else name
        if weighted and not _takes_weights(self._loss):
            raise RecipeError(
                f"loss {self._shown!r}: takes no weights (a third argument); leave the task's weights out"
            )

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
        arguments = (outputs, targets) if weights is None else (outputs, targets, weights.to(device))
        value = _value_of_own(self._loss, arguments) if self._is_handed else self._loss(*arguments)
        if not isinstance(value, Tensor) or value.ndim:
            found = f"tensor of {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
            raise RecipeError(
                f"loss {self._shown!r}: gives a {found}; a loss is a tensor of one number, such as the mean"
            )
        return value


def _value_of_own(loss: Loss, arguments: Sequence[Tensor]) -> Tensor:
    """Return what a program's own loss gives for classes as torch's losses take them: int64.

    Raises:
        RecipeError: when it fails.
    """
    outputs, targets, *weights = arguments
    try:
        return loss(outputs, targets if targets.is_floating_point() else targets.long(), *weights)
    except torch.OutOfMemoryError:  # which has its own advice
        raise
    except MISTAKES as error:
        given = ", ".join(f"{str(one.dtype).removeprefix('torch.')} {tuple(one.shape)}" for one in arguments)
        raise RecipeError(f"loss {name_of(loss)!r}: fails ({reason(error)}) with what it is given: {given}") from error


def require_loss(given: Any) -> None:
    """Check that what a program hands over can be called as a loss is, or makes one.

    Raises:
        RecipeError: when it cannot.
    """
    if isclass(given):
        return
    try:
        signature(given.forward if isinstance(given, nn.Module) else given).bind(None, None)
    except TypeError as error:
        raise RecipeError(
            f"loss {name_of(given)}: {error}; a loss is called with outputs and targets, and gives one number"
        ) from error
    except ValueError:  # of C code, which tells no signature
        return


def _handed_over(others: Mapping[str, Any]) -> Loss:
    """Return the loss that a program hands over; one that refuses to be called where there is none."""
    given = handed_over("loss")
    if given is None:
        return _Missing()
    made: Loss = make_part(given, {}, "loss", **others) if isclass(given) else given
    return copied(made, "loss") if isinstance(made, nn.Module) else made


class _Missing:
    """Stands for a loss that nobody has handed over; whatever measures and exports a network needs none."""

    def __call__(self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None, /) -> Tensor:  # noqa: ARG002
        raise RecipeError(not_handed_over("loss"))


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
