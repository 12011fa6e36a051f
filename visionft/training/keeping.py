"""Whether a stage's views are kept, and where: decided when the stage begins, and written down.

What is kept decides what is learned, since epochs then share their views. So a run that goes on does as it did before.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from visionft.assemble import Job
from visionft.data.splits import Split
from visionft.errors import CheckpointError
from visionft.loading.batches import Batches
from visionft.models.backbones.placeholder import CannotCut
from visionft.stages import StagePlan
from visionft.training.events import Notice, Working
from visionft.training.frozen import shows_same_images
from visionft.training.frozen_engine import exported_prefix
from visionft.training.kept_views import KeptViews, why_not_kept
from visionft.training.session import Session

_RECORD, _FOLDER = "kept_views", "kept"  # in run.json, and in the run folder


def keep_views(session: Session, plan: StagePlan, train: Batches, val: Batches) -> tuple[KeptViews, KeptViews] | None:
    """Return what stands in for the images of a stage that asks for views, or None where nothing is kept.

    Args:
        session: the run; it is told what is done, or why not.
        plan: the stage, which the network has entered.
        train: its training images.
        val: its validation images.

    Raises:
        CheckpointError: when the stage began on kept views, and they cannot be kept any more.
    """
    job, name = session.job, plan.stage.name
    before = session.info.get(_RECORD, {}).get(name)
    if before and before["why_not"]:
        session.tell(Notice(f"stage {name}: views: nothing is kept, since {before['why_not']}, as when it began"))
        return None
    views = 1 if shows_same_images(job, plan.stage) else plan.stage.number_of_views
    both, place, reason = _try(session, plan, train, val, views)
    if before and reason:
        raise CheckpointError(
            f"{session.path}: stage {name} began on kept views, and now {reason}; a run ends as it began: make room as "
            "it was then, or start a new run"
        )
    if not before:
        facts = {"views": views, "why_not": reason, "where": str(place or "memory")}
        session.record(**{_RECORD: session.info.get(_RECORD, {}) | {name: facts}})
    if both is None:
        session.tell(Notice(f"stage {name}: views: nothing is kept, since {reason}"))
        return None
    size = f"{sum(one.bytes_in_all for one in both) / 1e6:,.0f} MB are kept in {place or 'memory'}"
    session.tell(Notice(f"stage {name}: the frozen layers see {views} view{'s' * (views != 1)} of each image; {size}"))
    return both


def forget_views(session: Session, but: Sequence[str] = ()) -> None:
    """Remove the views that are in memory and in the run folder, but for those whose names begin like some."""
    for name in [name for name in session.kept if not name.startswith(tuple(but))]:
        del session.kept[name]
    folder = session.path / _FOLDER
    for place in list(folder.iterdir()) if folder.is_dir() else ():
        if not place.name.startswith(tuple(but)):
            shutil.rmtree(place, ignore_errors=True)
    if not but:
        shutil.rmtree(folder, ignore_errors=True)


def _try(
    session: Session, plan: StagePlan, train: Batches, val: Batches, views: int | None
) -> tuple[tuple[KeptViews, KeptViews] | None, Path | None, str | None]:
    """Return what is kept, in which folder (None for memory), and why nothing is."""
    job = session.job
    if reason := why_not_kept(job, plan):
        return None, None, reason
    try:
        of_train = KeptViews(job, plan.stage, "train", train, views, _teller(session, "train"))
        job.network.eval()
        of_val = KeptViews(job, plan.stage, "val", val, None, _teller(session, "val"))
    except CannotCut as error:
        return None, None, f"the network {error}"
    finally:
        job.network.train()
    size = of_train.bytes_in_all + of_val.bytes_in_all
    place = _place(session, size)
    if place is not None and (reason := _no_room(job, place, size)):
        return None, None, reason
    seen = of_train.images_in_all + of_val.images_in_all
    computes = of_train.key_by("eager", read=False)
    exported = exported_prefix(session, plan.stage, lambda: of_train.cut, seen, computes)
    for one in (of_train, of_val):
        one.run_by(exported)
        one.keep_in(place, session.kept)
    forget_views(session, [of_train.key, of_val.key])
    return (of_train, of_val), place, None


def _place(session: Session, size: int) -> Path | None:
    """Return the folder for views of a size; None for memory."""
    cache = session.job.recipe.cache
    if cache.folder is not None:
        return cache.folder
    return None if size <= 1e9 * cache.memory_gigabytes else session.path / _FOLDER


def _no_room(job: Job, place: Path, size: int) -> str | None:
    """Return why a folder does not take views of a size, in words; None where it does."""
    cache = job.recipe.cache
    if size > 1e9 * cache.disk_gigabytes:
        memory = "" if cache.folder else f"cache.memory_gigabytes ({cache.memory_gigabytes:g}) and "
        return f"{size / 1e9:.3g} GB are more than {memory}cache.disk_gigabytes ({cache.disk_gigabytes:g})"
    there = next(folder for folder in (place, *place.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(there).free + sum(file.stat().st_size for file in place.rglob("kept-*.bin"))
    return f"{size / 1e9:.3g} GB do not fit on the disk of {there}" if size > free else None


def _teller(session: Session, split: Split) -> Callable[[int], None]:
    """Return the callback that reports how many images the frozen layers have seen."""
    total = len(session.job.dataset.split(split))
    return lambda done: session.tell(Working(f"running the frozen layers on {split}", min(done, total), total))
