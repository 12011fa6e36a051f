"""When stages have to end so that a whole run ends in time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass


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
