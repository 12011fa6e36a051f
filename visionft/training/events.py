"""What the loop tells the world. Sinks listen; nothing they do reaches back into training."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from visionft.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, slots=True)
class Working(Event):
    """Something other than training is under way.

    Attributes:
        what: such as ``reading images``.
        done: how much is done; equal to ``total`` at the end.
        total: of how much.
    """

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class RunPlanned(Event):
    """What the run will do.

    Attributes:
        facts: name -> text: data, backbone, weights, device and the like.
        rows: one per stage, see ``outline``.
        seconds_after: estimate of what follows training: evaluation, page, export.
    """

    facts: dict[str, str]
    rows: list[dict[str, Any]]
    seconds_after: float = 0.0


@dataclass(frozen=True, slots=True)
class StageStarted(Event):
    """A stage begins, or goes on after a resume.

    Attributes:
        stage: its name.
        index: its position, from 0.
        stages: how many there are.
        epochs: passes over the data, as planned.
        step: optimizer steps already done in it.
        steps: optimizer steps planned.
        run_step: optimizer steps already done in the run.
    """

    stage: str
    index: int
    stages: int
    epochs: float
    step: int
    steps: int
    run_step: int = 0


@dataclass(frozen=True, slots=True)
class StepDone(Event):
    """An optimizer step was taken.

    Attributes:
        stage: name of the stage.
        epoch: epoch of the run, from 1.
        step: optimizer steps done in the stage.
        steps: optimizer steps planned in the stage.
        loss: mean training loss since the epoch began; none before its first finite step.
        images_per_second: since the epoch began or was resumed.
        seconds_left: estimate for the stage.
        run_step: optimizer steps done in the run.
        step_loss: training loss of this step; none when it was not applied.
        gradient_norm: of this step, before clipping; none when it was not applied.
        rates: learning rate of this step for the head, and for the first and the last depth group that trains.
    """

    stage: str
    epoch: int
    step: int
    steps: int
    loss: float | None
    images_per_second: float
    seconds_left: float
    run_step: int = 0
    step_loss: float | None = None
    gradient_norm: float | None = None
    rates: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EpochDone(Event):
    """An epoch was validated.

    Attributes:
        row: one line of the history: stage, stage_name, epoch, step, train_loss, lr, val, images_per_second, seconds.
        best: whether these are the best weights of the stage so far.
    """

    row: dict[str, Any]
    best: bool


@dataclass(frozen=True, slots=True)
class StageEnded(Event):
    """A stage is over.

    Attributes:
        result: stage, epochs, steps, seconds, best_epoch, best value, and why it ended.
    """

    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """Something a person should read.

    Attributes:
        text: one sentence.
    """

    text: str


class Sink(Protocol):
    """Something that listens."""

    def __call__(self, event: Event) -> None:
        """Handle an event."""
        ...


class JsonLines:
    """Appends every event but single steps and other work to a file, one JSON object a line.

    Args:
        path: the file; made when missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, event: Event) -> None:
        """Append the event."""
        if isinstance(event, StepDone | Working):
            return
        line = json.dumps({"event": type(event).__name__, **asdict(event)}, ensure_ascii=False)
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise CheckpointError(f"{self._path}: cannot be written: {error.strerror}") from error
