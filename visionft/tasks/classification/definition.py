"""What the house must know of classification."""

from typing import ClassVar

from visionft.tasks.base import Score, TaskDefinition


class ClassificationTask(TaskDefinition):
    """One class for each image."""

    kind: ClassVar[str] = "classification"
    learner: ClassVar[str] = "visionft.tasks.classification.learning:Classification"
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
