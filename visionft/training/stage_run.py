"""One stage in progress: its epochs, validation and end."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, nullcontext
from functools import partial
from itertools import islice
from shlex import quote
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from visionft.batch import AnyBatch
from visionft.errors import DataError, TrainingError
from visionft.loading.batches import Batches
from visionft.models.optimizers.state import restore_state, state_by_name
from visionft.stages import StagePlan
from visionft.stopwatch import VALIDATION, running, timed
from visionft.training.average import WeightAverage
from visionft.training.callbacks import call_all
from visionft.training.compiling import compiled_parts
from visionft.training.deadline import Stint
from visionft.training.depth import with_decided_depth
from visionft.training.divergence import advice
from visionft.training.events import EpochDone, Notice, StageEnded, StageStarted, StepDone, Working
from visionft.training.frozen import FrozenFeatures, features_can_be_kept
from visionft.training.frozen_engine import Features, exported_features
from visionft.training.head_start import fit_head
from visionft.training.inference import NotFinite, validate
from visionft.training.interrupt import InterruptGuard
from visionft.training.keeping import forget_views, keep_views
from visionft.training.kept_augment import kept_augmenter
from visionft.training.kept_views import KeptViews
from visionft.training.optimizer import enter_stage
from visionft.training.passes import not_fused, on_cpu
from visionft.training.profile import in_words, profile_of
from visionft.training.progress import better
from visionft.training.session import Session
from visionft.training.setback import setback
from visionft.training.step import Stepper, StepResult

_SAVE_APART = 10.0  # seconds between checkpoints where epochs take less


class StageRun:
    """Rebuilds what a stage needs, then trains it.

    Args:
        session: what outlives the stage.
        plan: the stage's numbers.
    """

    def __init__(self, session: Session, plan: StagePlan) -> None:
        self._session = session
        self._progress = session.progress
        self._job = session.job
        self._plan = session.as_decided(plan)
        self._stage = plan.stage
        self._canvas = session.job.stage_input(plan.stage)
        self._clock = self._saved_at = time.monotonic()
        self._ends = session.deadline.of_stage(plan.index) if session.deadline else math.inf
        self._stint = Stint(self._plan)
        self._images = 0  # trained on by this process
        with ExitStack() as opened:  # which closes what is open when the rest fails
            self._prepare(opened)
            self._opened = opened.pop_all()

    def _prepare(self, opened: ExitStack) -> None:
        session, plan = self._session, self._plan
        single_pass = features_can_be_kept(session.job, plan)
        loaders: list[Batches] = []
        for make, split in ((session.job.train_loader, "train"), (session.job.val_loader, "val")):
            loaders.append(
                opened.enter_context(make(plan.stage, single_pass=single_pass, on_progress=self._tell_of(split)))
            )
        self._train: Batches | FrozenFeatures | KeptViews
        self._val: Batches | FrozenFeatures | KeptViews
        self._train, self._val = loaders
        plan = self._plan = with_decided_depth(session, plan, loaders[0])
        self._optimizer = enter_stage(session.job, plan)
        restore_state(self._optimizer, session.optimizer_state)
        decay = session.job.recipe.optim.ema
        self._average = None if decay is None else WeightAverage(self._optimizer, decay)
        if self._average and session.progress.stage_step > 0:  # a stage begins its own
            self._average.restore(session.optimizer_state)
        self._stepper = Stepper(session.job, plan, self._optimizer, self._average)
        session.tell(
            StageStarted(
                stage=plan.stage.name,
                index=plan.index,
                stages=len(session.job.plans),
                epochs=plan.steps / plan.steps_per_epoch,
                step=session.progress.stage_step,
                steps=plan.steps,
                run_step=session.progress.step,
            )
        )
        for notice in (on_cpu(session.job, plan.stage), not_fused(session.job, plan.stage)):
            if notice is not None:
                session.tell(Notice(notice))
        if plan.stage.views is not None and not single_pass:
            self._train, self._val = keep_views(session, plan, *loaders) or loaders
        if not isinstance(self._train, KeptViews):
            forget_views(session)
        self._change_kept = kept_augmenter(session.job, plan.stage)
        if self._change_kept and isinstance(self._train, Batches) and not single_pass:
            session.tell(Notice(f"stage {plan.stage.name}: augment.features: does nothing, since nothing is kept"))
        if single_pass:
            factors_N = session.job.repeat_factors(plan.stage)
            exported = exported_features(session, plan.stage, sum(each.canvases for each in loaders))
            self._train = self._features_of(loaders[0], exported, factors_N)
            self._val = self._features_of(loaders[1], exported)
        if plan.index > 0 and self._progress.stage_step == 0:
            self._value_start()
        if plan.stage.fit_head and self._progress.stage_step == 0:
            self._fit_head()
        self._stepper.compiled = compiled_parts(session, plan, self._stepper, self._first_batch)

    def _first_batch(self) -> AnyBatch | None:
        batches: Iterator[AnyBatch] = iter(self._train.training(0))
        return next(batches, None)

    def _tell_of(self, split: str) -> Callable[[int, int], None]:
        """Return the callback that reports how many images of a split are on the device."""
        what = f"bringing {split} to {self._job.runtime.device}"
        return lambda done, total: self._session.tell(Working(what, done, total))

    def _features_of(
        self, loader: Batches, exported: Features | None, factors_N: NDArray[np.float64] | None = None
    ) -> FrozenFeatures:
        with loader:
            return FrozenFeatures(self._job, loader, factors_N, exported)

    def _fit_head(self) -> None:
        """Begin with the head that fits the kept features best, and make it the best so far if it is."""
        job, train, val = self._job, self._train, self._val
        if isinstance(train, Batches) or isinstance(val, Batches) or not job.network.head.keeps_features:
            why = "nothing is kept" if job.network.head.keeps_features else f"{job.network.head.kind} is not linear"
            self._session.tell(Notice(f"stage {self._stage.name}: fit_head: the head begins as it is, since {why}"))
            return
        strength = fit_head(job, train, val, epochs=self._stage.number_of_views or 1)
        values = self._validation()
        value = self._job.recipe.selection_value
        if (best := self._progress.best) is None or better(
            values[value], best.value, lower=job.recipe.selection_score.lower
        ):
            self._session.keep_best(values, self._progress.epoch)
        reached = ", ".join(f"{name} {number:.4g}" for name, number in values.items())
        self._session.tell(Notice(f"stage {self._stage.name}: the head was fitted (penalty {strength:g}): {reached}"))

    def _value_start(self) -> None:
        """Make the weights that the stage starts with the best so far, valued on the stage's own canvas."""
        if self._canvas != self._job.stage_input(self._job.plans[self._plan.index - 1].stage):
            self._session.keep_best(self._validation(), self._progress.epoch)

    def __enter__(self) -> "StageRun":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()
        del self._train, self._val  # which the next stage needs the memory of

    def reason_to_end(self) -> str | None:
        """Return why the stage is over; none while it is not."""
        progress, stage = self._progress, self._stage
        if progress.batch > 0:  # resumed inside an epoch, which is finished first
            return None
        if progress.stage_stopped:
            return progress.stage_stopped
        if progress.stage_step >= self._plan.steps:
            return "all steps done" if self._plan.pace is None else "all steps done that there was time for"
        if stage.patience is not None and progress.stale >= stage.patience:
            return f"no better validation for {stage.patience} epochs"
        # weights have to be there to end with, however late it is
        return "its time budget is spent" if progress.best is not None and self._over_budget() else None

    def train_epoch(self, guard: InterruptGuard) -> None:
        """Take the steps of one epoch, or what is left of it, up to the end of the stage or of its budget."""
        progress, plan = self._progress, self._plan
        started, images, made = time.monotonic(), 0, self._seconds_of_views()
        for done, batches in enumerate(self._steps_of_epoch(), start=1):
            self._save_if_due(guard)
            result = self._stepper.take(batches, run_step=progress.step, stage_step=progress.stage_step)
            progress.step += 1
            progress.stage_step += 1
            progress.batch += len(batches)
            self._note(result, batches)
            images += sum(map(len, batches))
            elapsed = time.monotonic() - started
            self._session.tell(
                StepDone(
                    stage=self._stage.name,
                    epoch=progress.epoch + 1,
                    step=progress.stage_step,
                    steps=plan.steps,
                    loss=progress.mean_loss,
                    images_per_second=images / elapsed,
                    seconds_left=(plan.steps - progress.stage_step) * elapsed / done,
                    run_step=progress.step,
                    step_loss=result.loss if result else None,
                    gradient_norm=result.gradient_norm if result else None,
                    rates=plan.learning_rates(progress.stage_step - 1),
                )
            )
            self._stint.stepped(time.monotonic() - started - (self._seconds_of_views() - made), done)
            if self._stint.is_due(plan, progress.stage_step):
                plan = self._look_at_length()
            if progress.stage_step >= plan.steps or self._over_budget():
                break
        self._images += images
        progress.images_per_second = images / max(time.monotonic() - started, 1e-9)

    def _seconds_of_views(self) -> float:
        """Return what it took so far to make the views that are kept."""
        return sum(each.seconds_of_views for each in (self._train, self._val) if isinstance(each, KeptViews))

    def _look_at_length(self) -> StagePlan:
        """Give the stage as many of its steps as there is time for, so that rates fall to their end; write it down.

        A run that goes on from an earlier checkpoint does as was decided then.
        """
        plan, step = self._plan, self._progress.stage_step
        if self._session.deadline is None or (plan.pace is not None and step <= plan.pace.changes[-1][0]):
            return plan
        to_come = self._train.seconds_to_come if isinstance(self._train, KeptViews) else 0.0
        steps = self._stint.length(plan, step, self._ends - time.monotonic() - to_come)
        if steps != plan.steps:
            self._plan = plan.of_length(step, steps)
            self._stepper.follow(self._plan)
            self._session.record_length(self._plan)
            self._session.tell(
                Notice(f"stage {self._stage.name}: there is time for {steps} steps, not {plan.steps}; rates follow")
            )
        return self._plan

    def _steps_of_epoch(self) -> Iterator[Sequence[AnyBatch]]:
        """Yield the micro-batches of each optimizer step that is left in the epoch."""
        progress = self._progress
        batches: Iterator[AnyBatch] = iter(self._train.training(progress.epoch, start_batch=progress.batch))
        if self._change_kept and not isinstance(self._train, Batches):
            batches = map(partial(self._change_kept, epoch=progress.epoch), batches)
        while group := self._group_of(batches):
            yield group

    def _group_of(self, batches: Iterator[AnyBatch]) -> Sequence[AnyBatch]:
        with timed("wait"):
            return list(islice(batches, self._job.recipe.optim.accumulate))

    def _note(self, result: StepResult | None, batches: Sequence[AnyBatch]) -> None:
        """Count a step; name the files of one that was not finite, and give up after too many."""
        progress, limit = self._progress, self._job.recipe.optim.max_skipped
        if result is not None:
            progress.loss_sum += result.loss
            progress.loss_count += 1
            progress.skipped_in_a_row = 0
            return
        progress.skipped += 1
        progress.skipped_in_a_row += 1
        files = ", ".join(name for batch in batches for name in batch.ids)
        self._session.tell(Notice(f"step {progress.step} was not finite and is not applied; its images: {files}"))
        if progress.skipped_in_a_row >= limit:
            self.save()
            precision = "; or with --set runtime.precision=fp32" if self._job.runtime.bf16 else ""
            raise TrainingError(
                f"stages.{self._stage.name}: {limit} steps in a row had a non-finite loss or gradient; the last "
                f"good state is saved. Go on from it with lower rates: {self._with_lower_rates()}"
                f"{precision}; last images: {files}"
            )

    def _with_lower_rates(self) -> str:
        """Return the command that goes on with a tenth of the stage's rates."""
        rates = {"head_lr": self._stage.head_lr, "backbone_lr": self._stage.backbone_lr}
        lower = (f"--set {quote(f'stages.{self._stage.name}.{key}={rate / 10:g}')}" for key, rate in rates.items())
        return f"visionft train {quote(str(self._session.path))} --resume {' '.join(lower)}"

    def _save_if_due(self, guard: InterruptGuard) -> None:
        """Save after a signal and after the recipe's time, always between two steps."""
        if guard.received:
            self.save()
            guard.leave_if_received(f"after {self._progress.step} steps")
        if time.monotonic() - self._saved_at >= 60 * self._job.recipe.runtime.checkpoint_minutes:
            self.save()

    def validate(self) -> None:
        """Value the weights at the end of an epoch and keep them when they are the best of the stage."""
        progress, recipe = self._progress, self._job.recipe
        with self._average.applied() if self._average else nullcontext():
            started, made = time.monotonic(), self._seconds_of_views()
            val = self._validation()
            self._stint.validated(time.monotonic() - started - (self._seconds_of_views() - made))
            value = val[recipe.selection_value]
            best, last = progress.best, recipe.select == "last"
            improved = last or best is None or better(value, best.value, lower=recipe.selection_score.lower)
            if improved:
                self._session.keep_best(val, progress.epoch + 1)
        row = {
            "stage": self._plan.index,
            "stage_name": self._stage.name,
            "epoch": progress.epoch + 1,
            "step": progress.step,
            "train_loss": progress.mean_loss,
            "lr": self._peak_rate(),
            "val": val,
            "images_per_second": round(progress.images_per_second, 2),
            "seconds": round(self._read_clock(), 2),
        }
        progress.end_epoch()
        progress.stale = 0 if improved else progress.stale + 1
        progress.history.append(row)
        self._session.tell(EpochDone(row, improved))
        if progress.stage_epoch == 1:
            worse = setback(progress.history, recipe.stages, self._plan.index, recipe.selection_score)
            if worse is not None:
                self._session.tell(Notice(worse))
        self._look_at_length()
        call_all(self._session.callbacks, row, self._job, progress, best=improved)

    def _peak_rate(self) -> float:
        """Return the head's highest learning rate of the epoch that just ended."""
        end = self._progress.stage_step
        steps = -(-self._progress.batch // self._job.recipe.optim.accumulate)
        return self._stage.head_lr * max(self._plan.lr_factor(step) for step in range(end - steps, end))

    def _validation(self) -> dict[str, float]:
        try:
            with timed(VALIDATION):
                val = validate(self._job, self._val.evaluation())
        except NotFinite as error:
            raise TrainingError(
                f"stages.{self._stage.name}: {error}: its weights have grown too large; "
                f"{advice(self._job, self._stage)}; then start again"
            ) from error
        select = self._job.recipe.selection_value
        if select not in val:
            raise DataError(
                f"evaluate.select: {select} is not defined for {self._job.task.kind} on these validation images, which "
                f"have {', '.join(val)}; select one of these, or give validation images of every class"
            )
        return val

    def leave(self, reason: str) -> None:
        """Put the best weights back, write the stage's result down, and save at the start of the next stage."""
        progress, best = self._progress, self._progress.best
        self._job.network.load_state_dict(self._session.best_weights)
        result = {
            "stage": self._plan.index,
            "name": self._stage.name,
            "groups": list(self._plan.groups),
            "parameters": sum(p.numel() for group in self._optimizer.param_groups for p in group["params"]),
            "epochs": progress.stage_epoch,
            "steps": progress.stage_step,
            "seconds": round(self._read_clock(), 1),
            "best_epoch": best.epoch if best else None,
            "best": best.val if best else {},
            "ended": reason,
        }
        profile = None
        if (watch := running()) is not None:
            profile = profile_of(watch.take(), self._images, watch.take_beside())
        if profile is not None:
            result["profile"] = profile
        progress.results.append(result)
        progress.next_stage()
        self.save()
        self._session.tell(StageEnded(result))
        if profile is not None:
            self._session.tell(Notice(in_words(self._stage.name, profile, self._job.runtime.workers)))

    def save_epoch(self) -> None:
        """Write a checkpoint, unless epochs are so short that this would take longer than training."""
        if (
            time.monotonic() - self._saved_at >= _SAVE_APART
            or self._progress.stage_stopped
            or not isinstance(self._train, FrozenFeatures | KeptViews)
        ):
            self.save()

    def save(self) -> None:
        """Write a checkpoint."""
        self._read_clock()
        averages = self._average.state_by_name() if self._average else {}
        self._session.optimizer_state = state_by_name(self._optimizer) | averages
        self._session.save()
        self._saved_at = time.monotonic()

    def _read_clock(self) -> float:
        """Add the time since the last reading to the stage's, and return the stage's seconds."""
        now = time.monotonic()
        self._progress.stage_seconds += now - self._clock
        self._clock = now
        return self._progress.stage_seconds

    def _over_budget(self) -> bool:
        minutes = self._stage.budget_minutes
        return time.monotonic() >= self._ends or (minutes is not None and self._read_clock() >= 60 * minutes)
