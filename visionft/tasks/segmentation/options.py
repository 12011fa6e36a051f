"""What a recipe may say of semantic segmentation."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Lt

from visionft.catalog import NameIn
from visionft.data.records import Dataset
from visionft.models.heads import HEADS
from visionft.models.losses import LOSSES
from visionft.tasks.base import TaskOptions


@dataclass(frozen=True, kw_only=True)
class SegmentationOptions(TaskOptions):
    """What a recipe may say of semantic segmentation."""

    kind: Literal["segmentation"] = "segmentation"
    """The task."""
    head: Annotated[str, NameIn(HEADS)] | None = None
    """The head put on the backbone; none takes lite."""
    losses: dict[Annotated[str, NameIn(LOSSES)], Annotated[float, Gt(0)]] | None = None
    """Losses and their weights; none takes cross_entropy and dice, each once."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.2
    """Dropout before the head's last layer."""
    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Fraction of the target spread over all classes (Szegedy et al. 2016, arXiv:1512.00567, section 7)."""
    class_weights: Literal["none", "balanced"] = "none"
    """balanced weighs the losses by inverse class frequency, of pixels."""

    def learner_arguments(self, dataset: Dataset) -> dict[str, Any]:
        """Return the learner's arguments; see ``TaskOptions.learner_arguments``."""
        return super().learner_arguments(dataset) | {
            "losses": self.losses,
            "dropout": self.dropout,
            "label_smoothing": self.label_smoothing,
            "class_counts": dataset.class_counts("train") if self.class_weights == "balanced" else None,
        }
