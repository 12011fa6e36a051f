"""What the house must know of multi-label classification."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from visionft.imaging.inputs import Loaded, canvases
from visionft.metrics.score import Score
from visionft.results import CanvasRunner, Output
from visionft.spec import ModelSpec
from visionft.tasks.base import TaskDefinition
from visionft.tasks.multilabel.prediction import Labels
from visionft.tasks.multilabel.ranking import thresholds_of


class MultilabelTask(TaskDefinition):
    """Any number of labels for each image, each with a probability of its own."""

    kind: ClassVar[str] = "multilabel"
    learner: ClassVar[str] = "visionft.tasks.multilabel.learning:MultilabelLearner"
    view: ClassVar[str] = "visionft.tasks.multilabel.page:MultilabelView"
    options: ClassVar[str] = "visionft.tasks.multilabel.options:MultilabelOptions"
    probe: ClassVar[str] = "visionft.tasks.multilabel.probing:MultilabelProbe"
    browser: ClassVar[str] = "visionft.tasks.multilabel:browser.js"
    predicts: ClassVar[str] = "image_logits"
    target: ClassVar[str] = "visionft.data.targets.label_set:LabelSet"
    counted: ClassVar[str] = "image"
    scores: ClassVar[tuple[Score, ...]] = (
        Score("map", "mean AP", "mean average precision of the classes, at any threshold"),
        Score("macro_f1", "macro F1", "mean F1 of the classes"),
        Score("micro_f1", "micro F1", "F1 of all labels together"),
        Score("exact_match", "exact match", "fraction of images with exactly the right labels"),
        Score("hamming_loss", "Hamming loss", "fraction of wrong decisions, one for each image and class", lower=True),
    )
    selections: ClassVar[tuple[str, ...]] = ("map", "macro_f1", "micro_f1", "exact_match", "loss", "last")
    mixing: ClassVar[tuple[str, ...]] = ("mixup", "cutmix")
    default_recipe: ClassVar[str | None] = "multilabel"
    sees_whole_images: ClassVar[bool] = False
    outputs: ClassVar[tuple[Output, ...]] = (Output("probabilities", "float32", ("classes",)),)
    prediction: ClassVar[type[Labels]] = Labels
    takes_threshold: ClassVar[bool] = True

    @classmethod
    def predict(
        cls,
        images: Sequence[Loaded],
        spec: ModelSpec,
        run: CanvasRunner,
        *,
        batch_size: int,  # noqa: ARG003  # an image is one canvas
        threshold: float | None = None,
    ) -> Iterator[Labels]:
        """Yield the labels of each image; see ``TaskDefinition.predict``."""
        thresholds_K = thresholds_of(spec.thresholds, len(spec.class_names), threshold)
        for probabilities_K in run(canvases(images))["probabilities"]:
            yield Labels.of(probabilities_K, spec.class_names, thresholds_K)
