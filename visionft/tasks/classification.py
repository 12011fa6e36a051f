"""Multi-class classification: one label per image.

Shape suffixes: B batch, N images, K classes, C channels, H height, W width, D embedding channels.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from visionft.backbones import Backbone
from visionft.batch import AnyBatch
from visionft.heads import HEADS
from visionft.metrics import ClassificationMetrics, classification_metrics, quick_metrics


class Classification:
    """Cross-entropy on the pooled embedding.

    Args:
        class_names: text for label 0, 1, ...
        head: kind of the head.
        dropout: share of the embedding dropped in training.
        label_smoothing: share of the target spread over all classes.
        class_counts: training images per class, when the loss is to weigh classes by inverse frequency.

    Source:
        Szegedy et al. (2016), arXiv:1512.00567, section 7 (label smoothing).
    """

    kind: ClassVar[str] = "classification"

    def __init__(
        self,
        class_names: Sequence[str],
        *,
        head: str = "linear",
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        class_counts: Sequence[int] | None = None,
    ) -> None:
        self.class_names = tuple(class_names)
        self._head = head
        self._dropout = dropout
        self._label_smoothing = label_smoothing
        self._weights_K: Tensor | None = None
        if class_counts is not None:
            counts_K = torch.tensor(class_counts, dtype=torch.float32).clamp(min=1)
            self._weights_K = counts_K.sum() / (len(counts_K) * counts_K)

    def build_head(self, backbone: Backbone) -> nn.Module:
        """Return a fresh head for the backbone's embedding."""
        head: nn.Module = HEADS[self._head](backbone.embedding_dim, len(self.class_names), self._dropout)
        return head

    def features(self, backbone: Backbone, images_BCHW: Tensor) -> Tensor:
        """Return embedding_BD."""
        return backbone.embed(images_BCHW)

    def loss(self, outputs: Tensor, batch: AnyBatch) -> Tensor:
        """Return the mean cross-entropy of logits_BK, in nats."""
        logits_BK = outputs.float()
        weights_K = None if self._weights_K is None else self._weights_K.to(logits_BK.device)
        return F.cross_entropy(logits_BK, batch.labels_B, weight=weights_K, label_smoothing=self._label_smoothing)

    def finalize(self, outputs: Tensor) -> Tensor:
        """Return probabilities_BK."""
        return outputs.float().softmax(dim=1)

    def validate(self, results_N: NDArray[np.float32], labels_N: NDArray[np.int64]) -> dict[str, float]:
        """Return loss, accuracy, balanced accuracy, macro F1 and AUROC of probabilities_NK."""
        return quick_metrics(results_N, labels_N)

    def evaluate(
        self, results_N: NDArray[np.float32], labels_N: NDArray[np.int64], bootstrap: int, seed: int
    ) -> ClassificationMetrics:
        """Return the full set of classification metrics of probabilities_NK."""
        return classification_metrics(results_N, labels_N, self.class_names, bootstrap=bootstrap, seed=seed)
