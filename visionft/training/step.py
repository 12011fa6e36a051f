"""One optimizer step, applied only when everything in it is finite."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from visionft.assemble import Job
from visionft.batch import AnyBatch, Batch
from visionft.models.compiled import CompiledParts
from visionft.seeds import derive_seed
from visionft.stages import StagePlan
from visionft.stopwatch import timed
from visionft.training.average import WeightAverage
from visionft.training.optimizer import set_rates
from visionft.training.profile import forward_timed, trained_modules


class StepResult(NamedTuple):
    """What a step that was applied saw.

    Attributes:
        loss: mean loss of its batches.
        gradient_norm: of all gradients together, before clipping.
    """

    loss: float
    gradient_norm: float


class Stepper:
    """Takes the optimizer steps of one stage.

    Args:
        job: network, task and runtime.
        plan: the stage.
        optimizer: what ``enter_stage`` returned.
        average: moving average of the weights, if there is to be one.

    Attributes:
        compiled: what is compiled of the network, for batches of the recipe's size; none where nothing is.
    """

    def __init__(self, job: Job, plan: StagePlan, optimizer: Optimizer, average: WeightAverage | None = None) -> None:
        self._job = job
        self._plan = plan
        self._optimizer = optimizer
        self._average = average
        self._augment = job.device_augmenter(plan.stage)
        self._trainable = [p for group in optimizer.param_groups for p in group["params"]]
        self._trained = trained_modules(job.network)
        self.compiled: CompiledParts | None = None
        self._buffers = list(job.network.buffers()) if plan.stage.norm == "all" else []

    def follow(self, plan: StagePlan) -> None:
        """Take the rates of a plan of the same stage that has another length."""
        self._plan = plan

    def take(self, batches: Sequence[AnyBatch], *, run_step: int, stage_step: int) -> StepResult | None:
        """Take one step on the mean loss of some batches.

        Args:
            batches: the micro-batches of the step.
            run_step: optimizer steps tried in the whole run; everything random in the step follows from it.
            stage_step: optimizer steps tried in the stage; sets the rates.

        Returns:
            None when the loss or a gradient was not finite; then weights and norm statistics are what they were.
        """
        set_rates(self._optimizer, self._plan.lr_factor(stage_step))
        before = [buffer.clone() for buffer in self._buffers]
        torch.manual_seed(derive_seed(self._job.recipe.seed, "step", run_step))
        losses = [self._in_step(batch, len(batches)) for batch in batches]
        with timed("optimizer"):
            return self._applied(losses, before, stage_step)

    def _applied(self, losses: list[Tensor], before: Sequence[Tensor], stage_step: int) -> StepResult | None:
        """Take the step that the gradients ask for, unless something is not finite."""
        limit = self._job.recipe.optim.clip_norm or float("inf")
        norm = clip_grad_norm_(self._trainable, limit)
        # CPU and GPU alike wait here, and nowhere else in a step: one that is not finite must not be applied
        loss = torch.stack(losses).mean()
        result = StepResult(*torch.stack([loss, norm.to(loss)]).tolist())
        finite = all(map(math.isfinite, result))
        if finite:
            self._optimizer.step()
            if self._average:
                self._average.update(stage_step + 1)
        else:
            for buffer, old in zip(self._buffers, before, strict=True):
                buffer.copy_(old)
        self._optimizer.zero_grad(set_to_none=True)
        return result if finite else None

    def _in_step(self, batch: AnyBatch, parts: int) -> Tensor:
        compiled = self.compiled
        if compiled is None or len(batch) < self._job.recipe.optim.batch_size:
            return self.backward(batch, parts)
        with compiled.used():
            return self.backward(batch, parts, compiled.modules)

    def gradients(self, batch: AnyBatch, closed: Sequence[nn.Module] = ()) -> list[Tensor]:
        """Return the gradients of a batch, and take no step; arguments as of ``backward``."""
        self.backward(batch, closed=closed)
        found = [parameter.grad for parameter in self._trainable if parameter.grad is not None]
        self._optimizer.zero_grad(set_to_none=True)
        return found

    def backward(self, batch: AnyBatch, parts: int = 1, closed: Sequence[nn.Module] = ()) -> Tensor:
        """Add the gradients of a batch to those that are there, and return its loss.

        Args:
            batch: as the loader gives it.
            parts: batches of a step, whose mean is wanted.
            closed: modules inside which nothing can be timed.
        """
        runtime = self._job.runtime
        with timed("copy"):
            batch = batch.to(runtime.device)
        with timed("augment"):
            augmented = self._augment(batch) if self._augment and isinstance(batch, Batch) else batch
        with forward_timed(self._trained, closed), runtime.autocast():
            losses = self._job.network(augmented)
        with timed("backward"):
            torch.autograd.backward(losses.total / parts)
        return losses.total.detach()  # type: ignore[no-any-return]  # a module's call
