"""A linear layer on the pooled embedding.

Shape suffixes: B batch, D embedding channels, K classes.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from visionft.models.backbones import Backbone, DepthGroup
from visionft.models.heads.base import Head, Losses, LossTerms


class LinearHead(Head):
    """Dropout and one linear layer, started at zero so that the first gradients do not disturb anything.

    Args:
        embedding_dim: channels D of the embedding.
        classes: number of classes K.
        dropout: fraction of the embedding dropped in training, 0..1.
        loss: what logits_BK are learned by.
        activation: makes results of logits_BK.
    """

    kind: ClassVar[str] = "linear"
    keeps_features: ClassVar[bool] = True
    predicts: ClassVar[str] = "image_logits"

    def __init__(
        self,
        embedding_dim: int,
        classes: int,
        dropout: float = 0.0,
        *,
        loss: LossTerms,
        activation: Callable[[Tensor], Tensor],
    ) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(embedding_dim, classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self._loss = loss
        self._activation = activation

    def features(self, backbone: Backbone, images_BCHW: Tensor) -> Tensor:
        """Return embedding_BD."""
        return backbone.embed(images_BCHW)

    def groups(self, backbone: Backbone) -> Sequence[DepthGroup]:
        """Return all depth groups."""
        return backbone.groups

    def predict(self, features: Tensor) -> Tensor:
        """Return logits_BK of embedding_BD."""
        logits_BK: Tensor = self.linear(self.dropout(features))
        return logits_BK

    def losses(self, outputs: Tensor, targets: Any) -> Losses:
        """Return the task's losses of logits_BK."""
        return Losses.of(self._loss(outputs, targets))

    def postprocess(self, outputs: Tensor) -> Tensor:
        """Return the task's results of logits_BK."""
        return self._activation(outputs)
