"""What a recipe may say of tasks that find objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from annotated_types import Ge, Le

from visionft.data.records import Dataset, Problem
from visionft.spec import DETECTIONS, InputSpec
from visionft.tasks.base import Canvas, TaskOptions
from visionft.tasks.objects.canvas import small_object_problems, suited_canvas
from visionft.tasks.objects.crowding import MOST_ROWS, crowding_problems, rows_for

MaxDetections: TypeAlias = Annotated[int, Ge(1), Le(MOST_ROWS)] | Literal["auto"]


@dataclass(frozen=True, kw_only=True)
class ObjectOptions(TaskOptions):
    """What a recipe may say of any task that finds objects; each describes the keys itself."""

    dropout: float = 0.2
    max_detections: MaxDetections = "auto"

    def learner_arguments(self, dataset: Dataset) -> dict[str, Any]:
        """Return the learner's arguments; see the base class."""
        return super().learner_arguments(dataset) | {"dropout": self.dropout}

    def measured_arguments(self, dataset: Dataset, canvas: InputSpec) -> dict[str, int]:
        """Return the number of detections, for which the fullest training canvas decides where nobody did."""
        number = rows_for(dataset, canvas) if self.max_detections == "auto" else self.max_detections
        return {"max_detections": number}

    def suited_canvas(self, dataset: Dataset, usual: Canvas, *, fit_is_open: bool) -> Canvas:
        """Return the canvas that leaves objects large enough; see the base class."""
        return suited_canvas(dataset, usual, fit_is_open=fit_is_open)

    def remarks(self, dataset: Dataset, canvas: InputSpec, arguments: Mapping[str, int]) -> tuple[Problem, ...]:
        """Return what is wrong with the number and the size of objects; see the base class."""
        crowded = crowding_problems(dataset, canvas, arguments.get("max_detections", DETECTIONS))
        return (*crowded, *small_object_problems(dataset, canvas))
