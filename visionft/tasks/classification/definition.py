"""What the house must know of classification."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Lt

from visionft.catalog import NameIn
from visionft.data.records import Dataset
from visionft.data.targets.base import Target
from visionft.data.targets.label import Label
from visionft.models.heads import HEADS
from visionft.tasks.base import Score, TaskDefinition, TaskOptions


@dataclass(frozen=True, kw_only=True)
class ClassificationOptions(TaskOptions):
    """What a recipe may say of classification."""

    kind: Literal["classification"] = "classification"
    """The task."""
    head: Annotated[str, NameIn(HEADS)] | None = None
    """The head put on the backbone; none takes linear."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.2
    """Dropout before the head's last layer."""
    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Fraction of the target spread over all classes (Szegedy et al. 2016, arXiv:1512.00567, section 7)."""
    class_weights: Literal["none", "balanced"] = "none"
    """balanced weighs the loss by inverse class frequency, of images."""

    def learner_arguments(self, dataset: Dataset) -> dict[str, Any]:
        """Return the learner's arguments; see ``TaskOptions.learner_arguments``."""
        return super().learner_arguments(dataset) | {
            "dropout": self.dropout,
            "label_smoothing": self.label_smoothing,
            "class_counts": dataset.class_counts("train") if self.class_weights == "balanced" else None,
        }


class ClassificationTask(TaskDefinition):
    """One class for each image."""

    kind: ClassVar[str] = "classification"
    learner: ClassVar[str] = "visionft.tasks.classification.learning:Classification"
    options: ClassVar[type[TaskOptions]] = ClassificationOptions
    target: ClassVar[type[Target]] = Label
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
