"""What a recipe may say of object detection."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Lt

from visionft.catalog import NameIn
from visionft.data.records import Dataset
from visionft.models.heads import HEADS
from visionft.tasks.base import TaskOptions


@dataclass(frozen=True, kw_only=True)
class DetectionOptions(TaskOptions):
    """What a recipe may say of object detection."""

    kind: Literal["detection"] = "detection"
    """The task."""
    head: Annotated[str, NameIn(HEADS)] | None = None
    """The head put on the backbone; none takes dense."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.2
    """Dropout before the layer that tells the classes."""

    def learner_arguments(self, dataset: Dataset) -> dict[str, Any]:
        """Return the learner's arguments; see ``TaskOptions.learner_arguments``."""
        return super().learner_arguments(dataset) | {"dropout": self.dropout}
