"""The kinds of tasks, for the recipe."""

from typing import Literal

TaskKind = Literal["classification", "segmentation", "detection", "instance_segmentation"]

OBJECT_TASKS: tuple[TaskKind, ...] = ("detection", "instance_segmentation")
"""Tasks whose targets are ``Boxes``."""
