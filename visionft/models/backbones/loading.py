"""Fills a network with the tensors of a file, completely or not at all."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from visionft.errors import WeightsError
from visionft.models.backbones.family import State
from visionft.models.backbones.states import FoundState, states_in

_CLASSIFIER_TENSORS = 2  # weight and bias
# What the rules of libraries for foreign checkpoints raise on a file that is none of theirs.
_NOT_ITS_KIND = (RuntimeError, LookupError, ValueError, TypeError, AttributeError, AssertionError)


def fill(
    network: nn.Module,
    content: Mapping[str, Any],
    remap: Callable[[Mapping[str, Tensor]], State] | None,
    where: str,
) -> str:
    """Load tensors into a network so that every one of its weights and statistics comes from them.

    Tried in turn: by name, behind whatever prefix; by the library's own rules for old and foreign checkpoints; in
    order, when names are foreign but kinds and shapes agree all the way. What else the file holds is left out, told.

    Args:
        network: without its classifier; stays as it was when nothing fits.
        content: tensors by name, or mappings with such inside.
        remap: the library's rules, if it has any.
        where: the file, for the message.

    Returns:
        How the tensors were matched, how many, and what was not used.

    Raises:
        WeightsError: when a single tensor would be left at its random value, or is not finite.
    """
    tensors = network.state_dict()
    expected = {name: tensor for name, tensor in tensors.items() if tensor.is_floating_point()}
    candidates = states_in(content, expected, where)
    matched, how = next(filter(None, (_match(expected, one, remap) for one in candidates)), (None, ""))
    if matched is None:
        raise WeightsError(
            _misfit(expected, max(candidates, key=lambda one: len(expected.keys() & one.tensors)), where)
        )
    fitting = {
        name: tensor for name, tensor in matched.items() if name in tensors and tensors[name].shape == tensor.shape
    }
    _require_finite({name: fitting[name] for name in expected if tensors[name].isfinite().all()}, where)
    network.load_state_dict(fitting, strict=False)  # counters may be missing; the rest has been checked above
    return how


def _match(
    expected: Mapping[str, Tensor], found: FoundState, remap: Callable[[Mapping[str, Tensor]], State] | None
) -> tuple[State, str] | None:
    """Return tensors by the network's names, and how they were matched; None when they do not fit."""
    state, count, told = found.tensors, len(expected), found.told()
    if all(name in state and state[name].shape == tensor.shape for name, tensor in expected.items()):
        return state, f"{count} tensors matched by name{told}"
    if remapped := _by_library(expected, state, remap):
        return remapped, f"{count} tensors matched by the library's rules for this family{told}"
    if ordered := _in_order(expected, state):
        return ordered, f"{count} tensors with foreign names matched in order{told}"
    return None


def _require_finite(tensors: Mapping[str, Tensor], where: str) -> None:
    wrong = [name for name, tensor in tensors.items() if not tensor.isfinite().all()]
    if wrong:
        raise WeightsError(
            f"weights {where}: NaN or infinite numbers in {len(wrong)} of {len(tensors)} tensors ({_few(wrong)}); the "
            "training that wrote it has diverged; give an earlier checkpoint of it, or other weights"
        )


def _by_library(
    expected: Mapping[str, Tensor], state: Mapping[str, Tensor], remap: Callable[[Mapping[str, Tensor]], State] | None
) -> State | None:
    """Remap, and prove by a run with NaN in every tensor of the file that none of the network's stays random."""
    if remap is None or not state:
        return None
    poison = {
        name: torch.full_like(tensor, torch.nan) if tensor.is_floating_point() else tensor
        for name, tensor in state.items()
    }
    try:
        poisoned = remap(poison)
        if not all(poisoned[name].isnan().all() for name in expected):
            return None
        return remap(state)
    except _NOT_ITS_KIND:
        return None


def _in_order(expected: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> State | None:
    """Match the i-th tensor with the i-th, if shape and kind (``weight``, ``running_mean``...) agree for all."""
    floating = [(name, tensor) for name, tensor in state.items() if tensor.is_floating_point()]
    if not 0 <= len(floating) - len(expected) <= _CLASSIFIER_TENSORS:
        return None
    pairs = list(zip(expected.items(), floating, strict=False))
    agree = all(
        ours.shape == theirs.shape
        and our_name.rpartition(".")[2] == their_name.rpartition(".")[2]
        and (our_name == their_name or (our_name not in state and their_name not in expected))
        for (our_name, ours), (their_name, theirs) in pairs
    )
    return {our_name: theirs for (our_name, _), (_, theirs) in pairs} if agree else None


def _misfit(expected: Mapping[str, Tensor], nearest: FoundState, where: str) -> str:
    state = nearest.tensors
    missing = [name for name in expected if name not in state]
    wrong = [
        f"{name} is {_shape(state[name])}, not {_shape(tensor)}"
        for name, tensor in expected.items()
        if name in state and state[name].shape != tensor.shape
    ]
    unknown = [name for name in state if name not in expected and not name.endswith("num_batches_tracked")]
    reasons = [f"{len(missing) + len(wrong)} of the backbone's {len(expected)} tensors would stay random"]
    for what, names in (("missing", missing), ("of another shape", wrong), ("unknown to the backbone", unknown)):
        if names:
            reasons.append(f"{len(names)} {what} ({_few(names)})")
    place = f", nearest under {nearest.place}" if nearest.place else ""
    return f"weights {where}: do not fit: {'; '.join(reasons)}{place}; give the file of this very network"


def _few(names: list[str]) -> str:
    return f"{', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a number"
