"""What a model library must offer for its networks to serve as backbones.

Shape suffixes: B batch, C channels, H height, W width, D embedding.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from visionft.models.backbones.names import FamilyName
from visionft.spec import InputSpec

State = dict[str, Tensor]
ImageSize = int | tuple[int, int]
"""Side of a square, or (height, width), in pixels."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """Where a library publishes the weights of one network.

    Attributes:
        url: of the file itself; empty when the weights lie in a Hugging Face repository.
        repo: Hugging Face repository id, with ``@revision`` where one is pinned; empty for a plain URL.
        licence: what the library says about the weights, or ``unknown``.
        folder: on this machine, where they lie in one that a name gives.
    """

    url: str
    repo: str
    licence: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    """A network without its classifier, and what its library knows about it.

    Attributes:
        network: randomly initialised.
        input: the input that its published weights were made for.
        hub: where these weights are, if anywhere.
        remap: turns a file's tensors into the network's own by the library's rules for old and foreign
            checkpoints; none when the library has no such rules.
    """

    network: nn.Module
    input: InputSpec
    hub: HubFile | None
    remap: Callable[[Mapping[str, Tensor]], State] | None = None


class Family(Protocol):
    """How the networks of one library are built and run. Has no state, so that backbones can be copied."""

    name: FamilyName

    def build(self, network: str, drop_path: float, image_size: tuple[int, int] | None) -> Built:
        """Build a network with random weights and without its classifier, for images of (height, width)."""
        ...

    def runs(self, network: nn.Module) -> bool:
        """Return whether a network that the library built has what the methods below need."""
        ...

    def maps(self, network: nn.Module, images_BCHW: Tensor, indices: Sequence[int] | None) -> list[Tensor]:
        """Return feature maps BCHW, shallow to deep: all that the network offers, or the chosen ones."""
        ...

    def embed(self, network: nn.Module, images_BCHW: Tensor) -> Tensor:
        """Return what the network would hand to its classifier, as BD."""
        ...

    def reductions(self, network: nn.Module) -> tuple[int, ...]:
        """Return the stride that the library declares for each of its maps; empty when it declares none."""
        ...
