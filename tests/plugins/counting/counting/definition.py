"""What visionft must know of counting; needs no torch."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Lt

from visionft.catalog import NameIn
from visionft.data.targets.boxes import Boxes
from visionft.imaging.inputs import canvases
from visionft.metrics import Interval, Score
from visionft.metrics.bootstrap import percentile_intervals
from visionft.models.heads import HEADS
from visionft.results import Output
from visionft.tasks.base import TaskDefinition, TaskOptions


class Count(NamedTuple):
    value: float
    endings = ()  # nothing is drawn

    def __str__(self):
        return f"{self.value:.2f} objects"

    def to_dict(self):
        return {"count": round(self.value), "value": self.value}


@dataclass(frozen=True, kw_only=True)
class CountingOptions(TaskOptions):
    """What a recipe may say of counting."""

    kind: Literal["counting"] = "counting"
    """The task."""
    head: Annotated[str, NameIn(HEADS)] | None = None
    """The head put on the backbone; none takes linear."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Dropout before the head's last layer."""

    def learner_arguments(self, dataset) -> dict[str, Any]:
        return super().learner_arguments(dataset) | {"dropout": self.dropout}


class CountingTask(TaskDefinition):
    kind = "counting"
    learner = "counting.learning:Counting"
    view = "counting.page:CountingView"
    options = "counting.definition:CountingOptions"
    predicts = "image_logits"
    target = "visionft.data.targets.boxes:Boxes"
    counted = "object"
    scores = (
        Score("mae", "mean error", "objects that an answer is off by", percent=False, lower=True),
        Score("exact", "exact", "share of images whose rounded answer is right"),
    )
    selections = ("mae", "exact", "last")
    augmentation = "boxes"
    mixing = ("mosaic",)
    outputs = (Output("number", "float32"),)
    prediction = Count

    @classmethod
    def predict(cls, images, spec, run, *, batch_size, threshold=None):
        for number in run(canvases(images))["number"]:
            yield Count(float(number))


class CountMetrics(NamedTuple):
    n: int
    mae: float
    exact: float
    intervals: dict[str, Interval]
    scores = CountingTask.scores

    def to_dict(self):
        return self._asdict()


def measure(found_N, true_N, *, bootstrap=1, seed=0):
    parts = {"mae": np.abs(found_N - true_N), "exact": np.round(found_N) == true_N}

    def means(draw_RN):
        return {name: values_N[draw_RN].mean(axis=1) for name, values_N in parts.items()}

    intervals = percentile_intervals(means, len(true_N), resamples=bootstrap, seed=seed)
    return CountMetrics(len(true_N), *(float(values_N.mean()) for values_N in parts.values()), intervals)


def objects_in(sample):
    return sum(Boxes.of(sample).class_counts.values())
