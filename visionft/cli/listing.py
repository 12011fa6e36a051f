"""What ``visionft list`` can list."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from visionft.errors import UnknownName


def names_of(what: str) -> list[str]:
    """Return the names of one kind of thing, sorted.

    Raises:
        UnknownName: when there is no such kind.
    """
    if what not in _LISTS:
        raise UnknownName("list", what, _LISTS, hint=f"known: {', '.join(_LISTS)}")
    return sorted(_LISTS[what]())


def told_of(what: str) -> Mapping[str, str]:
    """Return what is told of each name beside it; nothing where the names say it all, or the documentation does."""
    return _transforms() if what == "transforms" else {}


def _augmentations() -> Iterable[str]:
    from visionft.augment import POLICIES

    return POLICIES


def _backbones() -> Iterable[str]:
    from visionft.models.backbones import backbone_names

    return backbone_names()


def _engines() -> Iterable[str]:
    from visionft.predict.engine import ENGINES

    return ENGINES


def _formats() -> Iterable[str]:
    from visionft.data.formats import FORMATS

    return FORMATS


def _losses() -> Iterable[str]:
    from visionft.models.losses import LOSSES

    return {name for catalog in LOSSES for name in catalog}


def _heads() -> Iterable[str]:
    from visionft.models.heads import HEADS

    return HEADS


def _optimizers() -> Iterable[str]:
    from visionft.models.optimizers.library import optimizer_names

    return optimizer_names()


def _recipes() -> Iterable[str]:
    from visionft.recipe import shipped_recipes

    return shipped_recipes()


def _runtimes() -> Iterable[str]:
    from visionft.export import WRITERS

    return WRITERS


def _schedules() -> Iterable[str]:
    from visionft.stages.schedules import SCHEDULES

    return SCHEDULES


def _tasks() -> Iterable[str]:
    from visionft.tasks import TASKS

    return TASKS


@cache
def _transforms() -> Mapping[str, str]:
    from visionft.augment.transform_list import transform_summaries

    return transform_summaries()


def _trackers() -> Iterable[str]:
    from visionft.tracking import TRACKERS

    return TRACKERS


_LISTS: dict[str, Callable[[], Iterable[str]]] = {
    "augmentations": _augmentations,
    "backbones": _backbones,
    "engines": _engines,
    "formats": _formats,
    "heads": _heads,
    "losses": _losses,
    "optimizers": _optimizers,
    "recipes": _recipes,
    "runtimes": _runtimes,
    "schedules": _schedules,
    "tasks": _tasks,
    "trackers": _trackers,
    "transforms": _transforms,
}
