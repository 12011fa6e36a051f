"""Tensors that stand for what the frozen part of a network computes, while its own Python runs.

A network is run twice by the same code. In a *recording* pass each placeholder holds the true values, in a *replaying*
one only shape and type (on torch's meta device), so that what it goes through costs nothing. Every operation on
placeholders has the same number in both. Where one meets something that trains, it *crosses*: the recording pass notes
its number, the replaying pass takes the value that was kept under it. So no network has to be traced or known, and what
crosses may be any number of tensors.

Source: the mechanism is torch's ``__torch_function__`` (pytorch.org/docs/stable/notes/extending.html).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

Number = tuple[int, int]
"""Position of an operation in a pass, and of a tensor among its results; (0, 0) are the images."""

_DEVICE = Tensor.device.__get__
_DEVICE_FACTS = {
    Tensor.is_cuda.__get__: "cuda",  # type: ignore[attr-defined]
    Tensor.is_cpu.__get__: "cpu",  # type: ignore[attr-defined]
    Tensor.is_meta.__get__: "meta",  # type: ignore[attr-defined]
}
_RANDOM = frozenset({"bernoulli", "bernoulli_", "normal_", "rand_like", "randn_like", "uniform_"})
_DROPOUTS = frozenset({"alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"})


class CannotCut(Exception):
    """A network does what placeholders cannot stand for; the message is the reason."""


class AllKept(BaseException):
    """Ends a pass that has everything; no broad ``except`` of a network may catch it."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a tensor of the frozen part stands among the arguments of an ``Operation``."""

    number: Number


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the frozen part, as it can be done again.

    Attributes:
        call: what was called.
        leaves: its arguments without their nesting, a ``Slot`` for each tensor of the frozen part.
        structure: how they were nested.
        count: its position, under which its results have their numbers.
    """

    call: Callable[..., Any]
    leaves: tuple[Any, ...]
    structure: Any
    count: int

    @property
    def writes_item(self) -> bool:
        """Whether its result is its first argument, changed."""
        return self.call is Tensor.__setitem__


class Placeholder(Tensor):
    """A tensor of the frozen part; see above."""

    current: "Pass"
    number: Number

    @classmethod
    def of(cls, tensor: Tensor, current: "Pass", number: Number) -> "Placeholder":
        """Return a placeholder with a tensor's values, or with its shape where that lies on the meta device."""
        made = tensor.as_subclass(cls)
        made.current, made.number = current, number
        return made

    def tensor(self) -> Tensor:
        """Return the plain tensor."""
        return self.as_subclass(Tensor)

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Collection[type], args: Any = (), kwargs: Any = None
    ) -> Any:
        """Do one operation that has placeholders among its arguments."""
        with torch._C.DisableTorchFunctionSubclass():
            leaves, structure = tree_flatten((args, kwargs or {}))
            current = next(leaf.current for leaf in leaves if isinstance(leaf, Placeholder))
            return current.operate(func, leaves, structure)


