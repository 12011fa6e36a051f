"""What the house must know of semantic segmentation."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from visionft.imaging.inputs import Loaded
from visionft.metrics.score import Score
from visionft.results import CanvasRunner, Output
from visionft.spec import ModelSpec
from visionft.tasks.base import TaskDefinition
from visionft.tasks.segmentation.prediction import Segmentation
from visionft.tasks.segmentation.segment import segment_loaded


class SegmentationTask(TaskDefinition):
    """One class for each pixel."""

    kind: ClassVar[str] = "segmentation"
    learner: ClassVar[str] = "visionft.tasks.segmentation.learning:SegmentationLearner"
    view: ClassVar[str] = "visionft.tasks.segmentation.page:SegmentationView"
    options: ClassVar[str] = "visionft.tasks.segmentation.options:SegmentationOptions"
    probe: ClassVar[str] = "visionft.tasks.segmentation.probing:SegmentationProbe"
    browser: ClassVar[str] = "visionft.tasks.segmentation:browser.js"
    predicts: ClassVar[str] = "pixel_logits"
    target: ClassVar[str] = "visionft.data.targets.mask:Mask"
    scores: ClassVar[tuple[Score, ...]] = (
        Score("miou", "mean IoU", "intersection over union, mean of the classes"),
        Score("dice", "mean Dice", "pixel F1, mean of the classes"),
        Score("pixel_accuracy", "pixel accuracy", "fraction of right pixels"),
        Score("boundary_f1", "boundary F1", "outlines within 0.75 % of the diagonal"),
    )
    selections: ClassVar[tuple[str, ...]] = ("loss", "miou", "dice", "pixel_accuracy", "last")
    default_recipe: ClassVar[str | None] = "segmentation"
    takes_windows: ClassVar[bool] = True
    outputs: ClassVar[tuple[Output, ...]] = (
        Output("probabilities", "float32", ("classes", "height", "width")),
        Output("labels", "uint8", ("height", "width"), derived=True),
    )
    prediction: ClassVar[type[Segmentation]] = Segmentation

    @classmethod
    def predict(
        cls,
        images: Sequence[Loaded],
        spec: ModelSpec,
        run: CanvasRunner,
        *,
        batch_size: int,
        threshold: float | None = None,  # noqa: ARG003  # the most probable class is believed
    ) -> Iterator[Segmentation]:
        """Yield the most probable class of every pixel of each image; see ``TaskDefinition.predict``."""
        for mask_HW in segment_loaded(images, spec.input, run, batch_size=batch_size):
            yield Segmentation.of(mask_HW, spec)
