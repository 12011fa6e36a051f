"""What the house must know of instance segmentation."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Lt

from visionft.catalog import NameIn
from visionft.data.records import Dataset
from visionft.data.targets.base import Target
from visionft.data.targets.outlined_boxes import OutlinedBoxes
from visionft.models.heads import HEADS
from visionft.tasks.base import Augmentation, Score, TaskOptions
from visionft.tasks.objects.definition import BOX_SCORES, ObjectTask


@dataclass(frozen=True, kw_only=True)
class InstanceSegmentationOptions(TaskOptions):
    """What a recipe may say of instance segmentation."""

    kind: Literal["instance_segmentation"] = "instance_segmentation"
    """The task."""
    head: Annotated[str, NameIn(HEADS)] | None = None
    """The head put on the backbone; none takes dense_masks."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.2
    """Dropout before the layer that tells the classes."""

    def learner_arguments(self, dataset: Dataset) -> dict[str, Any]:
        """Return the learner's arguments; see ``TaskOptions.learner_arguments``."""
        return super().learner_arguments(dataset) | {"dropout": self.dropout}


class InstanceSegmentationTask(ObjectTask):
    """Boxes with a class, a score and the pixels of each object."""

    kind: ClassVar[str] = "instance_segmentation"
    learner: ClassVar[str] = "visionft.tasks.instances.learning:InstanceSegmentation"
    options: ClassVar[type[TaskOptions]] = InstanceSegmentationOptions
    target: ClassVar[type[Target]] = OutlinedBoxes
    scores: ClassVar[tuple[Score, ...]] = (
        Score("mask_map", "mean mask AP"),
        Score("mask_map50", "mean mask AP50"),
        Score("mask_map75", "mean mask AP75"),
        *BOX_SCORES,
    )
    selections: ClassVar[tuple[str, ...]] = (
        *("mask_map", "mask_map50", "mask_map75"),
        *("map", "map50", "map75"),
        "last",
    )
    augmentation: ClassVar[Augmentation] = "polygons"
    offer: ClassVar[str] = "the labels have outlines of objects; for boxes and masks of each object"
    offered_to: ClassVar[tuple[str, ...]] = ("segmentation", "detection")
    default_recipe: ClassVar[str | None] = "instance_segmentation"
