"""The frozen part of a network as a list of operations, which exporters take where they do not take the network.

Shape suffixes: B batch, C channels, H height, W width.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_unflatten

from visionft.models.backbones.placeholder import Number, Operation, Slot
from visionft.models.kernels.attention import exportable_attention

Rows = Callable[[Tensor, int], Tensor]


class Tape(nn.Module):
    """Does what was done once again: the same functions with the same arguments, for a batch of the same size.

    Args:
        operations: of a recording pass.
        kept: the numbers of what it returns, with what turns each into rows of that many images.
    """

    def __init__(self, operations: Sequence[Operation], kept: Mapping[Number, Rows]) -> None:
        super().__init__()
        self._operations = tuple(operations)
        self._kept = dict(kept)
        self._names: dict[int, str] = {}
        for leaf in _tensors(self._operations):
            if id(leaf) not in self._names:
                self._names[id(leaf)] = f"constant_{len(self._names)}"
                # contiguous, since pooling of other formats is exported as a gather over computed indices
                self.register_buffer(self._names[id(leaf)], leaf.detach().contiguous())

    def __len__(self) -> int:
        return len(self._operations)

    def forward(self, images_BCHW: Tensor) -> tuple[Tensor, ...]:
        """Return what ``Cut.prefix`` returns."""
        made: dict[Number, Tensor] = {(0, 0): images_BCHW}
        with exportable_attention():
            for operation in self._operations:
                leaves = [self._value(leaf, made) for leaf in operation.leaves]
                args, kwargs = tree_unflatten(leaves, operation.structure)
                result = operation.call(*args, **kwargs)
                results = [leaves[0]] if operation.writes_item else tree_leaves(result)
                made |= {(operation.count, n): each for n, each in enumerate(results)}
        return tuple(rows(made[number], len(images_BCHW)) for number, rows in self._kept.items())

    def same_as(self, other: "Tape") -> bool:
        """Return whether another tape does the same with the same numbers."""
        return (
            len(self) == len(other)
            and self._kept.keys() == other._kept.keys()
            and all(map(_alike, self._operations, other._operations))
        )

    def _value(self, leaf: Any, made: Mapping[Number, Tensor]) -> Any:
        if isinstance(leaf, Slot):
            return made[leaf.number]
        return getattr(self, self._names[id(leaf)]) if isinstance(leaf, Tensor) else leaf


def _tensors(operations: Sequence[Operation]) -> list[Tensor]:
    return [leaf for operation in operations for leaf in operation.leaves if isinstance(leaf, Tensor)]


def _alike(one: Operation, two: Operation) -> bool:
    return (
        (one.call, one.structure, one.count) == (two.call, two.structure, two.count)
        and len(one.leaves) == len(two.leaves)
        and all(map(_equal, one.leaves, two.leaves))
    )


def _equal(one: Any, two: Any) -> bool:
    if isinstance(one, Tensor) and isinstance(two, Tensor):
        return one is two or torch.equal(one, two)
    return type(one) is type(two) and bool(one == two)
