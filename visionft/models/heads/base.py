"""The contract of a head: what stands behind a backbone, what it learns, and what an exported file says of its outputs.

Shape suffixes: B batch, C channels, H height, W width.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import torch
from torch import Tensor, nn

from visionft.models.backbones import Backbone, DepthGroup

LossTerms: TypeAlias = Callable[[Tensor, Any], Mapping[str, Tensor]]
"""outputs, targets -> the scalars to be added up, by name."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What a batch teaches.

    Attributes:
        total: the scalar to go down, with its gradient.
        parts: what it is the sum of, by name, without gradients.
    """

    total: Tensor
    parts: dict[str, Tensor]

    @classmethod
    def of(cls, terms: Mapping[str, Tensor]) -> "Losses":
        """Add up scalars, in their order; at least one."""
        first, *others = terms.values()
        return cls(sum(others, start=first), {name: term.detach() for name, term in terms.items()})


class Head(nn.Module, ABC):
    """What is learned on a backbone's features. All that it computes in training, it computes in ``forward``.

    A subclass says what it takes (``features`` and ``groups``), and gives ``predict``, ``losses`` and ``postprocess``.

    Attributes:
        kind: its name in ``HEADS``; none where it is only put around one of these.
        predicts: ``image_logits``, ``pixel_logits``, ``boxes``, ``masks`` (with boxes), or what a task of another
            package asks for: a recipe may choose it for tasks whose definition says the same.
        keeps_features: whether its features are a single tensor per image that is small enough to keep in memory.
    """

    kind: ClassVar[str]
    predicts: ClassVar[str]
    keeps_features: ClassVar[bool] = False

    @abstractmethod
    def features(self, backbone: Backbone, images_BCHW: Tensor) -> Any:
        """Return what ``forward`` takes, for normalised images."""

    @abstractmethod
    def groups(self, backbone: Backbone) -> Sequence[DepthGroup]:
        """Return the depth groups that ``features`` depends on, stem first."""

    @abstractmethod
    def predict(self, features: Any) -> Any:
        """Return raw outputs, in the arithmetic of the caller."""

    @abstractmethod
    def losses(self, outputs: Any, targets: Any) -> Losses:
        """Compare raw outputs with the targets of ``Batch``; called outside of autocast."""

    @abstractmethod
    def postprocess(self, outputs: Any) -> Tensor:
        """Turn raw outputs into results, outside of autocast; traced into the exported file."""

    def forward(self, features: Any, targets: Any = None) -> Any:
        """Predict, and compare with the targets where there are any.

        Args:
            features: what ``features`` returned.
            targets: of ``Batch``.

        Returns:
            ``Losses`` where there are targets, else the raw outputs.
        """
        outputs = self.predict(features)
        if targets is None:
            return outputs
        device = next(self.parameters()).device.type
        with torch.autocast(device, enabled=False):  # in bf16, a side of a large object is off by pixels
            return self.losses(outputs, targets)
