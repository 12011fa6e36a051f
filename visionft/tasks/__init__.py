"""Task adapters by name: what differs between tasks, and nothing else."""

from visionft.catalog import Catalog

TASKS = Catalog(
    "task",
    {
        "classification": "visionft.tasks.classification:Classification",
        "detection": "visionft.tasks.detection:Detection",
        "instance_segmentation": "visionft.tasks.instances:InstanceSegmentation",
        "segmentation": "visionft.tasks.segmentation:Segmentation",
    },
    "visionft.tasks",
)

__all__ = ["TASKS"]