class Pass:
    """One run of a network on placeholders.

    Args:
        constants: parameters and buffers of the network, by ``id``; those that do not train are part of what is frozen.
        device: where the network lies, whatever the placeholders say.
        kept: what crosses, by number, in a replaying pass; none records.
        wanted: the numbers after which a recording pass has everything; none runs to the end.

    Attributes:
        crossed: what crosses in a recording pass, by number.
        found: what was wanted, likewise.
        operations: of a recording pass, in order.
    """

    def __init__(
        self,
        constants: Mapping[int, Tensor],
        device: torch.device,
        *,
        kept: Mapping[Number, Tensor] | None = None,
        wanted: Collection[Number] | None = None,
    ) -> None:
        self._constants = constants
        self._device = device
        self._kept = kept
        self._wanted = wanted
        self._count = 0
        self._real: dict[Number, Tensor] = {}
        self.crossed: dict[Number, Tensor] = {}
        self.found: dict[Number, Tensor] = {}
        self.operations: list[Operation] = []

    def images(self, images_BCHW: Tensor) -> Placeholder:
        """Return what the network is called with."""
        return self._note(Placeholder.of(images_BCHW, self, (0, 0)))

    def crossing(self, tree: Any) -> Any:
        """Put true tensors in the place of all placeholders in nested tuples, lists and dicts."""
        return tree_map(lambda leaf: self._cross(leaf) if isinstance(leaf, Placeholder) else leaf, tree)

    def operate(self, func: Callable[..., Any], leaves: list[Any], structure: Any) -> Any:
        """Return the result of an operation, as placeholders while nothing in it trains."""
        if func is _DEVICE:
            return self._device
        if func in _DEVICE_FACTS:
            return _DEVICE_FACTS[func] == self._device.type
        writes_item = func is Tensor.__setitem__
        if self._trains(func, leaves, structure):
            if writes_item and isinstance(leaves[0], Placeholder):
                raise CannotCut("writes what trains into what is frozen")
            args, kwargs = tree_unflatten(self.crossing(leaves), structure)
            return func(*args, **kwargs)
        if writes_item and not isinstance(leaves[0], Placeholder):
            raise CannotCut("writes what is frozen into a tensor of its own making")
        lowered = [leaf.tensor() if isinstance(leaf, Placeholder) else self._without_values(leaf) for leaf in leaves]
        args, kwargs = tree_unflatten(lowered, structure)
        with torch.no_grad():
            result = func(*args, **kwargs)
        if writes_item:
            self._number(func, leaves, structure)
            self._renumber(leaves[0], 0)
            return result
        results, form = tree_flatten(result)
        if not any(isinstance(each, Tensor) for each in results):
            return result  # whether a network asks for a shape or a flag may depend on what it is run for
        self._number(func, leaves, structure)
        changed = {id(low): leaf for low, leaf in zip(lowered, leaves, strict=True) if isinstance(leaf, Placeholder)}
        return tree_unflatten([self._wrapped(each, n, changed) for n, each in enumerate(results)], form)

    def _number(self, func: Callable[..., Any], leaves: list[Any], structure: Any) -> None:
        self._count += 1
        if self._kept is not None:
            return
        places = tuple(Slot(leaf.number) if isinstance(leaf, Placeholder) else leaf for leaf in leaves)
        self.operations.append(Operation(func, places, structure, self._count))

    def _trains(self, func: Callable[..., Any], leaves: list[Any], structure: Any) -> bool:
        """Return whether an operation belongs behind the frozen part."""
        name = getattr(func, "__name__", "")
        if name in _RANDOM or (name in _DROPOUTS and _is_on(leaves, structure)):
            return True
        for leaf in leaves:
            if isinstance(leaf, Tensor) and not isinstance(leaf, Placeholder):
                if leaf.requires_grad:
                    return True
                # once something has crossed, a tensor that is not the network's own may come from there
                if self._real and id(leaf) not in self._constants:
                    return True
        return False

    def _without_values(self, leaf: Any) -> Any:
        """Return what stands for an argument in a replaying pass."""
        if self._kept is None:
            return leaf
        if isinstance(leaf, Tensor):
            return self._constants[id(leaf)] if id(leaf) in self._constants else leaf.to("meta")
        return torch.device("meta") if isinstance(leaf, torch.device) else leaf

    def _wrapped(self, result: Any, position: int, changed: Mapping[int, Placeholder]) -> Any:
        if not isinstance(result, Tensor):
            return result
        if id(result) in changed:  # an operation in place
            return self._renumber(changed[id(result)], position)
        return self._note(Placeholder.of(result, self, (self._count, position)))

    def _renumber(self, changed: Placeholder, position: int) -> Placeholder:
        changed.number = (self._count, position)
        return self._note(changed)

    def _note(self, placeholder: Placeholder) -> Placeholder:
        if self._wanted is not None and placeholder.number in self._wanted:
            self.found[placeholder.number] = placeholder.tensor()
            if len(self.found) == len(self._wanted):
                raise AllKept
        return placeholder

    def _cross(self, placeholder: Placeholder) -> Tensor:
        """Return the one true tensor behind a placeholder; what is done to it in place is seen by all."""
        number = placeholder.number
        if number not in self._real:
            if self._kept is None:
                self._real[number] = placeholder.tensor()
                self.crossed[number] = placeholder.tensor().clone()
            elif number in self._kept:
                self._real[number] = self._kept[number]
            else:
                raise CannotCut("does not run alike twice")
        return self._real[number]


def _is_on(leaves: list[Any], structure: Any) -> bool:
    """Return whether a call of a dropout drops anything: its arguments are input, p, training."""
    args, kwargs = tree_unflatten(leaves, structure)
    given = dict(zip(("input", "p", "training"), args, strict=False)) | kwargs
    return bool(given.get("training", True)) and given.get("p", 0.5) > 0
