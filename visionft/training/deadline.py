"""When stages have to end so that a whole run ends in time, and how many of its steps a stage then has."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from visionft.stages import StagePlan

_NOTICEABLE = 0.03  # of the steps that are left; a stage whose length changes by less keeps it
_LOOKS = 8  # in the last epoch, between which the speed may change


@dataclass(frozen=True, slots=True)
class Deadline:
    """The time by which training has to be over.

    Attributes:
        at: of the monotonic clock.
        shares: what each stage is planned to take, in any unit.
    """

    at: float
    shares: Sequence[float]

    def of_stage(self, index: int, now: float | None = None) -> float:
        """Return by when a stage that begins now has to end: what is left is shared out as it was planned."""
        now = time.monotonic() if now is None else now
        rest = sum(self.shares[index:])
        return now + max(0.0, self.at - now) * (self.shares[index] / rest if rest else 1.0)


class Stint:
    """What the parts of a stage took so far, and how many more of its steps there is time for.

    Args:
        plan: the stage, as long as it was planned.
    """

    def __init__(self, plan: StagePlan) -> None:
        self._planned = plan.steps if plan.pace is None else plan.pace.planned
        self._epoch = plan.steps_per_epoch
        self._step = self._validation = 0.0

    def stepped(self, seconds: float, steps: int) -> None:
        """Note what some steps took, without what is done once."""
        self._step = max(0.0, seconds) / steps

    def validated(self, seconds: float) -> None:
        """Note what a validation took."""
        self._validation = seconds

    def is_due(self, plan: StagePlan, step: int) -> bool:
        """Return whether the length is to be looked at after a step: at the end of an epoch, and within the last."""
        every = max(1, self._epoch // _LOOKS)
        return step < plan.steps <= step + self._epoch and step % every == 0

    def length(self, plan: StagePlan, step: int, seconds: float) -> int:
        """Return how many steps the stage should have in all: as many as were planned, if there is time for them.

        Args:
            plan: the stage as it is now.
            step: how many are done.
            seconds: that are left of its time, without what is still to be done once.
        """
        if not self._step or step >= plan.steps:
            return plan.steps
        possible = step + min(self._planned - step, self._affordable(step, seconds))
        change = abs(possible - plan.steps)
        return possible if possible > step and change > _NOTICEABLE * (plan.steps - step) else plan.steps

    def _affordable(self, step: int, seconds: float) -> int:
        """Return for how many steps there is time, with a validation at the end of every epoch, the last included."""
        most, in_epoch = 0, step % self._epoch
        for validations in range(1, math.ceil((self._planned - step) / self._epoch) + 2):
            in_time = math.floor((seconds - validations * self._validation) / self._step)
            most = max(most, min(in_time, validations * self._epoch - in_epoch))
        return most
