"""What the training loop asks of a task.

Shape suffixes: B batch, N images.
"""

from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from visionft.backbones import Backbone
from visionft.batch import AnyBatch
from visionft.metrics import ClassificationMetrics


class TaskAdapter(Protocol):
    """One task: its head, loss, final form of the outputs, and metrics."""

    kind: ClassVar[str]

    def build_head(self, backbone: Backbone) -> nn.Module:
        """Return a fresh head for the backbone."""
        ...

    def features(self, backbone: Backbone, images_BCHW: Tensor) -> Tensor:
        """Return what the head gets, for normalised images."""
        ...

    def loss(self, outputs: Tensor, batch: AnyBatch) -> Tensor:
        """Return the mean loss of a batch, a scalar."""
        ...

    def finalize(self, outputs: Tensor) -> Tensor:
        """Turn raw outputs into results; traced into the exported file."""
        ...

    def validate(self, results_N: NDArray[np.float32], labels_N: NDArray[np.int64]) -> dict[str, float]:
        """Return the values that model selection looks at; quick."""
        ...

    def evaluate(
        self, results_N: NDArray[np.float32], labels_N: NDArray[np.int64], bootstrap: int, seed: int
    ) -> ClassificationMetrics:
        """Return every metric with its interval."""
        ...
