"""What the house must know of object detection."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from visionft.imaging.inputs import Loaded
from visionft.metrics.score import Score
from visionft.results import CanvasRunner, Output
from visionft.spec import ModelSpec
from visionft.tasks.base import Augmentation
from visionft.tasks.objects.definition import BOX_OUTPUTS, BOX_SCORES, ObjectTask
from visionft.tasks.objects.detect import detect_loaded
from visionft.tasks.objects.prediction import Detection


class DetectionTask(ObjectTask):
    """Boxes with a class and a score."""

    kind: ClassVar[str] = "detection"
    learner: ClassVar[str] = "visionft.tasks.detection.learning:DetectionLearner"
    view: ClassVar[str] = "visionft.tasks.objects.page:ObjectView"
    options: ClassVar[str] = "visionft.tasks.detection.options:DetectionOptions"
    predicts: ClassVar[str] = "boxes"
    target: ClassVar[str] = "visionft.data.targets.boxes:Boxes"
    scores: ClassVar[tuple[Score, ...]] = BOX_SCORES
    selections: ClassVar[tuple[str, ...]] = ("map", "map50", "map75", "last")
    augmentation: ClassVar[Augmentation] = "boxes"
    default_recipe: ClassVar[str | None] = "detection"
    outputs: ClassVar[tuple[Output, ...]] = BOX_OUTPUTS
    prediction: ClassVar[type[Detection]] = Detection

    @classmethod
    def predict(
        cls,
        images: Sequence[Loaded],
        spec: ModelSpec,
        run: CanvasRunner,
        *,
        batch_size: int,
        threshold: float | None = None,
    ) -> Iterator[Detection]:
        """Yield the objects of each image; see ``TaskDefinition.predict``."""
        detections = detect_loaded(images, spec.input, run, batch_size=batch_size)
        for image, detections_N6 in zip(images, detections, strict=True):
            yield Detection.of(detections_N6, image.original, spec).above(threshold)
