"""Tasks by name; an entry is a ``TaskDefinition``, which needs no torch."""

from visionft.catalog import Catalog

TASKS = Catalog(
    "task",
    {
        "classification": "visionft.tasks.classification.definition:ClassificationTask",
        "detection": "visionft.tasks.detection.definition:DetectionTask",
        "instance_segmentation": "visionft.tasks.instances.definition:InstanceSegmentationTask",
        "segmentation": "visionft.tasks.segmentation.definition:SegmentationTask",
    },
    "visionft.tasks",
)

DEFAULT_TASK = "classification"
"""The task of a recipe that names none."""

__all__ = ["DEFAULT_TASK", "TASKS"]
