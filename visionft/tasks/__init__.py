"""Tasks by name; an entry is a ``TaskDefinition``, which needs no torch."""

from typing import TYPE_CHECKING

from visionft.catalog import Catalog, imported

if TYPE_CHECKING:
    from visionft.data.targets.base import Target

TASKS = Catalog(
    "task",
    {
        "classification": "visionft.tasks.classification.definition:ClassificationTask",
        "detection": "visionft.tasks.detection.definition:DetectionTask",
        "instance_segmentation": "visionft.tasks.instances.definition:InstanceSegmentationTask",
        "multilabel": "visionft.tasks.multilabel.definition:MultilabelTask",
        "regression": "visionft.tasks.regression.definition:RegressionTask",
        "segmentation": "visionft.tasks.segmentation.definition:SegmentationTask",
    },
    "visionft.tasks",
)

DEFAULT_TASK = "classification"
"""The task of a recipe that names none."""


def target_of(kind: str) -> "type[Target]":
    """Return the class of what a task learns from each image."""
    target: type[Target] = imported(TASKS[kind].target)
    return target


def tasks_for(target: "type[Target]") -> tuple[str, ...]:
    """Return the kinds of the tasks that learn such targets: those that ship first, one of which is taken in doubt."""
    fitting = [kind for kind in TASKS if target_of(kind) is target]
    return tuple(sorted(fitting, key=lambda kind: kind not in TASKS.shipped))


__all__ = ["DEFAULT_TASK", "TASKS", "target_of", "tasks_for"]
