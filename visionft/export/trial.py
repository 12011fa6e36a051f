"""Try the export of a network before it is trained: what cannot be exported is to be known before, not hours after."""

from collections.abc import Hashable

import torch
from torch import nn

from visionft.errors import ExportError
from visionft.export.gate import plain_copy
from visionft.export.writers.base import Writer
from visionft.spec import ModelSpec

_passed: set[Hashable] = set()
"""What this process has tried with success."""


def try_export(writer: Writer, network: nn.Module, spec: ModelSpec) -> None:
    """Find out whether a network will be exported; nothing is written.

    Numbers do not matter, so that a network of the same classes and shapes is tried once in a process.

    Args:
        writer: of the runtime.
        network: images_BHW3 uint8 -> the outputs of the task's definition; left as it is.
        spec: of the input and the task.

    Raises:
        ExportError: it will not.
    """
    key = _structure(writer, network, spec)
    if key in _passed:
        return
    try:
        with torch.random.fork_rng(devices=[]):
            writer.try_out(plain_copy(network), spec)
    except ExportError as error:
        raise ExportError(
            f"this network cannot be exported to {writer.kind}: {error}; take another backbone or head, or set "
            "export.try_first: false to train it for use in Python alone"
        ) from error
    _passed.add(key)


def _structure(writer: Writer, network: nn.Module, spec: ModelSpec) -> Hashable:
    """Return what decides over an export: classes, as they are now, what they say of themselves, and shapes."""
    classes = tuple(type(module) for module in network.modules())
    shapes = tuple((name, tensor.shape) for name, tensor in network.state_dict().items())
    return type(writer), spec.task, spec.input.height, spec.input.width, repr(network), classes, shapes
