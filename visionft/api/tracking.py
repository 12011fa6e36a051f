"""Trackers of a run: opened, closed, and given the results in the end."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visionft.errors import MissingExtra, RecipeError
from visionft.imaging.sheet import Row, sheet
from visionft.metrics import Metrics
from visionft.recipe import Recipe
from visionft.report.data import AugmentationFacts
from visionft.tracking import TRACKERS
from visionft.tracking.base import TrackedRun, Tracker, TrackerChoice, require_packages
from visionft.tracking.guard import GuardedTracker

if TYPE_CHECKING:
    from visionft.checkpoint import RunFolder

_IDENTITIES, _RESULTS = "trackers", "results_tracked_by"  # in run.json


def require_trackers(recipe: Recipe) -> None:
    """Check that the packages of a recipe's trackers are installed.

    Raises:
        MissingExtra: when one is not.
    """
    for choice in recipe.track:
        require_packages(TRACKERS[choice.kind])


@contextmanager
def open_trackers(
    recipe: Recipe, folder: "RunFolder", tell: Callable[[str], None], *, new: bool
) -> Iterator[list[GuardedTracker]]:
    """Open the trackers of a run, and close them in the end, whatever happens.

    Args:
        recipe: the run's.
        folder: the run folder, whose run.json remembers what each tracker calls the run.
        tell: who is told of failures.
        new: whether the run has not begun: then what cannot be opened ends it, else it goes on without.

    Raises:
        RecipeError: when a tracker of a new run cannot be opened.
    """
    trackers: list[GuardedTracker] = []
    finished = False
    try:
        for choice in recipe.track:
            tracker = GuardedTracker(choice.kind, partial(_open, choice, recipe, folder), tell)
            if tracker.problem and new:
                raise RecipeError(f"track: {tracker.problem}; mend that, or leave {choice.kind} out of track")
            if tracker.problem:
                tell(f"{tracker.problem}; the run goes on without it")
            trackers.append(tracker)
        yield trackers
        finished = True
    finally:
        for tracker in trackers:
            tracker.do(lambda opened: opened.close(finished=finished))


def _open(choice: TrackerChoice, recipe: Recipe, folder: "RunFolder") -> Tracker:
    known = folder.info.get(_IDENTITIES, {})
    run = TrackedRun(folder.path, recipe.model_dump(mode="json"), known.get(choice.kind, {}))
    kind: type[Tracker] = TRACKERS[choice.kind]
    tracker = kind(run, choice.options)
    if tracker.identity != run.identity:
        folder.record(**{_IDENTITIES: known | {choice.kind: dict(tracker.identity)}})
    return tracker


def without_trackers(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return what run.json says, but for its trackers: another run is not theirs."""
    return {key: value for key, value in info.items() if key not in (_IDENTITIES, _RESULTS)}


def track_results(
    recipe: Recipe,
    folder: "RunFolder",
    tell: Callable[[str], None],
    *,
    metrics: Metrics,
    split: str,
    augmentation: AugmentationFacts | None,
    page: Path,
) -> None:
    """Give a finished run's trackers the final metrics, the augmented images of the page, and the page; once.

    Args:
        recipe: the run's.
        folder: the run folder.
        tell: who is told of failures.
        metrics: what was measured.
        split: on which part.
        augmentation: what the page shows of it.
        page: the report.
    """
    done = folder.info.get(_RESULTS, [])
    left = recipe.model_copy(update={"track": tuple(one for one in recipe.track if one.kind not in done)})
    try:
        require_trackers(left)
    except MissingExtra as error:  # it was trained elsewhere, and the page is what was asked for
        tell(f"the results are not tracked: {error}")
        return
    step = folder.info["history"][-1]["step"]
    scores = {f"{split}/{score.name}": getattr(metrics, score.name) for score in metrics.scores}
    values = {name: value for name, value in scores.items() if value is not None and isfinite(value)}
    with open_trackers(left, folder, tell, new=False) as trackers:
        for tracker in trackers:
            tracker.do(partial(_give, values=values, step=step, augmentation=augmentation, page=page))
    reached = [tracker.kind for tracker in trackers if not tracker.problem]
    if reached:
        folder.record(**{_RESULTS: [*done, *reached]})


def _give(
    tracker: Tracker, *, values: dict[str, float], step: int, augmentation: AugmentationFacts | None, page: Path
) -> None:
    tracker.log(values, step)
    if augmentation is not None and augmentation.images:
        images = augmentation.images
        columns = [name for name, _ in images[0].pictures_HW3]
        rows = [Row(f"{one.id}   {one.label}".rstrip(), [picture for _, picture in one.pictures_HW3]) for one in images]
        tracker.image("augmented", sheet(f"stage {augmentation.stage}", columns, rows), step)
    tracker.artifact(page)
