"""Whether training with an optimizer can be resumed: found out by doing so, on a few small weights."""

import warnings
from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from visionft.errors import UnknownName
from visionft.models.optimizers import OPTIMIZERS
from visionft.models.optimizers.library import instead_of, is_second_order, make_optimizer, optimizer_options
from visionft.models.optimizers.state import restore_state, state_by_name
from visionft.options import wrong_options

_SHAPES = {"matrix": (4, 3), "kernel": (4, 3, 3, 3), "bias": (4,), "late": (2, 3)}
_RATE = 1e-2
# what optimizers raise that do not like their options, or miss something
_REFUSALS = (TypeError, ValueError, AssertionError, RuntimeError, ImportError, LookupError)


def optimizer_problems(name: str, options: Mapping[str, Any]) -> dict[str, str]:
    """Say what is wrong with an optimizer and its options: key of the section ``optim`` -> what a person is told.

    Args:
        name: the optimizer's.
        options: option -> value.
    """
    try:
        known = optimizer_options(name)
    except UnknownName as error:
        return {"name": str(error)}
    except (ImportError, AssertionError) as error:  # timm asserts that there is CUDA
        return {"name": f"{name} cannot be used here: {error}"}
    if (reason := _needs(name)) is not None:
        return {"name": f"{name} {reason}; training gives it gradients and nothing else, choose another"}
    wrong = wrong_options(known, {option: value for option, value in options.items() if not instead_of(option)})
    wrong |= {option: text for option in options if (text := instead_of(option))}
    if wrong:
        return {f"options.{option}": text for option, text in wrong.items()}
    with warnings.catch_warnings(action="ignore"):  # what one says of its speed is no matter here
        try:
            _optimizer(name, options, _weights())
        except _REFUSALS as error:
            return {"options" if options else "name": f"{name} cannot be made: {_first_line(error)}"}
        reason = why_not_resumed(name, options)
    return {} if reason is None else {"name": f"{name} cannot be resumed bit for bit: {reason}; choose another"}


def why_not_resumed(name: str, options: Mapping[str, Any]) -> str | None:
    """Take two steps, hand the state to a new optimizer, and say why the steps after that are not the same.

    Args:
        name: of an optimizer that can be made.
        options: option -> value.

    Returns:
        The reason; None where they are, bit for bit.
    """
    weights = _weights()
    optimizer = _optimizer(name, options, weights)
    generators = [attribute for attribute, value in vars(optimizer).items() if isinstance(value, torch.Generator)]
    if generators:
        return f"it draws random numbers by itself ({generators[0]})"
    try:
        for number in range(2):
            _step(optimizer, weights, number)
        state = {key: value.clone() for key, value in state_by_name(optimizer).items()}
        copies = {key: nn.Parameter(weight.detach().clone()) for key, weight in weights.items()}
        resumed = _optimizer(name, options, copies)
        restore_state(resumed, state)
        for number in range(2, 5):
            _step(optimizer, weights, number)
            _step(resumed, copies, number)
    except _REFUSALS as error:
        return _first_line(error)
    same = all(torch.equal(weight, copies[key]) for key, weight in weights.items())
    return None if same else "its state is not all in what it keeps for each weight and group"


def _needs(name: str) -> str | None:
    """Return what an optimizer needs beside gradients, by what its class says."""
    if is_second_order(name):
        return "needs second derivatives"
    if name in OPTIMIZERS:
        closure = signature(OPTIMIZERS[name].step).parameters.get("closure")
        if closure is not None and closure.default is Parameter.empty:
            return "computes the loss itself, several times in a step (a closure)"
    return None


def _weights() -> dict[str, nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    weights = {key: torch.randn(shape, generator=generator) for key, shape in _SHAPES.items()}
    weights["kernel"] = weights["kernel"].to(memory_format=torch.channels_last)
    return {key: nn.Parameter(weight) for key, weight in weights.items()}


def _optimizer(name: str, options: Mapping[str, Any], weights: Mapping[str, nn.Parameter]) -> Optimizer:
    items = list(weights.items())
    groups: list[dict[str, Any]] = [
        {"params": items[:2], "lr": _RATE, "base_lr": _RATE, "weight_decay": 0.01},
        {"params": items[2:], "lr": _RATE / 2, "base_lr": _RATE / 2, "weight_decay": 0.0},
    ]
    return make_optimizer(name, groups, lr=_RATE, weight_decay=0.01, options=options)


def _step(optimizer: Optimizer, weights: Mapping[str, nn.Parameter], number: int) -> None:
    """Take a step as the loop does: rates change from step to step, and one weight has no gradient at first."""
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * (1 - number / 10)
    generator = torch.Generator().manual_seed(number)
    for key, weight in weights.items():
        gradient: Tensor = torch.randn(weight.shape, generator=generator)
        weight.grad = None if key == "late" and number < 3 else gradient.clone()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(number)  # as each step of training is seeded
        optimizer.step()


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
