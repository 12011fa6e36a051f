"""What a recipe may say of multi-label classification."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen

from visionft.catalog import NameIn
from visionft.data.records import Dataset
from visionft.models.heads import HEADS
from visionft.models.losses import LABEL_LOSSES
from visionft.tasks.base import TaskOptions
from visionft.tasks.loss_options import wrong_loss_options

_TWICE = "is given twice, once as a key of the task; leave one out"
_OF_LOSSES = {"bce": (), "focal": ("gamma",), "asymmetric": ("gamma", "gamma_present", "margin")}


@dataclass(frozen=True, kw_only=True)
class MultilabelOptions(TaskOptions):
    """What a recipe may say of multi-label classification."""

    kind: Literal["multilabel"] = "multilabel"
    """The task."""
    head: Annotated[str, NameIn(HEADS)] | None = None
    """The head put on the backbone; none takes linear."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.2
    """Dropout before the head's last layer."""
    loss: Annotated[str, NameIn(LABEL_LOSSES)] = "bce"
    """bce is cross-entropy of each label; focal counts what the network is sure of for less (Lin et al. 2017,
    arXiv:1708.02002); asymmetric does so for absent labels first, of which there are many more (Ridnik et al. 2021,
    arXiv:2009.14119). Each decision of a mixed image counts by the fraction that has the label."""
    loss_options: dict[str, Any] = field(default_factory=dict)
    """Arguments of a loss of another package; those that ship have the keys below."""
    gamma: Annotated[float, Ge(0)] | None = None
    """For focal: how much less, and none takes 2; for asymmetric: the same for absent labels, and none takes 4."""
    gamma_present: Annotated[float, Ge(0)] | None = None
    """For asymmetric: how much less a present label counts that the network is sure of; none takes 0."""
    margin: Annotated[float, Ge(0), Lt(1)] | None = None
    """For asymmetric: probability up to which an absent label costs nothing; none takes 0.05."""
    class_weights: Literal["none", "balanced"] = "none"
    """balanced weighs the loss so that the present and the absent labels of each class count for the same in sum."""
    thresholds: Literal["f1"] | Annotated[dict[Literal["precision"], Annotated[float, Gt(0), Le(1)]], MinLen(1)] = "f1"
    """From which probability on each label is believed, chosen on the validation images: f1 takes the best F1 of each
    class, held towards that of all together where few images have the label; precision: 0.9 the lowest from which on
    90 % of what is believed is right, or where none reaches that, the one with the highest precision."""

    # which of the keys above say something of which loss
    loss_keys: ClassVar[tuple[str, ...]] = ("gamma", "gamma_present", "margin")

    def mistakes(self) -> Mapping[str, str]:
        """Return keys that are for another loss; see ``TaskOptions.mistakes``."""
        losses = {key: [loss for loss, keys in _OF_LOSSES.items() if key in keys] for key in self.loss_keys}
        wrong = {
            key: f"is for the loss {' or '.join(able)}, not for {self.loss}; leave it out"
            for key, able in losses.items()
            if getattr(self, key) is not None and self.loss not in able
        }
        options = self._options()
        twice = {f"loss_options.{key}": _TWICE for key in self.loss_options if options[key] != self.loss_options[key]}
        return wrong | wrong_loss_options(LABEL_LOSSES, self.loss, self.loss_options) | twice

    def _options(self) -> dict[str, Any]:
        """Return options of the loss with those that have keys of their own."""
        names = {"gamma": "gamma_absent"} if self.loss == "asymmetric" else {}
        keys = _OF_LOSSES.get(self.loss, ())
        options = {names.get(key, key): getattr(self, key) for key in keys if getattr(self, key) is not None}
        return self.loss_options | options

    def learner_arguments(self, dataset: Dataset) -> dict[str, Any]:
        """Return the learner's arguments; see ``TaskOptions.learner_arguments``."""
        counts = (dataset.class_counts("train"), len(dataset.split("train")))
        return super().learner_arguments(dataset) | {
            "dropout": self.dropout,
            "loss": self.loss,
            "loss_options": self._options(),
            "positives": counts if self.class_weights == "balanced" else None,
            "precision": None if isinstance(self.thresholds, str) else self.thresholds["precision"],
        }
