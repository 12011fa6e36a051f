"""What a run writes down of the parts that a program hands over, so that it can tell them from others."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from torch import Tensor

from visionft.catalog import not_handed_over
from visionft.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What is known of a part that was handed over.

    Attributes:
        name: of its class or function.
        tensors: how many it has.
        sha256: of their names and shapes.
    """

    name: str
    tensors: int
    sha256: str

    @classmethod
    def of(cls, name: str, state: Mapping[str, Tensor]) -> "PartFacts":
        """Return the facts of a part with these tensors."""
        shapes = "\n".join(f"{key} {tuple(tensor.shape)}" for key, tensor in sorted(state.items()))
        return cls(name, len(state), sha256(shapes.encode()).hexdigest())

    def is_like(self, other: "PartFacts") -> bool:
        """Say whether two parts may be the same: their tensors, or the names of those that have none."""
        return self.sha256 == other.sha256 and (self.tensors > 0 or self.name == other.name)

    def __str__(self) -> str:
        return f"{self.name} with {self.tensors} tensors" if self.tensors else self.name


def require_same_parts(then: Mapping[str, Mapping[str, Any]], now: Mapping[str, PartFacts], path: str) -> None:
    """Check that what is handed over again is what a run was begun with; weights do not matter.

    Args:
        then: ``PartFacts`` by part as plain values.
        now: those that are handed over.
        path: the run folder.

    Raises:
        CheckpointError: when it is not.
    """
    for what, written in then.items():
        before = PartFacts(**written)
        if what not in now and before.tensors:
            raise CheckpointError(f"{path}: {not_handed_over(what)}")
        if what in now and not before.is_like(now[what]):
            found = now[what]
            other = f"{found}" if str(found) != str(before) else "one whose tensors have other names or shapes"
            raise CheckpointError(
                f"{what}: {path} was begun with {before}, and {other} is handed over; hand over the same (its weights "
                "do not matter)"
            )
