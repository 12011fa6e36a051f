"""The training loop, top to bottom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from visionft.assemble import Job
from visionft.checkpoint import RunFolder
from visionft.training.callbacks import Callback
from visionft.training.deadline import Deadline
from visionft.training.events import Sink
from visionft.training.frozen_engine import Prefix
from visionft.training.interrupt import InterruptGuard
from visionft.training.keeping import forget_views
from visionft.training.kept_augment import require_maps
from visionft.training.memory import out_of_memory_named
from visionft.training.prefix_engines import require_engine
from visionft.training.session import Session
from visionft.training.stage_run import StageRun


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished run gives.

    Attributes:
        val: validation values of the final weights, which the network holds.
        history: one row per epoch.
        results: one entry per stage that was run.
    """

    val: dict[str, float]
    history: list[dict[str, Any]]
    results: list[dict[str, Any]]


def fit(
    job: Job,
    folder: RunFolder,
    sinks: Sequence[Sink] = (),
    callbacks: Sequence[Callback] = (),
    *,
    keep_start: bool = False,
    deadline: Deadline | None = None,
    prefixes: Mapping[str, Prefix] | None = None,
) -> Outcome:
    """Run every stage that is still to do, from the newest checkpoint if there is one.

    Each stage starts from the best weights of the one before. Everything that is rebuilt at a boundary (what is
    frozen, optimizer, rates, canvas, augmentation) is rebuilt there and only there.

    Args:
        job: the live objects.
        folder: where checkpoints go and come from.
        sinks: who is told.
        callbacks: who looks at each epoch and may end the stage or the run; what is decided is in the checkpoint.
        keep_start: whether the weights that a new run starts from are saved, for nothing else could give them again.
        deadline: by when training has to be over; None for as long as it takes.
        prefixes: what was found to run frozen layers well, by what they compute.

    Raises:
        TrainingError: after too many non-finite steps in a row, or when memory runs out.
        Interrupted: after a signal; the state has been saved.
        CheckpointError: when checkpoints exist and none is undamaged.
        RecipeError: when something is not installed that the recipe names, or kept activations are not what it takes.
    """
    require_engine(job.recipe)
    require_maps(job)
    session = Session(job, folder, sinks, callbacks, deadline)
    session.prefixes = prefixes or {}
    session.restore()
    if keep_start:
        session.save()
    with out_of_memory_named(job), InterruptGuard(folder.path) as guard:
        for plan in job.plans[session.progress.stage :]:
            if session.progress.run_stopped:
                break
            with StageRun(session, plan) as stage:
                while (reason := stage.reason_to_end()) is None:
                    stage.train_epoch(guard)
                    stage.validate()
                    stage.save_epoch()
                stage.leave(reason)
            guard.leave_if_received(f"at the end of stage {plan.stage.name}")
    forget_views(session)
    best = session.progress.best
    return Outcome(best.val if best else {}, session.progress.history, session.progress.results)
