"""What the house must know of classification."""

from typing import TYPE_CHECKING, ClassVar

from visionft.metrics.score import Score
from visionft.sample import Dataset, Sample, Split
from visionft.tasks.base import TaskDefinition

if TYPE_CHECKING:
    from visionft.report import PageSection
    from visionft.tasks.classification.learning import ClassificationEvaluation


class ClassificationTask(TaskDefinition):
    """One class for each image."""

    kind: ClassVar[str] = "classification"
    learner: ClassVar[str] = "visionft.tasks.classification.learning:Classification"
    counted: ClassVar[str] = "image"
    scores: ClassVar[tuple[Score, ...]] = (
        Score("accuracy", "accuracy", "share of right answers"),
        Score("balanced_accuracy", "balanced accuracy", "mean recall of the classes"),
        Score("macro_f1", "macro F1", "mean F1 of the classes"),
        Score("auroc", "AUROC", "ranking quality; 0.5 is chance", percent=False),
        Score("calibration_error", "calibration error", "mean gap of confidence and accuracy; lower is better"),
    )
    selections: ClassVar[tuple[str, ...]] = ("loss", "accuracy", "balanced_accuracy", "macro_f1", "auroc", "last")
    mixing: ClassVar[tuple[str, ...]] = ("mixup", "cutmix")
    sees_whole_images: ClassVar[bool] = False

    @classmethod
    def page(cls, evaluation: "ClassificationEvaluation", dataset: Dataset, split: Split) -> "PageSection":
        """Return metrics, wrong answers and unsure ones; see the base class."""
        from visionft.tasks.classification.page import classification_section  # OpenCV: importing this stays cheap

        return classification_section(evaluation, dataset.split(split), dataset.class_names)

    @classmethod
    def caption(cls, sample: Sample, class_names: tuple[str, ...]) -> str:
        """Return the sample's class."""
        return class_names[sample.label]
