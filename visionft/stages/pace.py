"""How a stage whose length is changed on the way goes through its schedule: pure arithmetic."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Pace:
    """Steps of a stage, and where each of them is in the schedule, which always is gone through to its end.

    Attributes:
        planned: steps that the schedule was made for.
        changes: (step, steps): from that step on, the stage has so many steps in all; in the order of the first.
    """

    planned: int
    changes: tuple[tuple[int, int], ...] = ()

    @property
    def steps(self) -> int:
        """How many there are in all."""
        return self.changes[-1][1] if self.changes else self.planned

    def changed(self, step: int, steps: int) -> "Pace":
        """Return the pace of a stage that gets another length.

        Args:
            step: the next one, not before the last change.
            steps: that the stage has in all, more than ``step``.
        """
        if not step < steps or (self.changes and step < self.changes[-1][0]):
            raise ValueError(f"step {step} of {steps} after {self.changes}")
        return replace(self, changes=(*self.changes, (step, steps)))

    def place(self, step: float) -> float:
        """Return where in the schedule a step is, in steps as planned: what is left is gone through evenly."""
        place, since, steps = 0.0, 0, self.planned
        for change, length in self.changes:
            if step < change:
                break
            place += (change - since) * (self.planned - place) / (steps - since)
            since, steps = change, length
        return place + (step - since) * (self.planned - place) / (steps - since)
