"""Finds a network's tensors in a checkpoint, however a training script has wrapped them."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from visionft.errors import WeightsError
from visionft.models.backbones.family import State

# The copy that is kept to be used, and the one beside it that only served to train it.
_KEPT = re.compile(r"(?<![a-z])(ema|teacher|encoder_q)(?![a-z])")
_LEFT = re.compile(r"(?<![a-z])(student|encoder_k|momentum\w*)(?![a-z])")
_NOT_WEIGHTS = ("optim", "sched", "scaler", "loss", "criterion", "callback", "queue", "metric")
_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.", "backbone.", "encoder.", "encoder_q.", "teacher.")
_DEEPEST = 4  # mappings within mappings


@dataclass(frozen=True, slots=True)
class FoundState:
    """Tensors that may be a network's.

    Attributes:
        tensors: by name.
        place: where in the file, for people; empty for all of it.
        left_out: names of the file's tensors beside these.
    """

    tensors: State
    place: str = ""
    left_out: tuple[str, ...] = ()

    def told(self) -> str:
        """Return where the tensors were, and what else was there, for the end of a sentence."""
        place = f", under {self.place}" if self.place else ""
        names = self.left_out
        unused = (
            f"; not used: {len(names)} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})" if names else ""
        )
        return place + unused


def states_in(content: Mapping[str, Any], expected: Mapping[str, Tensor], where: str) -> list[FoundState]:
    """Return what in a file may be a network's tensors, the likeliest first.

    Every mapping of tensors counts, under whatever key, and in it whatever prefix makes its names those of the
    network. Of a network and its moving average, or a student and its teacher, the average and the teacher come first.

    Args:
        content: what the file holds.
        expected: the network's tensors by name.
        where: the file, for the message.

    Raises:
        WeightsError: when there is no tensor, or two networks fit and nothing tells which is meant.
    """
    flat = sorted(_mappings(content, ()), key=lambda found: _rank(".".join(found[0])))
    if not flat:
        keys = ", ".join(map(str, list(content)[:5])) or "nothing"
        raise WeightsError(f"weights {where}: holds no tensors ({keys}); a state dict is needed")
    named = [fit for path, state in flat for fit in _fitting(state, expected, path)]
    if named:
        best = _rank(named[0].place)
        rivals = [one for one in named if _rank(one.place) == best and not _same(one, named[0], expected)]
        if rivals:
            raise WeightsError(
                f"weights {where}: two networks in it fit, under {named[0].place or 'no name'} and {rivals[0].place}; "
                "save the one that is meant in a file of its own"
            )
        others = [one.place or "no name" for one in named if _rank(one.place) != best]
        place = f"{named[0].place or 'no name'} (not {others[0]})" if others else named[0].place
        return [replace(named[0], place=place)]
    return [part for path, state in flat for part in _stripped(state, path)]


def _mappings(content: Mapping[Any, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], State]]:
    """Yield every mapping that holds tensors, with the keys that lead to it."""
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if tensors:
        yield path, tensors
    for key, value in content.items():
        inner = isinstance(value, Mapping) and len(path) < _DEEPEST and isinstance(key, str)
        if inner and not any(word in key.lower() for word in _NOT_WEIGHTS):
            yield from _mappings(value, (*path, key))


def _fitting(state: State, expected: Mapping[str, Tensor], path: tuple[str, ...]) -> list[FoundState]:
    """Return the parts of a state whose names, without a prefix, are all of the network's, with their shapes."""
    counts: Counter[str] = Counter()
    for name, tensor in state.items():
        for prefix in _prefixes(name):
            matching = expected.get(name[len(prefix) :])
            counts[prefix] += matching is not None and matching.shape == tensor.shape
    full = [prefix for prefix, count in counts.items() if count == len(expected)]
    found = []
    for prefix in sorted(full, key=_rank):
        tensors = {name[len(prefix) :]: tensor for name, tensor in state.items() if name.startswith(prefix)}
        unused = [name for name in state if not name.startswith(prefix) or name[len(prefix) :] not in expected]
        counters = [name for name in unused if name.endswith("num_batches_tracked")]
        left_out = tuple(name for name in unused if name not in counters)
        found.append(FoundState(tensors, _place(path, prefix), left_out))
    return found


def _prefixes(name: str) -> Iterator[str]:
    yield ""
    for position, character in enumerate(name):
        if character == ".":
            yield name[: position + 1]


def _rank(place: str) -> int:
    if _LEFT.search(place.lower()):
        return 2
    return 0 if _KEPT.search(place.lower()) else 1


def _same(one: FoundState, other: FoundState, expected: Mapping[str, Tensor]) -> bool:
    return one is other or all(one.tensors[name].equal(other.tensors[name]) for name in expected)


def _stripped(state: State, path: tuple[str, ...]) -> Iterator[FoundState]:
    """Yield a state whose names are foreign without what usually stands before them, then its usual parts."""
    before = ""
    while prefix := next((one for one in _PREFIXES if state and all(name.startswith(one) for name in state)), ""):
        state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
        before += prefix
    yield FoundState(state, _place(path, before))
    for prefix in sorted(_PREFIXES, key=_rank):
        part = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
        if part:
            left_out = tuple(name for name in state if not name.startswith(prefix))
            yield FoundState(part, _place(path, before + prefix), left_out)


def _place(path: tuple[str, ...], prefix: str) -> str:
    return " / ".join([*map(repr, path), *([repr(prefix)] if prefix else [])])
