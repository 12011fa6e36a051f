"""Regression: one or several numbers per image.

Shape suffixes: B batch, N images, V values of an image, C channels, H height, W width, D embedding channels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from visionft.data.records import Sample
from visionft.data.targets.values import Values, as_array
from visionft.data.units import split_unit
from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS
from visionft.models.heads.base import Head
from visionft.models.losses import VALUE_LOSSES
from visionft.models.losses.base import NamedLoss, attach
from visionft.results import CanvasRunner, Results
from visionft.spec import InputSpec
from visionft.tasks.base import Agreement
from visionft.tasks.learner import run_on_canvases
from visionft.tasks.regression.metrics import RegressionMetrics, quick_metrics, regression_metrics
from visionft.tasks.regression.standardization import Standardization

_SAME = 1e-3  # standard deviations


@dataclass(frozen=True, slots=True)
class RegressionEvaluation:
    """Metrics and the values they were computed from.

    Attributes:
        metrics: every metric with its interval.
        values_NV: float32, predicted, in the order of the samples.
    """

    metrics: RegressionMetrics
    values_NV: NDArray[np.float32]


class ValueMeter:
    """Keeps predicted and true values: ranks and means need all of them at once.

    Args:
        loss: of predicted_NV and true_NV, in their units.
    """

    def __init__(self, loss: Callable[[Tensor, Tensor], Tensor]) -> None:
        self._loss = loss
        self._predicted: list[NDArray[np.float32]] = []
        self._true: list[NDArray[np.float64]] = []

    def update(self, results: Results, targets: NDArray[np.float64]) -> None:
        """Take in values_BV, predicted and true ones."""
        self._predicted.append(results["values"])
        self._true.append(targets)

    def values(self) -> dict[str, float]:
        """Return the loss; and, where they are defined, R2, Spearman's correlation, MAE and RMSE."""
        predicted_NV, true_NV = np.concatenate(self._predicted), np.concatenate(self._true)
        scores = quick_metrics(predicted_NV, true_NV)
        loss = self._loss(torch.from_numpy(predicted_NV), torch.from_numpy(true_NV)).detach()
        return {"loss": float(loss), **scores}


class Units(nn.Module):
    """Brings standardised values into their units; part of the exported file.

    Args:
        scale: of the training images.
    """

    means_V: Tensor
    deviations_V: Tensor

    def __init__(self, scale: Standardization) -> None:
        super().__init__()
        self.register_buffer("means_V", torch.tensor(scale.means, dtype=torch.float32))
        self.register_buffer("deviations_V", torch.tensor(scale.deviations, dtype=torch.float32))

    def forward(self, standardised_BV: Tensor) -> Tensor:
        """Return values_BV, float32."""
        return standardised_BV.float() * self.deviations_V + self.means_V


class RegressionLearner:
    """A loss of standardised values on the pooled embedding.

    Args:
        class_names: names of the values with their units.
        training_NV: true values of the training images, NaN where nobody knows.
        head: kind of the head.
        dropout: fraction of the embedding dropped in training.
        loss: a name in ``VALUE_LOSSES``.
        loss_options: arguments of its class.
        weights_V: how much each value counts in the loss; none weighs them all the same.
    """

    kind: ClassVar[str] = "regression"
    headline: ClassVar[str] = "loss"  # the only value that is always defined
    answers: ClassVar[str] = "values"
    min_agreement: ClassVar[float] = 1.0
    max_difference: ClassVar[float] = _SAME

    def __init__(
        self,
        class_names: Sequence[str],
        *,
        training_NV: NDArray[np.float64],
        head: str = "linear",
        dropout: float = 0.0,
        loss: str = "mse",
        loss_options: Mapping[str, Any] | None = None,
        weights_V: Sequence[float] | None = None,
    ) -> None:
        self.class_names = tuple(class_names)
        self._training_NV = training_NV
        self._head = head
        self._dropout = dropout
        self._loss = NamedLoss(VALUE_LOSSES, loss, loss_options, weighted=weights_V is not None)
        self._weights_V = None if weights_V is None else torch.tensor(weights_V, dtype=torch.float32)

    @cached_property
    def scale(self) -> Standardization:
        """The scale on which values are learned; measuring a finished file does without.

        Raises:
            DataError: when a value is the same in all training images, or known of none.
        """
        return Standardization.of(self._training_NV, self.class_names)

    def build_head(self, backbone: Backbone) -> Head:
        """Return a fresh head for the backbone's embedding."""
        head: Head = HEADS[self._head](
            backbone.embedding_dim,
            len(self.class_names),
            self._dropout,
            loss=self.losses,
            activation=Units(self.scale),
        )
        attach(head, self._loss)
        return head

    def losses(self, outputs: Tensor, targets: Tensor) -> Mapping[str, Tensor]:
        """Return the loss of standardised outputs_BV against values_BV in their units."""
        true_BV = self._standardised(targets)
        weights_V = None if self._weights_V is None else self._weights_V.to(outputs.device)
        return {"values": self._loss(outputs.float(), true_BV, weights_V)}

    def meter(self) -> ValueMeter:
        """Return a fresh meter of values_BV."""
        return ValueMeter(
            lambda predicted_NV, true_NV: self._loss(
                self._standardised(predicted_NV), self._standardised(true_NV), self._weights_V
            )
        )

    def evaluate(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        run: CanvasRunner,
        *,
        batch_size: int,
        bootstrap: int,
        seed: int,
        thresholds: Sequence[float] = (),  # noqa: ARG002  # numbers are believed as they are
        on_done: Callable[[int], None] | None = None,
    ) -> RegressionEvaluation:
        """Return the full set of metrics; see ``Learner.evaluate``."""
        values_NV = run_on_canvases(samples, spec, run, batch_size=batch_size, on_done=on_done)["values"]
        true_NV = as_array([Values.of(sample).numbers for sample in samples])
        metrics = regression_metrics(
            values_NV, true_NV, *zip(*map(split_unit, self.class_names), strict=True), bootstrap=bootstrap, seed=seed
        )
        return RegressionEvaluation(metrics, values_NV)

    def outputs(self, results: Tensor) -> tuple[Tensor, ...]:
        """Return the values."""
        return (results,)

    def derived(self, results: Tensor) -> tuple[Tensor, ...]:  # noqa: ARG002
        """Return no further outputs."""
        return ()

    def compare(self, actual: Results, expected: Results) -> Agreement:
        """Compare values in standard deviations, of which a thousandth is the same; see ``Learner.compare``."""
        with np.errstate(invalid="ignore"):  # inf - inf is NaN, which no limit allows
            differences_BV = np.abs(actual["values"].astype(np.float64) - expected["values"]) / self.scale.deviations
        same_BV = differences_BV <= _SAME
        return Agreement(int(same_BV.sum()), same_BV.size, float(differences_BV.max()))

    def _standardised(self, values_BV: Tensor) -> Tensor:
        """Return standardised values, float32; in float64 until then, so that large values keep their differences."""
        means_V, deviations_V = (
            torch.tensor(numbers, dtype=torch.float64, device=values_BV.device)
            for numbers in (self.scale.means, self.scale.deviations)
        )
        return ((values_BV.double() - means_V) / deviations_V).float()
