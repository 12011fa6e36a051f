"""Code of the user's that looks at a run after each epoch and may end it early."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias

from visionft.assemble import Job
from visionft.errors import RecipeError
from visionft.training.progress import Progress


@dataclass(frozen=True, slots=True)
class EpochView:
    """What a callback sees of an epoch that was validated.

    Attributes:
        row: one line of the history: stage, stage_name, epoch, step, train_loss, lr, val, images_per_second, seconds.
        best: whether these are the best weights of the stage so far.
        job: the live objects; ``job.network`` holds the weights at the end of the epoch. Whoever changes them changes
            the run, which then is not what its recipe says.
    """

    row: Mapping[str, Any]
    best: bool
    job: Job
    _progress: Progress

    def stop_stage(self, reason: str = "a callback has ended it") -> None:
        """End the stage: its best weights go on to the next.

        Args:
            reason: what the stage's result then says in ``ended``.
        """
        self._progress.stage_stopped = reason or "a callback has ended it"

    def stop_run(self, reason: str = "a callback has ended the run") -> None:
        """End the stage and leave out those after it: the run is finished with the best weights of this stage.

        Args:
            reason: what the stage's result then says in ``ended``.
        """
        self.stop_stage(reason)
        self._progress.run_stopped = self._progress.stage_stopped


Callback: TypeAlias = Callable[[EpochView], None]
"""Called after each epoch's validation, before the checkpoint that holds its decision. What it raises ends training."""


def require_callable(callbacks: Any) -> None:
    """Check that callbacks are several, and can be called.

    Raises:
        RecipeError: when they are one, or one cannot be called.
    """
    if not isinstance(callbacks, Iterable):
        raise RecipeError(f"callbacks: {callbacks!r} is one; give a list of functions that take a vft.EpochView")
    for callback in callbacks:
        if not callable(callback):
            raise RecipeError(f"callbacks: {callback!r} is not callable; give functions that take a vft.EpochView")


def call_all(
    callbacks: Iterable[Callback], row: Mapping[str, Any], job: Job, progress: Progress, *, best: bool
) -> None:
    """Call every callback with an epoch; the network trains on whatever mode they left it in."""
    for callback in callbacks:
        callback(EpochView(deepcopy(dict(row)), best, job, progress))
    job.network.train()
