"""Multi-label classification: any number of labels for each image.

Shape suffixes: B batch, N images, K classes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visionft.data.records import Sample
from visionft.data.targets.label_set import LabelSet, flags_of
from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS
from visionft.models.heads.base import Head
from visionft.models.losses import LABEL_LOSSES
from visionft.models.losses.base import NamedLoss, attach
from visionft.models.losses.multilabel import balanced_weights
from visionft.results import CanvasRunner, Results
from visionft.spec import InputSpec
from visionft.tasks.base import Agreement
from visionft.tasks.learner import ChosenThresholds, run_on_canvases
from visionft.tasks.multilabel.metrics import MultilabelMetrics, multilabel_metrics, quick_metrics
from visionft.tasks.multilabel.ranking import choose_thresholds, doubts, thresholds_of

_SUREST = 1e-7  # probabilities of float32 end here, and logits would be infinite


@dataclass(frozen=True, slots=True)
class MultilabelEvaluation:
    """Metrics and what they were computed from.

    Attributes:
        metrics: every metric with its interval.
        probabilities_NK: float32, in the order of the samples.
        precision: what the thresholds were to reach on the validation images; none where they have the best F1.
    """

    metrics: MultilabelMetrics
    probabilities_NK: NDArray[np.float32]
    precision: float | None = None


class LabelSetMeter:
    """Keeps probabilities and labels: average precision and thresholds need all of them at once.

    Args:
        loss: of logits_NK against labels_NK.
        precision: what thresholds are to reach; none takes the best F1.
    """

    def __init__(self, loss: Callable[[Tensor, Tensor], Tensor], precision: float | None = None) -> None:
        self._loss = loss
        self._precision = precision
        self._probabilities: list[NDArray[np.float32]] = []
        self._labels: list[NDArray[np.float32]] = []

    def update(self, results: Results, targets: NDArray[np.float32]) -> None:
        """Take in probabilities_BK and labels_BK."""
        self._probabilities.append(results["probabilities"])
        self._labels.append(targets)

    def values(self) -> dict[str, float]:
        """Return the loss that is trained, mAP, macro and micro F1 and exact match, but for what is not defined.

        Labels are believed from thresholds on that are chosen on the same images, as the model's are in the end: with
        0.5 for all classes, an epoch would be judged by how probabilities happen to be scaled.
        """
        probabilities_NK, labels_NK = np.concatenate(self._probabilities), np.concatenate(self._labels) == 1
        chosen = choose_thresholds(probabilities_NK.astype(np.float64), labels_NK, self._precision)
        values = quick_metrics(probabilities_NK, labels_NK, [threshold.value for threshold in chosen])
        logits_NK = torch.from_numpy(probabilities_NK).logit(eps=_SUREST)
        return values | {"loss": float(self._loss(logits_NK, torch.from_numpy(labels_NK)).detach())}


class MultilabelLearner:
    """A decision of its own for each class, on the pooled embedding.

    Args:
        class_names: text for label 0, 1, ...
        head: kind of the head.
        dropout: fraction of the embedding dropped in training.
        loss: a name in ``LABEL_LOSSES``.
        loss_options: arguments of its class.
        positives: training images that have each label, and training images in all, when present and absent labels
            are to count for the same in sum.
        precision: what the thresholds are to reach on the validation images; none takes the best F1.
    """

    kind: ClassVar[str] = "multilabel"
    headline: ClassVar[str] = "map"
    answers: ClassVar[str] = "images"
    min_agreement: ClassVar[float] = 1.0
    max_difference: ClassVar[float] = 1e-4

    def __init__(
        self,
        class_names: Sequence[str],
        *,
        head: str = "linear",
        dropout: float = 0.0,
        loss: str = "bce",
        loss_options: Mapping[str, Any] | None = None,
        positives: tuple[Sequence[int], int] | None = None,
        precision: float | None = None,
    ) -> None:
        self.class_names = tuple(class_names)
        self._head = head
        self._dropout = dropout
        self._loss = NamedLoss(LABEL_LOSSES, loss, loss_options, weighted=positives is not None)
        self._precision = precision
        self._weights_2K: Tensor | None = None
        if positives is not None:
            positives_K, images = positives
            self._weights_2K = balanced_weights(torch.tensor(positives_K), images)

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
        """Return the mean loss of logits_BK against labels_BK, which may lie between 0 and 1 where images are mixed."""
        return {self._loss.name: self._weighted(outputs, targets)}

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Return probabilities_BK."""
        return outputs.float().sigmoid()

    def meter(self) -> LabelSetMeter:
        """Return a fresh meter of probabilities_BK against labels_BK."""
        return LabelSetMeter(self._weighted, self._precision)

    def evaluate(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        run: CanvasRunner,
        *,
        batch_size: int,
        bootstrap: int,
        seed: int,
        thresholds: Sequence[float] = (),
        on_done: Callable[[int], None] | None = None,
    ) -> MultilabelEvaluation:
        """Return the full set of multi-label metrics; see ``Learner.evaluate``."""
        results = run_on_canvases(samples, spec, run, batch_size=batch_size, on_done=on_done)
        probabilities_NK = results["probabilities"]
        thresholds_K = thresholds_of(thresholds, len(self.class_names))
        metrics = multilabel_metrics(
            probabilities_NK,
            flags_of([LabelSet.of(sample) for sample in samples]),
            self.class_names,
            thresholds_K,
            bootstrap=bootstrap,
            seed=seed,
        )
        return MultilabelEvaluation(metrics, probabilities_NK, self._precision)

    def thresholds(
        self, samples: Sequence[Sample], spec: InputSpec, run: CanvasRunner, *, batch_size: int
    ) -> ChosenThresholds:
        """Return the thresholds of the best F1, or of the wanted precision; see ``ChoosesThresholds.thresholds``."""
        results = run_on_canvases(samples, spec, run, batch_size=batch_size)
        probabilities_NK = results["probabilities"].astype(np.float64)
        labels_NK = flags_of([LabelSet.of(sample) for sample in samples])
        chosen = choose_thresholds(probabilities_NK, labels_NK, self._precision)
        return ChosenThresholds(
            tuple(threshold.value for threshold in chosen),
            () if self._precision is None else doubts(chosen, labels_NK, self.class_names, self._precision),
        )

    def outputs(self, results: Tensor) -> tuple[Tensor, ...]:
        """Return the probabilities."""
        return (results,)

    def derived(self, results: Tensor) -> tuple[Tensor, ...]:  # noqa: ARG002
        """Return no further outputs."""
        return ()

    def compare(self, actual: Results, expected: Results, thresholds: Sequence[float] = ()) -> Agreement:
        """Count the images with the same labels; see ``Learner.compare``."""
        thresholds_K = np.asarray(thresholds_of(thresholds, len(self.class_names)), np.float32)
        actual_BK, expected_BK = actual["probabilities"], expected["probabilities"]
        same_B = ((actual_BK >= thresholds_K) == (expected_BK >= thresholds_K)).all(axis=1)
        difference = float(np.abs(actual_BK.astype(np.float64) - expected_BK).max())
        return Agreement(int(same_B.sum()), same_B.size, difference)

    def _weighted(self, logits_BK: Tensor, labels_BK: Tensor) -> Tensor:
        weights_2K = None if self._weights_2K is None else self._weights_2K.to(logits_BK.device)
        return self._loss(logits_BK, labels_BK, weights_2K)
