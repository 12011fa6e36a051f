"""What the house must know of instance segmentation."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from visionft.annotations.object_mask import MASK_SIDE
from visionft.imaging.inputs import Loaded
from visionft.metrics.score import Score
from visionft.results import CanvasRunner, Output
from visionft.spec import ModelSpec
from visionft.tasks.base import Augmentation
from visionft.tasks.instances.prediction import Instances
from visionft.tasks.objects.definition import BOX_OUTPUTS, BOX_SCORES, ObjectTask
from visionft.tasks.objects.detect import detect_instances_loaded
from visionft.tasks.objects.prediction import least_scores


class InstanceSegmentationTask(ObjectTask):
    """Boxes with a class, a score and the pixels of each object."""

    kind: ClassVar[str] = "instance_segmentation"
    learner: ClassVar[str] = "visionft.tasks.instances.learning:InstanceSegmentationLearner"
    view: ClassVar[str] = "visionft.tasks.instances.page:InstanceView"
    options: ClassVar[str] = "visionft.tasks.instances.options:InstanceSegmentationOptions"
    predicts: ClassVar[str] = "masks"
    target: ClassVar[str] = "visionft.data.targets.polygons:Polygons"
    scores: ClassVar[tuple[Score, ...]] = (
        Score("mask_map", "mean mask AP", "mean over IoU 0.50 to 0.95, of all detections"),
        Score("mask_map50", "mean mask AP50", "masks that overlap by half (IoU 0.50)", headline="Mask AP50"),
        Score("mask_map75", "mean mask AP75", "masks that fit well (IoU 0.75)", headline="Mask AP75"),
        Score("mask_map_100", "mean mask AP at 100", "COCO's: of the 100 best of an image and class"),
        Score("map", "mean AP", "the same of the boxes", headline="Mean box AP"),
        *BOX_SCORES[1:],
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
    outputs: ClassVar[tuple[Output, ...]] = (*BOX_OUTPUTS, Output("masks", "float32", ("rows", MASK_SIDE, MASK_SIDE)))
    prediction: ClassVar[type[Instances]] = Instances

    @classmethod
    def predict(
        cls,
        images: Sequence[Loaded],
        spec: ModelSpec,
        run: CanvasRunner,
        *,
        batch_size: int,
        threshold: float | None = None,
    ) -> Iterator[Instances]:
        """Yield the objects of each image with their pixels; see ``TaskDefinition.predict``."""
        # the threshold at once, since pixels are worked out for each object
        least_K = np.array(least_scores(spec, threshold), np.float32)
        objects = detect_instances_loaded(images, spec.input, run, batch_size=batch_size, least_K=least_K)
        for image, (detections_N6, masks) in zip(images, objects, strict=True):
            yield Instances.of(detections_N6, image.original, spec, masks)
