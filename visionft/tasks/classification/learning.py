"""Multi-class classification: one label per image.

Shape suffixes: B batch, N images, K classes, C channels, H height, W width, D embedding channels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visionft.data.records import Sample
from visionft.data.targets.label import Label
from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS
from visionft.models.heads.base import Head
from visionft.models.losses import CLASS_LOSSES
from visionft.models.losses.base import NamedLoss, attach
from visionft.results import CanvasRunner, Results
from visionft.spec import InputSpec
from visionft.tasks.base import Agreement, same_class
from visionft.tasks.classification.metrics import ClassificationMetrics, classification_metrics, quick_metrics
from visionft.tasks.learner import run_on_canvases


@dataclass(frozen=True, slots=True)
class ClassificationEvaluation:
    """Metrics and the probabilities they were computed from.

    Attributes:
        metrics: every metric with its interval.
        probabilities_NK: float32, in the order of the samples.
    """

    metrics: ClassificationMetrics
    probabilities_NK: NDArray[np.float32]


class ProbabilityMeter:
    """Keeps probabilities and labels: most classification metrics need all of them at once."""

    def __init__(self) -> None:
        self._probabilities: list[NDArray[np.float32]] = []
        self._labels: list[NDArray[np.int64]] = []

    def update(self, results: Results, targets: NDArray[np.int64]) -> None:
        """Take in probabilities_BK and labels_B."""
        self._probabilities.append(results["probabilities"])
        self._labels.append(targets)

    def values(self) -> dict[str, float]:
        """Return loss, accuracy, balanced accuracy, macro F1 and, where it is defined, AUROC."""
        return quick_metrics(np.concatenate(self._probabilities), np.concatenate(self._labels))


class ClassificationLearner:
    """A loss of one class for each image, on the pooled embedding.

    Args:
        class_names: text for label 0, 1, ...
        head: kind of the head.
        dropout: fraction of the embedding dropped in training.
        loss: a name in ``CLASS_LOSSES``.
        loss_options: arguments of its class.
        class_counts: training images per class, when the loss is to weigh classes by inverse frequency.
        frequencies: the same, for losses that depend on them.

    Raises:
        RecipeError: when the loss does not take the options.
    """

    kind: ClassVar[str] = "classification"
    headline: ClassVar[str] = "accuracy"
    answers: ClassVar[str] = "images"
    min_agreement: ClassVar[float] = 1.0
    max_difference: ClassVar[float] = 1e-4

    def __init__(
        self,
        class_names: Sequence[str],
        *,
        head: str = "linear",
        dropout: float = 0.0,
        loss: str = "cross_entropy",
        loss_options: Mapping[str, Any] | None = None,
        class_counts: Sequence[int] | None = None,
        frequencies: Sequence[int] | None = None,
    ) -> None:
        self.class_names = tuple(class_names)
        self._head = head
        self._dropout = dropout
        self._loss = NamedLoss(
            CLASS_LOSSES, loss, loss_options, weighted=class_counts is not None, class_counts=frequencies
        )
        self._weights_K: Tensor | None = None
        if class_counts is not None:
            counts_K = torch.tensor(class_counts, dtype=torch.float32).clamp(min=1)
            self._weights_K = counts_K.sum() / (len(counts_K) * counts_K)

    def build_head(self, backbone: Backbone) -> Head:
        """Return a fresh head for the backbone's embedding."""
        head: Head = HEADS[self._head](
            backbone.embedding_dim,
            len(self.class_names),
            self._dropout,
            loss=self.losses,
            activation=self.probabilities,
        )
        attach(head, self._loss)
        return head

    def losses(self, outputs: Tensor, targets: Tensor) -> Mapping[str, Tensor]:
        """Return the loss of logits_BK against labels_B, or the label weights labels_BK of mixed images."""
        weights_K = None if self._weights_K is None else self._weights_K.to(outputs.device)
        return {self._loss.name: self._loss(outputs.float(), targets, weights_K)}

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Return probabilities_BK."""
        return outputs.float().softmax(dim=1)

    def meter(self) -> ProbabilityMeter:
        """Return a fresh meter of probabilities_BK against labels_B."""
        return ProbabilityMeter()

    def evaluate(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        run: CanvasRunner,
        *,
        batch_size: int,
        bootstrap: int,
        seed: int,
        thresholds: Sequence[float] = (),  # noqa: ARG002  # the most probable class is believed
        on_done: Callable[[int], None] | None = None,
    ) -> ClassificationEvaluation:
        """Return the full set of classification metrics; see ``Learner.evaluate``."""
        results = run_on_canvases(samples, spec, run, batch_size=batch_size, on_done=on_done)
        probabilities_NK = results["probabilities"]
        labels_N = np.array([Label.of(sample).index for sample in samples], dtype=np.int64)
        metrics = classification_metrics(probabilities_NK, labels_N, self.class_names, bootstrap=bootstrap, seed=seed)
        return ClassificationEvaluation(metrics, probabilities_NK)

    def outputs(self, results: Tensor) -> tuple[Tensor, ...]:
        """Return the probabilities."""
        return (results,)

    def derived(self, results: Tensor) -> tuple[Tensor, ...]:  # noqa: ARG002
        """Return no further outputs."""
        return ()

    def compare(self, actual: Results, expected: Results) -> Agreement:
        """Compare probabilities; see ``Learner.compare``."""
        return same_class(actual["probabilities"], expected["probabilities"])
