"""Stages fitted to a time: views, epochs, what is unfrozen and, where nothing else helps, the canvas. No torch."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from visionft.autotune.cost import StageTimes, Work, stage_seconds
from visionft.autotune.views import choose_views
from visionft.errors import RecipeError
from visionft.recipe.budget import in_words
from visionft.stages import Stage

MARGIN = 0.92
"""Fraction of the time that is planned for, so that a machine that is a little slower later keeps to all of it."""
_CHEAP = 0.1  # of the time: a stage in which no more can be saved keeps its length


class TooLittleTime(RecipeError):
    """A budget in which not even the shortest training fits."""


@dataclass(frozen=True, slots=True)
class Need:
    """A stage as it is asked for, and what it takes.

    Attributes:
        stage: what was asked for, with a number of views or none.
        epochs: its length.
        times: of its parts.
        work: how much there is to do.
        room: bytes that may be kept of it.
        changing: whether its images look different in every epoch.
        free: whether its views were chosen here, so that there are fewer of them in fewer epochs.
    """

    stage: Stage
    epochs: float
    times: StageTimes
    work: Work
    room: float
    changing: bool
    free: bool = False

    def seconds(self, fraction: float = 1.0) -> float:
        """Return what a fraction of its epochs takes, but at least one epoch, or all where it is shorter."""
        return stage_seconds(self.times, self.work, self.length(fraction), self.views(fraction))

    def length(self, fraction: float) -> float:
        """Return the epochs that a fraction leaves: whole ones, and at least one."""
        if fraction >= 1 or self.epochs <= 1:
            return self.epochs
        return float(max(1, math.floor(self.epochs * fraction + 1e-9)))

    def views(self, fraction: float = 1.0) -> int | None:
        """Return how many views are kept; the one that there is where images do not change."""
        views = self.stage.number_of_views
        if views is None or not self.changing:
            return None if views is None else 1
        return max(1, min(views, round(self.length(fraction) / 2))) if self.free and fraction < 1 else views

    def shortened(self, fraction: float) -> "Need":
        """Return the stage with a fraction of its epochs."""
        epochs, views = self.length(fraction), self.views(fraction)
        stage = replace(self.stage, epochs=epochs, steps=None, views=views if self.free else self.stage.views)
        return replace(self, stage=stage, epochs=epochs)


@dataclass(frozen=True, slots=True)
class Size:
    """A smaller canvas that could be taken.

    Attributes:
        height: in pixels.
        width: in pixels.
        scale: its area, as a fraction of that which was asked for.
    """

    height: int
    width: int
    scale: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was decided.

    Attributes:
        stages: to run.
        needs: what each of them takes; its ``epochs`` are those decided.
        why: what was changed and why, in lines for people; empty where all stays.
    """

    stages: tuple[Stage, ...]
    needs: tuple[Need, ...]
    why: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """What all stages take."""
        return sum(need.seconds() for need in self.needs)


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to shorten a run: its stages, what was changed, and the fraction of the epochs that is good enough."""

    needs: tuple[Need, ...]
    why: tuple[str, ...]
    enough: float


def fit_to_budget(needs: Sequence[Need], left: float, around: float, sizes: Sequence[Size] = ()) -> Fitted:
    """Return the stages that fit into a time: as asked for where that does, else shortened as little as it takes.

    Tried are, in this order: fewer epochs; kept views; without the stage that unfreezes everything after another that
    has unfrozen some; smaller canvases. The first way that leaves enough of the epochs is taken, else the one that
    leaves most.

    Args:
        needs: the stages.
        left: seconds for all of them.
        around: seconds of everything else in the run, for the message.
        sizes: smaller canvases, largest first.

    Raises:
        TooLittleTime: when not even an epoch of each stage fits, with the least that does.
    """
    time = MARGIN * (left + around) - around
    ways = list(_ways(tuple(needs), sizes))
    fractions = [_fraction(way.needs, time) for way in ways]
    for way, fraction in zip(ways, fractions, strict=True):
        if fraction >= way.enough:
            return _fitted(way, fraction, needs, time)
    best = max(range(len(ways)), key=lambda number: fractions[number])
    if fractions[best] <= 0:
        least = min(sum(need.seconds(0) for need in way.needs) for way in ways)
        raise TooLittleTime(
            f"budget: {in_words(left + around)} is too little: start, evaluation, report and export take "
            f"{in_words(around)}, and the shortest training, an epoch of each stage, {in_words(least)}; the least that "
            f"is possible: --set budget={math.ceil((least + around) / MARGIN)}s"
        )
    return _fitted(ways[best], fractions[best], needs, time)


def _ways(needs: tuple[Need, ...], sizes: Sequence[Size]) -> Iterator[_Way]:
    yield _Way(needs, (), 0.6)
    kept, any_chosen = _with_views(needs)
    if any_chosen:
        yield _Way(kept, (), 0.4)
    fewer, dropped = _without_last(kept)
    if dropped:
        yield _Way(fewer, dropped, 0.25)
    for size in sizes:
        words = f"canvas of {size.width} x {size.height}"
        yield _Way(_on_canvas(kept, size), (words,), 0.25)
        if dropped:
            yield _Way(_on_canvas(fewer, size), (*dropped, words), 0.25)


def _on_canvas(needs: Sequence[Need], size: Size) -> tuple[Need, ...]:
    """Return the stages on another canvas."""
    changed: list[Need] = []
    for need in needs:
        stage = replace(need.stage, image_size=(size.height, size.width))
        changed.append(replace(need, stage=stage, times=need.times.on_canvas(size.scale)))
    return tuple(changed)


def _with_views(needs: tuple[Need, ...]) -> tuple[tuple[Need, ...], bool]:
    """Return the stages with kept views wherever these are quicker, and whether there are any."""
    changed: list[Need] = []
    any_chosen = False
    for need in needs:
        choice = choose_views(need.times, need.work, need.epochs, need.room, changing=need.changing)
        if need.stage.views is not None or choice.views is None:
            changed.append(need)
            continue
        any_chosen = True
        changed.append(replace(need, stage=replace(need.stage, views=choice.views), free=True))
    return tuple(changed), any_chosen


def _without_last(needs: tuple[Need, ...]) -> tuple[tuple[Need, ...], tuple[str, ...]]:
    """Return the stages without one that unfreezes all after another has unfrozen some, and what was left out."""
    before = [need for need in needs[:-1] if need.stage.unfreeze != "none"]
    if not before or needs[-1].stage.unfreeze != "all":
        return needs, ()
    return needs[:-1], (f"without stage {needs[-1].stage.name}, which trains the whole network",)


def _fraction(needs: Sequence[Need], time: float) -> float:
    """Return the largest fraction of the epochs that fits into some seconds; 0 where not even one epoch does."""
    for percent in range(100, 0, -1):
        if sum(need.seconds(_own(need, percent / 100, time)) for need in needs) <= time:
            return percent / 100
    return 0.0


def _own(need: Need, fraction: float, time: float) -> float:
    """Return the fraction of a stage: all of one in which hardly any time can be saved."""
    return 1.0 if need.seconds() - need.seconds(0) <= _CHEAP * time else fraction


def _fitted(way: _Way, fraction: float, asked: Sequence[Need], time: float) -> Fitted:
    own = [_own(need, fraction, time) for need in way.needs]
    needs = tuple(need.shortened(part) if part < 1 else need for need, part in zip(way.needs, own, strict=True))
    changes = list(way.why)
    for before, need in zip(way.needs, needs, strict=True):
        if need.epochs < before.epochs:
            changes.append(f"{need.stage.name}: {need.epochs:g} of {before.epochs:g} epochs")
        if need.free:
            changes.append(f"{need.stage.name}: views: {need.stage.views}")
    if changes:
        whole = sum(need.seconds() for need in asked)
        changes.insert(
            0, f"all that was asked for would take {in_words(whole)} of training, there are {in_words(time)}"
        )
    return Fitted(tuple(need.stage for need in needs), needs, tuple(changes))
