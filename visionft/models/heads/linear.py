"""A linear layer on the pooled embedding.

Shape suffixes: B batch, D embedding channels, K classes.
"""

from typing import ClassVar

from torch import Tensor, nn


class LinearHead(nn.Module):
    """Dropout and one linear layer, started at zero so that the first gradients do not disturb anything.

    Args:
        embedding_dim: channels D of the embedding.
        classes: number of classes K.
        dropout: share of the embedding dropped in training, 0..1.
    """

    kind: ClassVar[str] = "linear"
    task: ClassVar[str] = "classification"

    def __init__(self, embedding_dim: int, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(embedding_dim, classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, embedding_BD: Tensor) -> Tensor:
        """Return logits_BK."""
        logits_BK: Tensor = self.linear(self.dropout(embedding_BD))
        return logits_BK
