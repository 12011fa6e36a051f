"""What is remembered of how a job was built, for what its run writes down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class BuildFacts:
    """How a job was built.

    Attributes:
        asked: what a user gave beside the recipe, see ``asked_for``.
        seconds: that it took.
        tensors: digest of every tensor of the network then; None where nobody could have changed them since.
    """

    asked: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    tensors: Mapping[str, str] | None = None


def digests(network: nn.Module) -> dict[str, str]:
    """Return a digest of every tensor in the state of a network, with its type and shape."""
    return {name: _digest(tensor) for name, tensor in network.state_dict().items()}


def _digest(tensor: Tensor) -> str:
    content = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
    return f"{tensor.dtype} {tuple(tensor.shape)} {sha256(content).hexdigest()}"
