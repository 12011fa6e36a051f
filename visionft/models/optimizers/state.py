"""An optimizer's state by parameter name: what a checkpoint holds, and what a stage hands on to the next.

State is kept by name, so that one rule serves both a stage boundary and a resume: whatever the new optimizer still
trains gets its old state back. Entries are tensors called ``parameter/entry``. A plain number is one too, its type in
the name (``parameter/step:int``); what an optimizer counts for a whole group is kept with each parameter of the group
(``parameter/@step:int``).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

# entries of a parameter group that follow from the recipe and the stage, and not from the steps
_NO_STATE = frozenset({"params", "param_names", "lr", "base_lr", "weight_decay"})
_DTYPES = {"bool": torch.bool, "int": torch.int64, "float": torch.float64, "NoneType": torch.bool}
_OF_GROUP = "@"

AVERAGE = "average"
"""Entry of the moving average of a weight, which lies beside the optimizer's state in a checkpoint."""


def state_by_name(optimizer: Optimizer) -> dict[str, Tensor]:
    """Return the optimizer's state as ``parameter/entry`` -> tensor.

    Raises:
        TypeError: when a parameter's state holds something else than tensors and numbers.
    """
    found: dict[str, Tensor] = {}
    for group in optimizer.param_groups:
        shared = [_packed(_OF_GROUP + entry, value) for entry, value in _counted(group, optimizer.defaults)]
        for name, parameter in _named(group):
            state = optimizer.state.get(parameter, {})
            found |= {f"{name}/{entry}": value for entry, value in (_packed(*item) for item in state.items())}
            if state:
                found |= {f"{name}/{entry}": value for entry, value in shared}
    return found


def restore_state(optimizer: Optimizer, state: Mapping[str, Tensor]) -> None:
    """Give every parameter that the optimizer trains, and its group, the state it had, if it had one."""
    entries: dict[str, dict[str, Tensor]] = {}
    for key, value in state.items():
        name, _, entry = key.rpartition("/")
        if entry != AVERAGE:
            entries.setdefault(name, {})[entry] = value
    for group in optimizer.param_groups:
        counted: dict[str, Any] = {}
        for name, parameter in _named(group):
            for key, value in entries.get(name, {}).items():
                entry, restored = _unpacked(key, value, parameter, group)
                if entry.startswith(_OF_GROUP):
                    counted.setdefault(entry.removeprefix(_OF_GROUP), restored)
                else:
                    optimizer.state[parameter][entry] = restored
        group.update(counted)


def _named(group: dict[str, Any]) -> Iterator[tuple[str, nn.Parameter]]:
    yield from zip(group["param_names"], group["params"], strict=True)


def _counted(group: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what the steps have changed in a group: tensors and numbers that are not what it was made with."""
    for entry, value in group.items():
        if entry in _NO_STATE or not isinstance(value, Tensor | bool | int | float):
            continue
        if entry not in defaults or isinstance(value, Tensor) or value != defaults[entry]:
            yield entry, value


def _packed(entry: str, value: Any) -> tuple[str, Tensor]:
    if isinstance(value, Tensor):
        return entry, value
    kind = type(value).__name__
    if kind not in _DTYPES:
        raise TypeError(f"it keeps {entry!r} as a {kind}, and only tensors and numbers are saved")
    return f"{entry}:{kind}", torch.tensor(value or 0, dtype=_DTYPES[kind])


def _unpacked(key: str, value: Tensor, parameter: nn.Parameter, group: Mapping[str, Any]) -> tuple[str, Any]:
    entry, _, kind = key.partition(":")
    if kind:
        return entry, None if kind == "NoneType" else value.item()
    # same layout as the parameter, as the optimizer itself would have made it
    like = torch.empty_like(parameter) if value.shape == parameter.shape else torch.empty_like(value)
    restored = like.to(dtype=value.dtype).copy_(value)
    # torch's rule: counters stay on the CPU unless a kernel reads them
    at_hand = entry != "step" or group.get("fused") or group.get("capturable")
    return entry, restored.to(parameter.device) if at_hand else restored
