"""What people see of a task: its part of a run's page, and its targets drawn on training images.

A definition names its view and does not import it, as for the learner: what only predicts needs no pages.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.catalog import imported
from visionft.data.records import Dataset, Example, Sample
from visionft.data.splits import Split
from visionft.imaging import default_palette
from visionft.imaging.palette import Colour
from visionft.report import PageSection
from visionft.report.pictures import fit
from visionft.tasks import TASKS


class TaskView(ABC):
    """What people see of a task; there are no objects of it.

    Attributes:
        augmentation_note: what a page says of augmented images beside what it says of every task's; may be empty.
    """

    augmentation_note: ClassVar[str] = ""

    @classmethod
    @abstractmethod
    def section(cls, evaluation: Any, dataset: Dataset, split: Split) -> PageSection:
        """Return what the page of a run shows of an evaluation.

        Args:
            evaluation: what the task's learner returned, in the order of the data set.
            dataset: what was evaluated.
            split: which part of it.

        Raises:
            DataError: naming the file, when an image cannot be read any more.
        """

    @classmethod
    def palette(cls, dataset: Dataset) -> tuple[Colour, ...]:
        """Return the colour (RGB, 0..255) in which pictures show class 0, 1, ...: the data's own, else ours."""
        return dataset.palette or default_palette(dataset.class_names)

    @classmethod
    def caption(cls, sample: Sample, class_names: tuple[str, ...]) -> str:  # noqa: ARG003  # most have none
        """Return what a picture of a sample is labelled with beside its id, such as its class; empty for nothing."""
        return ""

    @classmethod
    def draw(cls, example: Example, palette: tuple[Colour, ...], long_side: int) -> NDArray[np.uint8]:  # noqa: ARG003
        """Return a canvas at a size to look at, with its target, as uint8 RGB.

        Args:
            example: the canvas.
            palette: colour (RGB, 0..255) of class 0, 1, ...
            long_side: most pixels of a side.
        """
        return fit(example.image_HW3, long_side)

    @classmethod
    def legend(
        cls,
        examples: Iterable[Example],  # noqa: ARG003  # by default there is nothing to explain
        class_names: tuple[str, ...],  # noqa: ARG003
        palette: tuple[Colour, ...],  # noqa: ARG003
    ) -> list[tuple[str, Colour]]:
        """Return the names and colours of what ``draw`` shows of some canvases.

        Args:
            examples: the canvases.
            class_names: text for class 0, 1, ...
            palette: colour (RGB, 0..255) of class 0, 1, ...
        """
        return []


def view_of(kind: str) -> type[TaskView]:
    """Return the view of a task.

    Args:
        kind: the task's name.
    """
    view: type[TaskView] = imported(TASKS[kind].view)
    return view
