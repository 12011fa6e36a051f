"""From the loop's events to trackers."""

import math
from collections.abc import Mapping
from typing import Any

from visionft.tracking.guard import GuardedTracker
from visionft.training.events import EpochDone, Event, StageStarted, StepDone

_POINTS = 1000  # steps of a stage that are logged, at most: more than a chart has pixels


class TrackerSink:
    """Hands the numbers of steps and epochs to a tracker.

    Args:
        tracker: who keeps them.
    """

    def __init__(self, tracker: GuardedTracker) -> None:
        self._tracker = tracker
        self._begun = False
        self._every = 1
        self._new_stage: int | None = None

    def __call__(self, event: Event) -> None:
        """Log an epoch that was validated, every so many steps, and the first of each stage; leave other events."""
        match event:
            case StageStarted():
                self._enter(event)
            case StepDone():
                if self._new_stage is not None or event.step % self._every == 0:
                    self._log(_of_step(event, self._new_stage), event.run_step)
                    self._new_stage = None
            case EpochDone():
                self._log(_of_epoch(event.row), event.row["step"])

    def _enter(self, event: StageStarted) -> None:
        if not self._begun:
            self._begun = True
            self._tracker.do(lambda tracker: tracker.rewind(event.run_step))
        self._every = math.ceil(event.steps / _POINTS)
        self._new_stage = event.index if event.step == 0 else None

    def _log(self, values: Mapping[str, float | None], step: int) -> None:
        finite = {name: value for name, value in values.items() if value is not None and math.isfinite(value)}
        self._tracker.do(lambda tracker: tracker.log(finite, step))


def _of_step(event: StepDone, new_stage: int | None) -> dict[str, float | None]:
    return {
        "step/loss": event.step_loss,
        "step/gradient_norm": event.gradient_norm,
        **{f"lr/{name}": rate for name, rate in event.rates.items()},
        "stage": new_stage,
    }


def _of_epoch(row: Mapping[str, Any]) -> dict[str, float | None]:
    return {
        "epoch": row["epoch"],
        "stage": row["stage"],
        "train/loss": row["train_loss"],
        "train/lr": row["lr"],
        "train/images_per_second": row["images_per_second"],
        **{f"val/{name}": value for name, value in row["val"].items()},
    }
