"""What a recipe may say of semantic segmentation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Lt

from visionft.catalog import NameIn
from visionft.data.records import Dataset
from visionft.models.heads import HEADS
from visionft.models.losses import PIXEL_LOSSES
from visionft.tasks.base import TaskOptions
from visionft.tasks.loss_options import wrong_loss_options


@dataclass(frozen=True, kw_only=True)
class SegmentationOptions(TaskOptions):
    """What a recipe may say of semantic segmentation."""

    kind: Literal["segmentation"] = "segmentation"
    """The task."""
    head: Annotated[str, NameIn(HEADS)] | None = None
    """The head put on the backbone; none takes lite."""
    losses: dict[Annotated[str, NameIn(PIXEL_LOSSES)], Annotated[float, Gt(0)]] | None = None
    """Losses and their weights; none takes cross_entropy and dice, each once."""
    loss_options: dict[Annotated[str, NameIn(PIXEL_LOSSES)], dict[str, Any]] = field(default_factory=dict)
    """Arguments of these losses, such as {focal: {gamma: 3}, tversky: {alpha: 0.4, beta: 0.6}}."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.2
    """Dropout before the head's last layer."""
    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Fraction of the target spread over all classes (Szegedy et al. 2016, arXiv:1512.00567, section 7)."""
    class_weights: Literal["none", "balanced"] = "none"
    """balanced weighs the losses by inverse class frequency, of pixels."""

    def mistakes(self) -> Mapping[str, str]:
        """Return options that the losses do not take; see ``TaskOptions.mistakes``."""
        wrong: dict[str, str] = {}
        for name, options in self.loss_options.items():
            if self.losses is not None and name not in self.losses:
                wrong[f"loss_options.{name}"] = f"is not among task.losses, which are {', '.join(self.losses)}"
            wrong |= wrong_loss_options(PIXEL_LOSSES, name, options, f"loss_options.{name}")
        if self.label_smoothing and "label_smoothing" in self.loss_options.get("cross_entropy", {}):
            wrong["loss_options.cross_entropy.label_smoothing"] = "is given twice, once as task.label_smoothing"
        return wrong

    def learner_arguments(self, dataset: Dataset) -> dict[str, Any]:
        """Return the learner's arguments; see ``TaskOptions.learner_arguments``."""
        return super().learner_arguments(dataset) | {
            "losses": self.losses,
            "loss_options": self.loss_options,
            "dropout": self.dropout,
            "label_smoothing": self.label_smoothing,
            "class_counts": dataset.class_counts("train") if self.class_weights == "balanced" else None,
        }
