"""What a recipe may say of instance segmentation."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Lt

from visionft.catalog import NameIn
from visionft.models.heads import HEADS
from visionft.tasks.objects.options import MaxDetections, ObjectOptions


@dataclass(frozen=True, kw_only=True)
class InstanceSegmentationOptions(ObjectOptions):
    """What a recipe may say of instance segmentation."""

    kind: Literal["instance_segmentation"] = "instance_segmentation"
    """The task."""
    head: Annotated[str, NameIn(HEADS)] | None = None
    """The head put on the backbone; none takes dense_masks."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.2
    """Dropout before the layer that tells the classes."""
    max_detections: MaxDetections = "auto"
    """Most objects that are found on a canvas (an image, or a window of it); auto takes 100 or, where the fullest
    training canvas has more than two thirds of that, half as many again as it has, at most 1,000. Memory and time of
    what selects them grow with the square."""
