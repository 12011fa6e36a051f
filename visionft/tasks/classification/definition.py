"""What the house must know of classification."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from visionft.imaging.inputs import Loaded, canvases
from visionft.metrics.score import Score
from visionft.results import CanvasRunner, Output
from visionft.spec import ModelSpec
from visionft.tasks.base import TaskDefinition
from visionft.tasks.classification.prediction import Classification


class ClassificationTask(TaskDefinition):
    """One class for each image."""

    kind: ClassVar[str] = "classification"
    learner: ClassVar[str] = "visionft.tasks.classification.learning:ClassificationLearner"
    view: ClassVar[str] = "visionft.tasks.classification.page:ClassificationView"
    options: ClassVar[str] = "visionft.tasks.classification.options:ClassificationOptions"
    probe: ClassVar[str] = "visionft.tasks.classification.probing:ClassificationProbe"
    browser: ClassVar[str] = "visionft.tasks.classification:browser.js"
    predicts: ClassVar[str] = "image_logits"
    target: ClassVar[str] = "visionft.data.targets.label:Label"
    scores: ClassVar[tuple[Score, ...]] = (
        Score("accuracy", "accuracy", "fraction of right answers"),
        Score("balanced_accuracy", "balanced accuracy", "mean recall of the classes"),
        Score("macro_f1", "macro F1", "mean F1 of the classes"),
        Score("auroc", "AUROC", "ranking quality; 0.5 is chance", percent=False),
        Score(
            "calibration_error",
            "calibration error",
            "mean gap of confidence and accuracy; lower is better",
            lower=True,
        ),
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
