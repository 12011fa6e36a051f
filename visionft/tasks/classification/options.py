"""What a recipe may say of classification."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Ge, Lt

from visionft.catalog import NameIn
from visionft.data.records import Dataset
from visionft.models.heads import HEADS
from visionft.models.losses import CLASS_LOSSES
from visionft.tasks.base import TaskOptions
from visionft.tasks.loss_options import losses_that_take, wrong_loss_options


@dataclass(frozen=True, kw_only=True)
class ClassificationOptions(TaskOptions):
    """What a recipe may say of classification."""

    kind: Literal["classification"] = "classification"
    """The task."""
    head: Annotated[str, NameIn(HEADS)] | None = None
    """The head put on the backbone; none takes linear."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.2
    """Dropout before the head's last layer."""
    loss: Annotated[str, NameIn(CLASS_LOSSES)] = "cross_entropy"
    """cross_entropy; focal counts images that the network is sure of for less (Lin et al. 2017, arXiv:1708.02002);
    logit_adjusted (Menon et al. 2021, arXiv:2007.07314) and balanced_softmax (Ren et al. 2020, arXiv:2007.10740) make
    up for rare classes. All learn mixed images by the fraction of each class."""
    loss_options: dict[str, Any] = field(default_factory=dict)
    """Arguments of the loss: {gamma: 2} of focal, {tau: 1} of logit_adjusted."""
    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Fraction of the target spread over all classes (Szegedy et al. 2016, arXiv:1512.00567, section 7); not for focal,
    which has its own way with what is sure."""
    class_weights: Literal["none", "balanced"] = "none"
    """balanced weighs the loss by inverse class frequency, of images; one remedy for rare classes is enough."""

    def mistakes(self) -> Mapping[str, str]:
        """Return options that the loss does not take; see ``TaskOptions.mistakes``."""
        wrong = wrong_loss_options(CLASS_LOSSES, self.loss, self.loss_options, class_counts=[1, 1])
        if self.label_smoothing and self.loss != "cross_entropy":
            able = losses_that_take(CLASS_LOSSES, "label_smoothing")
            if self.loss not in able:
                wrong["label_smoothing"] = f"is for the loss {' or '.join(able)}, not for {self.loss}; leave it out"
        if self.label_smoothing and "label_smoothing" in self.loss_options:
            wrong["loss_options.label_smoothing"] = "is given twice; leave task.label_smoothing or this one out"
        return wrong

    def own_loss(self) -> dict[str, Any]:
        """Return the keys that say so; labels are smoothed by the losses that ship alone."""
        return super().own_loss() | {"task.label_smoothing": 0.0}

    def learner_arguments(self, dataset: Dataset) -> dict[str, Any]:
        """Return the learner's arguments; see ``TaskOptions.learner_arguments``."""
        counts = dataset.class_counts("train")
        smoothing = {"label_smoothing": self.label_smoothing} if self.label_smoothing else {}
        return super().learner_arguments(dataset) | {
            "dropout": self.dropout,
            "loss": self.loss,
            "loss_options": self.loss_options | smoothing,
            "class_counts": counts if self.class_weights == "balanced" else None,
            "frequencies": counts,
        }
