"""What a recipe may say of regression."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

from annotated_types import Ge, Gt, Lt

from visionft.catalog import NameIn
from visionft.data.listing import Listing
from visionft.data.records import Dataset
from visionft.data.targets.values import Values, as_array
from visionft.data.units import split_unit
from visionft.errors import UnknownName
from visionft.models.heads import HEADS
from visionft.models.losses import VALUE_LOSSES
from visionft.tasks.base import TaskOptions
from visionft.tasks.loss_options import wrong_loss_options
from visionft.tasks.regression.ranges import within_ranges

Setting = TypeVar("Setting")


@dataclass(frozen=True, kw_only=True)
class RegressionOptions(TaskOptions):
    """What a recipe may say of regression."""

    kind: Literal["regression"] = "regression"
    """The task."""
    head: Annotated[str, NameIn(HEADS)] | None = None
    """The head put on the backbone; none takes linear."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Dropout before the head's last layer; it makes numbers noisy more than it helps."""
    loss: Annotated[str, NameIn(VALUE_LOSSES)] = "mse"
    """mse learns the mean, l1 the median; huber is mse for small errors and l1 for large ones. All count in standard
    deviations of the training images."""
    loss_options: dict[str, Any] = field(default_factory=dict)
    """Arguments of a loss of another package; those that ship have the key below."""
    huber_delta: Annotated[float, Gt(0)] = 1.0
    """For huber: the error, in standard deviations, from which on it counts as large."""
    value_weights: dict[str, Annotated[float, Ge(0)]] | None = None
    """How much each value counts in the loss, such as {weight: 2}; 1 for those that are not named."""
    ranges: dict[str, tuple[float, float]] | None = None
    """The least and the largest valid number of a value, such as {weight: [0, 100]}, in its unit; what lies beyond is
    named and left out."""

    def mistakes(self) -> Mapping[str, str]:
        """Return options that the loss does not take; see ``TaskOptions.mistakes``."""
        wrong = wrong_loss_options(VALUE_LOSSES, self.loss, self.loss_options)
        if "delta" in self.loss_options and self.loss == "huber" and self.huber_delta != 1:
            wrong["loss_options.delta"] = "is given twice, once as task.huber_delta; leave one out"
        return wrong

    def screen(self, listing: Listing) -> Listing:
        """Leave out numbers beyond the ranges, and images of which no other number is known."""
        if self.ranges is None or listing.target is not Values:
            return listing
        return within_ranges(listing, _by_index(self.ranges, listing.class_names, "task.ranges"))

    def learner_arguments(self, dataset: Dataset) -> dict[str, Any]:
        """Return the learner's arguments; see ``TaskOptions.learner_arguments``."""
        weights = _by_index(self.value_weights or {}, dataset.class_names, "task.value_weights")
        delta = {"delta": self.huber_delta} if self.loss == "huber" else {}
        return super().learner_arguments(dataset) | {
            "training_NV": as_array([Values.of(sample).numbers for sample in dataset.split("train")]),
            "dropout": self.dropout,
            "loss": self.loss,
            "loss_options": delta | self.loss_options,
            "weights_V": [weights.get(index, 1.0) for index in range(len(dataset.class_names))] if weights else None,
        }


def _by_index(settings: Mapping[str, Setting], class_names: tuple[str, ...], key: str) -> dict[int, Setting]:
    """Return what is set for each value by its place; values are named with their units or without.

    Raises:
        UnknownName: when there is no such value.
    """
    index_of = {text: index for index, name in enumerate(class_names) for text in (name, split_unit(name)[0])}
    for name in settings:
        if name not in index_of:
            raise UnknownName("value", name, [split_unit(text)[0] for text in class_names], where=key)
    return {index_of[name]: setting for name, setting in settings.items()}
