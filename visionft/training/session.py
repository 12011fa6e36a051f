"""What outlives a stage: progress, best weights, optimizer state, checkpoints."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from visionft.assemble import Job
from visionft.checkpoint import Checkpoint, RunFolder
from visionft.stages import StagePlan
from visionft.training.callbacks import Callback
from visionft.training.deadline import Deadline
from visionft.training.events import Event, Notice, Sink
from visionft.training.kept_files import View
from visionft.training.progress import Best, Progress

_LENGTHS = "lengths"  # in run.json: stage -> (step, steps that the stage has from that on)

if TYPE_CHECKING:
    from visionft.training.frozen_engine import Prefix  # which knows the session


class Session:
    """One run in progress.

    Args:
        job: the live objects.
        folder: where checkpoints go and come from.
        sinks: who is told.
        callbacks: who looks at each epoch and may end the stage or the run.
        deadline: by when training has to be over; None for as long as it takes.

    Attributes:
        kept: views that are in memory, by their names; a stage finds there what the one before has kept.
        prefixes: what ran the frozen layers of stages that had views, or will run them, by what they compute.
    """

    def __init__(
        self,
        job: Job,
        folder: RunFolder,
        sinks: Sequence[Sink] = (),
        callbacks: Sequence[Callback] = (),
        deadline: Deadline | None = None,
    ) -> None:
        self.job = job
        self.deadline = deadline
        self.callbacks = callbacks
        self.kept: dict[str, View] = {}
        self.prefixes: Mapping[str, Prefix] = {}
        self.progress = Progress()
        self.optimizer_state: Mapping[str, Tensor] = {}
        self.best_weights: Mapping[str, Tensor] = {}
        self._best_saved = False
        self._folder = folder
        self._sinks = sinks

    @property
    def path(self) -> Path:
        """The run folder."""
        return self._folder.path

    @property
    def info(self) -> dict[str, Any]:
        """What is in the run's ``run.json``."""
        return self._folder.info

    def record(self, **facts: Any) -> None:
        """Add facts to it."""
        self._folder.record(**facts)

    def as_decided(self, plan: StagePlan) -> StagePlan:
        """Return a stage with the lengths that it got on the way, before the run was interrupted."""
        for step, steps in self.info.get(_LENGTHS, {}).get(plan.stage.name, ()):
            plan = plan.of_length(step, steps)
        return plan

    def record_length(self, plan: StagePlan) -> None:
        """Write down how long a stage is since the last step, before anything follows from it."""
        if plan.pace is not None:
            self.record(**{_LENGTHS: self.info.get(_LENGTHS, {}) | {plan.stage.name: plan.pace.changes}})

    def tell(self, event: Event) -> None:
        """Hand an event to every sink."""
        for sink in self._sinks:
            sink(event)

    def restore(self) -> None:
        """Go back to the newest undamaged checkpoint; do nothing in a new run."""
        checkpoint, damages = self._folder.checkpoints.load_newest()
        for damage in damages:
            self.tell(Notice(f"damaged checkpoint left aside: {damage}"))
        if checkpoint is None:
            return
        self.progress = Progress.from_json(dict(checkpoint.progress))
        if self.progress.skipped_in_a_row >= self.job.recipe.optim.max_skipped:
            self.progress.skipped_in_a_row = 0  # training was given up, and is tried again
        self.job.network.load_state_dict(checkpoint.model)
        self.optimizer_state = checkpoint.optimizer
        self.best_weights = checkpoint.best
        self.tell(Notice(f"resumed after {self.progress.step} steps, {self.progress.epoch} epochs"))

    def keep_best(self, val: dict[str, float], epoch: int) -> None:
        """Remember the network's present weights as the best."""
        value = val[self.job.recipe.selection_value]
        self.progress.best = Best(value, epoch, self.progress.step, val)
        self.best_weights = {name: t.detach().cpu().clone() for name, t in self.job.network.state_dict().items()}
        self._best_saved = False

    def save(self) -> None:
        """Write a checkpoint of the present state."""
        progress = self.progress
        self._folder.checkpoints.save(
            progress.step,
            Checkpoint(self.job.network.state_dict(), self.optimizer_state, self.best_weights, progress.to_json()),
            best_changed=not self._best_saved,
        )
        self._best_saved = True
