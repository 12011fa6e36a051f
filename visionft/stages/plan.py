"""From stages to numbers: steps, trainable groups and rates. No torch: everything here can be read off a table."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from visionft.errors import RecipeError, UnknownName
from visionft.options import make_part
from visionft.stages.depth import deepest_depth
from visionft.stages.pace import Pace
from visionft.stages.schedules import SCHEDULES, Schedule, warm_up
from visionft.stages.stage import Stage


@dataclass(frozen=True, slots=True)
class GroupRate:
    """Peak learning rate of one depth group."""

    group: str
    lr: float


@dataclass(frozen=True, slots=True)
class StagePlan:
    """One stage with every number filled in.

    Attributes:
        index: position in the run, from 0.
        stage: what the recipe said.
        rates: the trainable depth groups, shallow to deep, with their peak learning rates; with ``unfreeze: auto``
            the most that there may be.
        steps: optimizer steps in the stage.
        warmup_steps: how many of them are warm-up.
        steps_per_epoch: optimizer steps in one pass over the training data.
        schedule: what rates follow after the warm-up.
        pace: how it is gone through, where the number of steps was changed on the way.
    """

    index: int
    stage: Stage
    rates: tuple[GroupRate, ...]
    steps: int
    warmup_steps: int
    steps_per_epoch: int
    schedule: Schedule
    pace: Pace | None = None

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the trainable depth groups, shallow to deep."""
        return tuple(rate.group for rate in self.rates)

    def lr_factor(self, step: int) -> float:
        """Return what peak rates are multiplied with at a step of the stage, >= 0.

        Args:
            step: 0 for the first optimizer step of the stage.

        Raises:
            RecipeError: when a schedule of another package gives no such number.
        """
        place, planned = (step, self.steps) if self.pace is None else (self.pace.place(step), self.pace.planned)
        if place < self.warmup_steps:
            factor = warm_up(self.schedule, min(1.0, (place + 1) / self.warmup_steps))
        else:
            # half a step ahead, so that neither the first step after warm-up nor the last one is wasted
            done = (place - self.warmup_steps + 0.5) / max(1, planned - self.warmup_steps)
            factor = self.schedule(min(1.0, done))
        if not 0 <= factor < math.inf:
            raise RecipeError(
                f"stages[{self.index}].schedule: {self.stage.schedule} gives {factor} at step {step} of {self.steps}; "
                "a factor of the rates is 0 or more"
            )
        return factor

    def of_length(self, step: int, steps: int) -> "StagePlan":
        """Return the stage with another number of steps, which from a step on goes through what is left of its rates.

        Args:
            step: the next one, 0 for the first.
            steps: that it has in all, more than ``step``.
        """
        pace = (self.pace or Pace(self.steps)).changed(step, steps)
        return replace(self, steps=pace.steps, pace=pace)

    def learning_rates(self, step: int) -> dict[str, float]:
        """Return the rates of the head, and of the first and the last depth group that trains, at a step of the stage.

        Args:
            step: 0 for the first optimizer step of the stage.
        """
        factor = self.lr_factor(step)
        ends = (self.rates[0], self.rates[-1]) if self.rates else ()
        return {"head": self.stage.head_lr * factor} | {rate.group: rate.lr * factor for rate in ends}


def plan(stages: Sequence[Stage], groups: Sequence[str], steps_per_epoch: int) -> tuple[StagePlan, ...]:
    """Fill in every number of every stage.

    Args:
        stages: the recipe's list, in order.
        groups: names of the backbone's depth groups, stem first.
        steps_per_epoch: optimizer steps in one pass over the training data, >= 1.

    Raises:
        RecipeError: when a stage names groups that the backbone does not have, or its schedule takes other options.
    """
    return tuple(_plan_one(index, stage, groups, steps_per_epoch) for index, stage in enumerate(stages))


def _plan_one(index: int, stage: Stage, groups: Sequence[str], steps_per_epoch: int) -> StagePlan:
    chosen = (
        deepest_depth(stage, groups)
        if stage.unfreeze == "auto"
        else choose_groups(stage.unfreeze, groups, where=f"stages[{index}].unfreeze")
    )
    rates = group_rates(chosen, groups, stage.backbone_lr, stage.layer_decay)
    steps = stage.steps or max(1, round((stage.epochs or 0.0) * steps_per_epoch))
    schedule = make_part(SCHEDULES[stage.schedule], stage.schedule_options, f"stages[{index}].schedule_options")
    return StagePlan(index, stage, rates, steps, round(stage.warmup * steps), steps_per_epoch, schedule)


def group_rates(chosen: Sequence[str], groups: Sequence[str], lr: float, layer_decay: float) -> tuple[GroupRate, ...]:
    """Return the learning rates of depth groups.

    Args:
        chosen: those that train, in the order of ``groups``.
        groups: all of the backbone's, stem first.
        lr: of the deepest of those that train.
        layer_decay: factor on the rate for each group further from the head.
    """
    depth = {name: len(groups) - 1 - position for position, name in enumerate(groups)}
    nearest = min((depth[name] for name in chosen), default=0)
    return tuple(GroupRate(name, lr * layer_decay ** (depth[name] - nearest)) for name in chosen)


def choose_groups(unfreeze: str | int | Collection[str], groups: Sequence[str], *, where: str) -> tuple[str, ...]:
    """Return the depth groups that are to train, in their order.

    Args:
        unfreeze: ``none``, ``all``, the last n, or names, of which each also selects the groups below it.
        groups: the backbone's, stem first.
        where: what asks for it, for the message.

    Raises:
        UnknownName: for a name that is no depth group.
        RecipeError: when there are not so many.
    """
    match unfreeze:
        case "none":
            return ()
        case "all":
            return tuple(groups)
        case int(last):
            if not 0 <= last <= len(groups):
                raise RecipeError(
                    f"{where}: {last} depth groups asked for; the backbone has {len(groups)}; use 'all' for every one"
                )
            return tuple(groups[len(groups) - last :])
        case names:
            for name in names:
                if not any(_selects(name, group) for group in groups):
                    raise UnknownName("depth group", name, groups, where=where)
            return tuple(group for group in groups if any(_selects(name, group) for name in names))


def _selects(name: str, group: str) -> bool:
    return group == name or group.startswith(name + ".")
