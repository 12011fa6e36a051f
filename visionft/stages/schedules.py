"""How learning rates fall in a stage, by name: pure functions of how much of it is done. No torch.

A schedule is a class that is made with its options and called with the fraction, 0..1, of the steps after the
warm-up that are done; it returns the factor of the peak rates, >= 0. One that also has ``rise``, a function of the
fraction of the warm-up that is done, says how rates come to their peak; else they do so linearly.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol

from visionft.catalog import Catalog
from visionft.errors import RecipeError

SCHEDULES = Catalog(
    "schedule",
    {
        "constant": "visionft.stages.schedules:Constant",
        "cosine": "visionft.stages.schedules:Cosine",
        "linear": "visionft.stages.schedules:Linear",
        "one_cycle": "visionft.stages.schedules:OneCycle",
        "polynomial": "visionft.stages.schedules:Polynomial",
        "step": "visionft.stages.schedules:Steps",
    },
    "visionft.schedules",
)


class Schedule(Protocol):
    """What every entry of ``SCHEDULES`` makes."""

    def __call__(self, done: float, /) -> float:
        """Return the factor of the peak rates.

        Args:
            done: fraction of the steps after the warm-up, 0..1.
        """
        ...


def warm_up(schedule: Schedule, done: float) -> float:
    """Return the factor of the peak rates in the warm-up: the schedule's own, or a linear rise.

    Args:
        schedule: of the stage.
        done: fraction of the warm-up, 1 with its last step.
    """
    rise = getattr(schedule, "rise", None)
    return done if rise is None else float(rise(done))


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """Peak rates to the end."""

    kind: ClassVar[str] = "constant"

    def __call__(self, done: float, /) -> float:  # noqa: ARG002  # the same everywhere
        """Return 1."""
        return 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosine:
    """Half a cosine down to 0.

    Source:
        Loshchilov and Hutter (2017), SGDR, arXiv:1608.03983, equation 5 (one cycle).
    """

    kind: ClassVar[str] = "cosine"

    def __call__(self, done: float, /) -> float:
        """Return the factor."""
        return 0.5 * (1.0 - math.cos(math.pi * (1.0 - done)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A straight line down to 0."""

    kind: ClassVar[str] = "linear"

    def __call__(self, done: float, /) -> float:
        """Return the factor."""
        return 1.0 - done


@dataclass(frozen=True, slots=True, kw_only=True)
class Polynomial:
    """A power of what is left.

    Args:
        power: > 0; 1 is the straight line.

    Source:
        Chen et al. (2018), DeepLab, arXiv:1606.00915, section 4.1.2 ("poly", power 0.9).
    """

    kind: ClassVar[str] = "polynomial"

    power: float = 0.9

    def __post_init__(self) -> None:
        _require(self.kind, self.power > 0, f"power is {self.power}; allowed is more than 0")

    def __call__(self, done: float, /) -> float:
        """Return the factor."""
        return float((1.0 - done) ** self.power)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Peak rates, multiplied with the same factor at each of a few milestones.

    Args:
        milestones: fractions of the steps after the warm-up, 0..1, rising.
        gamma: the factor, in (0, 1].

    Source:
        He et al. (2016), arXiv:1512.03385, section 4.2: a tenth after half of the steps, and again after 3/4 of them.
    """

    kind: ClassVar[str] = "step"

    milestones: tuple[float, ...] = (0.5, 0.75)
    gamma: float = 0.1

    def __post_init__(self) -> None:
        rising = sorted(set(self.milestones)) == list(self.milestones) and all(0 < at < 1 for at in self.milestones)
        shown = list(self.milestones)
        _require(self.kind, rising, f"milestones are {shown}; allowed are rising fractions between 0 and 1")
        _require(self.kind, 0 < self.gamma <= 1, f"gamma is {self.gamma}; allowed is more than 0 and at most 1")

    def __call__(self, done: float, /) -> float:
        """Return the factor."""
        return float(self.gamma ** sum(done >= at for at in self.milestones))


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCycle:
    """Half a cosine up from a small rate, as long as the warm-up, and half a cosine down to a tiny one.

    Momentum stays what it is; the paper lowers it while rates rise.

    Args:
        start: what the peak rate is divided by in the beginning, >= 1.
        end: what the first rate is divided by in the end, >= 1.

    Source:
        Smith and Topin (2018), Super-Convergence, arXiv:1708.07120, section 3, in the form of torch's OneCycleLR.
    """

    kind: ClassVar[str] = "one_cycle"

    start: float = 25.0
    end: float = 1e4

    def __post_init__(self) -> None:
        sizes = f"start is {self.start} and end {self.end}; allowed is 1 or more"
        _require(self.kind, self.start >= 1 and self.end >= 1, sizes)

    def rise(self, done: float, /) -> float:
        """Return the factor in the warm-up."""
        return 1.0 + (1.0 / self.start - 1.0) * 0.5 * (1.0 + math.cos(math.pi * done))

    def __call__(self, done: float, /) -> float:
        """Return the factor after it."""
        last = 1.0 / (self.start * self.end)
        return last + (1.0 - last) * 0.5 * (1.0 + math.cos(math.pi * done))


def _require(kind: str, fits: bool, problem: str) -> None:
    if not fits:
        raise RecipeError(f"schedule {kind!r}: {problem}")
