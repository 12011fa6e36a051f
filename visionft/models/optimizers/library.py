"""Optimizers made by name, with the options that a recipe gives them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from timm.optim import (  # type: ignore[attr-defined]  # which timm exports without saying so
    create_optimizer_v2,
    get_optimizer_class,
    get_optimizer_info,
    list_optimizers,
)
from torch.optim import Optimizer

from visionft.errors import UnknownName
from visionft.models.optimizers import OPTIMIZERS
from visionft.options import as_arguments, options_of

Groups = Sequence[dict[str, Any]]

# what the stages and the section optim say, and what the loop leaves no choice in
_GIVEN = ("params", "lr", "weight_decay", "maximize", "differentiable", "capturable")
_INSTEAD = {
    "lr": "is set by head_lr and backbone_lr of each stage; leave it out",
    "weight_decay": "has a key of its own: optim.weight_decay",
}
# the fused kernel is several times as fast on CPUs too; for others it is a choice
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {"adamw": {"fused": True}}


def optimizer_names() -> list[str]:
    """Return the names that are known, sorted; not all of them can be used everywhere, or resumed."""
    return sorted({*OPTIMIZERS, *list_optimizers()})


def require_optimizer(name: str) -> None:
    """Check a name.

    Raises:
        UnknownName: with the close names.
    """
    if name not in OPTIMIZERS and name not in list_optimizers():
        raise UnknownName("optimizer", name, optimizer_names(), hint="see 'visionft list optimizers'")


def optimizer_options(name: str) -> dict[str, Any]:
    """Return the arguments that a recipe may give to an optimizer, each with its ``inspect.Parameter``.

    Raises:
        UnknownName: when there is no such optimizer.
        ImportError: when it is one of a package that is not installed.
    """
    require_optimizer(name)
    if name in OPTIMIZERS:
        return options_of(OPTIMIZERS[name], _GIVEN)
    info = get_optimizer_info(name)
    dropped = [option for option, has in (("eps", info.has_eps), ("betas", info.has_betas)) if not has]
    maker: Callable[..., Optimizer] = get_optimizer_class(name, bind_defaults=False)
    return options_of(maker, (*_GIVEN, *dropped))


def is_second_order(name: str) -> bool:
    """Return whether an optimizer needs second derivatives, by what timm says of it."""
    return name not in OPTIMIZERS and bool(get_optimizer_info(name).second_order)


def instead_of(option: str) -> str | None:
    """Return what to do about an option that is set elsewhere; None for others."""
    return _INSTEAD.get(option)


def make_optimizer(
    name: str, groups: Groups, *, lr: float, weight_decay: float, options: Mapping[str, Any]
) -> Optimizer:
    """Make an optimizer for parameter groups.

    Args:
        name: one of ``optimizer_names``.
        groups: with named parameters, and rate and weight decay of their own.
        lr: default rate, of the head; some optimizers scale by it.
        weight_decay: default.
        options: option -> value.

    Raises:
        UnknownName: when there is no such optimizer.
    """
    defaults = {} if "foreach" in options else _DEFAULTS.get(name, {})
    settings = {**defaults, **as_arguments(optimizer_options(name), options)}
    if name in OPTIMIZERS:
        optimizer: Optimizer = OPTIMIZERS[name](groups, lr=lr, weight_decay=weight_decay, **settings)
        return optimizer
    return create_optimizer_v2(groups, opt=name, lr=lr, weight_decay=weight_decay, **settings)
