"""What the house must know of instance segmentation."""

from typing import TYPE_CHECKING, ClassVar

from visionft.metrics.score import Score
from visionft.sample import Dataset, Split
from visionft.tasks.objects.definition import BOX_SCORES, ObjectTask

if TYPE_CHECKING:
    from visionft.report import PageSection
    from visionft.tasks.instances.learning import InstanceEvaluation


class InstanceSegmentationTask(ObjectTask):
    """Boxes with a class, a score and the pixels of each object."""

    kind: ClassVar[str] = "instance_segmentation"
    learner: ClassVar[str] = "visionft.tasks.instances.learning:InstanceSegmentation"
    scores: ClassVar[tuple[Score, ...]] = (
        Score("mask_map", "mean mask AP", "as COCO: mean over IoU 0.50 to 0.95"),
        Score("mask_map50", "mean mask AP50", "masks that overlap by half (IoU 0.50)", headline="Mask AP50"),
        Score("mask_map75", "mean mask AP75", "masks that fit well (IoU 0.75)", headline="Mask AP75"),
        Score("map", "mean AP", "the same of the boxes", headline="Mean box AP"),
        *BOX_SCORES[1:],
    )
    selections: ClassVar[tuple[str, ...]] = (
        *("mask_map", "mask_map50", "mask_map75"),
        *("map", "map50", "map75"),
        "last",
    )
    default_recipe: ClassVar[str | None] = "instance_segmentation"

    @classmethod
    def page(cls, evaluation: "InstanceEvaluation", dataset: Dataset, split: Split) -> "PageSection":
        """Return metrics, mistakes by kind, and the worst images; see the base class."""
        from visionft.tasks.instances.page import InstanceSection  # OpenCV: importing this stays cheap
        from visionft.tasks.objects.page import object_section

        samples, palette = dataset.split(split), cls.palette(dataset)
        return object_section(
            InstanceSection, evaluation.metrics, evaluation.detections, samples, palette, evaluation.masks
        )
