"""What the house must know of classification."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from visionft.imaging.inputs import Loaded, canvases
from visionft.results import CanvasRunner, Output
from visionft.spec import ModelSpec
from visionft.tasks.base import Score, TaskDefinition
from visionft.tasks.classification.prediction import Classification


class ClassificationTask(TaskDefinition):
    """One class for each image."""

    kind: ClassVar[str] = "classification"
    learner: ClassVar[str] = "visionft.tasks.classification.learning:Classification"
    options: ClassVar[str] = "visionft.tasks.classification.options:ClassificationOptions"
    predicts: ClassVar[str] = "image_logits"
    counted: ClassVar[str] = "image"
    scores: ClassVar[tuple[Score, ...]] = (
        Score("accuracy", "accuracy"),
        Score("balanced_accuracy", "balanced accuracy"),
        Score("macro_f1", "macro F1"),
        Score("auroc", "AUROC", percent=False),
        Score("calibration_error", "calibration error"),
    )
    selections: ClassVar[tuple[str, ...]] = ("loss", "accuracy", "balanced_accuracy", "macro_f1", "auroc", "last")
    mixing: ClassVar[tuple[str, ...]] = ("mixup", "cutmix")
    sees_whole_images: ClassVar[bool] = False
    outputs: ClassVar[tuple[Output, ...]] = (Output("probabilities", "float32", ("classes",)),)
    prediction: ClassVar[type[Classification]] = Classification

    @classmethod
    def predict(
        cls,
        images: Sequence[Loaded],
        spec: ModelSpec,
        run: CanvasRunner,
        *,
        batch_size: int,  # noqa: ARG003  # an image is one canvas
        threshold: float | None = None,  # noqa: ARG003  # the most probable class is believed
    ) -> Iterator[Classification]:
        """Yield the most probable class of each image; see ``TaskDefinition.predict``."""
        for probabilities_K in run(canvases(images))["probabilities"]:
            yield Classification.of(probabilities_K, spec.class_names)
