"""Fills a network with the tensors of a file, completely or not at all."""

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from visionft.errors import WeightsError
from visionft.models.backbones.family import State

_WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model")
_PREFIXES = ("module.", "_orig_mod.", "model.")
_CLASSIFIER_TENSORS = 2  # weight and bias
# What readers, and the rules of libraries for foreign checkpoints, raise on a file that is none of theirs.
_NOT_ITS_KIND = (RuntimeError, LookupError, ValueError, TypeError, AttributeError, AssertionError)


def read_state(path: Path) -> State:
    """Read a state dict without executing anything.

    Args:
        path: safetensors, or what ``torch.save`` wrote of tensors alone; may be wrapped the way training scripts
            do it (``state_dict``, ``model``, an EMA copy; ``module.`` before the names).

    Returns:
        Tensors by name, on the CPU.

    Raises:
        WeightsError: when the file is damaged, or holds other things than tensors.
    """
    try:
        if path.suffix == ".safetensors":
            content: Any = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"weights {path}: damaged, or more than tensors; nothing in a file is ever executed; "
            "save model.state_dict() with safetensors or torch.save"
        ) from error
    except (SafetensorError, OSError, EOFError, *_NOT_ITS_KIND) as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(f"weights {path}: cannot be read ({reason}); download or copy it again") from error
    return _unwrap(content, path)


def _unwrap(content: Any, path: Path) -> State:
    for wrapper in _WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    if not isinstance(content, dict):
        raise WeightsError(f"weights {path}: holds a {type(content).__name__}; a state dict is needed")
    state = {str(name): tensor for name, tensor in content.items() if isinstance(tensor, Tensor)}
    for prefix in _PREFIXES:
        if state and all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def fill(
    network: nn.Module, state: Mapping[str, Tensor], remap: Callable[[Mapping[str, Tensor]], State] | None, where: str
) -> str:
    """Load tensors into a network so that every one of its weights and statistics comes from them.

    Tried in turn: by name; by the library's own rules for old and foreign checkpoints; in order, when names are
    foreign but kinds and shapes agree all the way. A classifier in the file is ignored.

    Args:
        network: without its classifier; stays as it was when nothing fits.
        state: tensors by name.
        remap: the library's rules, if it has any.
        where: the file, for the message.

    Returns:
        How the tensors were matched.

    Raises:
        WeightsError: when a single tensor would be left at its random value.
    """
    wanted = {name: tensor for name, tensor in network.state_dict().items() if tensor.is_floating_point()}
    if all(name in state and state[name].shape == tensor.shape for name, tensor in wanted.items()):
        matched, how = dict(state), "matched by name"
    elif remapped := _by_library(wanted, state, remap):
        matched, how = remapped, "matched by the library's rules for this family"
    elif ordered := _in_order(wanted, state):
        matched, how = ordered, f"{len(ordered)} tensors with foreign names matched in order"
    else:
        raise WeightsError(_misfit(wanted, state, where))
    own = network.state_dict()
    fitting = {name: tensor for name, tensor in matched.items() if name in own and own[name].shape == tensor.shape}
    network.load_state_dict(fitting, strict=False)  # counters may be missing; the rest has been checked above
    return how


def _by_library(
    wanted: Mapping[str, Tensor], state: Mapping[str, Tensor], remap: Callable[[Mapping[str, Tensor]], State] | None
) -> State | None:
    """Remap, and prove by a run with NaN in every tensor of the file that none of the network's stays random."""
    if remap is None:
        return None
    poison = {
        name: torch.full_like(tensor, torch.nan) if tensor.is_floating_point() else tensor
        for name, tensor in state.items()
    }
    try:
        poisoned = remap(poison)
        if not all(poisoned[name].isnan().all() for name in wanted):
            return None
        return remap(state)
    except _NOT_ITS_KIND:
        return None


def _in_order(wanted: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> State | None:
    """Match the i-th tensor with the i-th, if shape and kind (``weight``, ``running_mean``...) agree for all."""
    given = [(name, tensor) for name, tensor in state.items() if tensor.is_floating_point()]
    if not 0 <= len(given) - len(wanted) <= _CLASSIFIER_TENSORS:
        return None
    pairs = list(zip(wanted.items(), given, strict=False))
    agree = all(
        ours.shape == theirs.shape
        and our_name.rpartition(".")[2] == their_name.rpartition(".")[2]
        and (our_name == their_name or (our_name not in state and their_name not in wanted))
        for (our_name, ours), (their_name, theirs) in pairs
    )
    return {our_name: theirs for (our_name, _), (_, theirs) in pairs} if agree else None


def _misfit(wanted: Mapping[str, Tensor], state: Mapping[str, Tensor], where: str) -> str:
    missing = [name for name in wanted if name not in state]
    wrong = [
        f"{name} is {_shape(state[name])}, not {_shape(tensor)}"
        for name, tensor in wanted.items()
        if name in state and state[name].shape != tensor.shape
    ]
    unknown = [name for name in state if name not in wanted]
    found = [f"{len(missing) + len(wrong)} of the backbone's {len(wanted)} tensors would stay random"]
    for what, names in (("missing", missing), ("of another shape", wrong), ("unknown to the backbone", unknown)):
        if names:
            found.append(f"{len(names)} {what} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})")
    return f"weights {where}: do not fit: {'; '.join(found)}; give the file of this very network"


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a number"
