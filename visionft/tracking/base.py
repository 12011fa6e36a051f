"""What training asks of a tracker.

Shape suffixes: H height, W width, 3 colours (RGB).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.errors import MissingExtra


@dataclass(frozen=True, kw_only=True)
class TrackerOptions:
    """What a recipe may say of a tracker; the docstrings of the attributes go into the schema."""

    # pydantic reads this when it validates a recipe; nothing here depends on pydantic
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}

    def mistakes(self) -> Mapping[str, str]:
        """Return what is wrong with single keys: key -> what a person is told, with what to do."""
        return {}


@dataclass(frozen=True, slots=True)
class TrackerChoice:
    """A tracker that a recipe asks for.

    Attributes:
        kind: its name in ``TRACKERS``.
        options: of the class that the tracker names.
    """

    kind: str
    options: TrackerOptions


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """The run whose curves are kept.

    Attributes:
        folder: the run folder; its name is the run's.
        config: the recipe as plain values.
        identity: what the tracker's own ``identity`` was when this run was begun; empty in a new one.
    """

    folder: Path
    config: Mapping[str, Any]
    identity: Mapping[str, str] = field(default_factory=dict)

    @property
    def project(self) -> str:
        """What runs of one recipe have in common: its name."""
        return str(self.config["name"])


class Tracker(ABC):
    """A place where a run's curves are kept, such as a file or a server. An entry of ``TRACKERS``.

    It is made when training begins or goes on, closed when that ends for whatever reason, and made again for the
    results of the finished run. Whatever it raises is told once, and the run goes on without it; in a new run that has
    not begun to train, it ends the run.

    Attributes:
        kind: its name in recipes.
        options: class of what recipes may say of it.
        packages: modules that it needs -> the distributions that bring them; ``visionft[KIND]`` installs them.
    """

    kind: ClassVar[str]
    options: ClassVar[type[TrackerOptions]] = TrackerOptions
    packages: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @abstractmethod
    def __init__(self, run: TrackedRun, options: Any) -> None:
        """Begin a run, or go on with the one that has ``run.identity``."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What finds this run again, kept in ``run.json``; nothing secret."""
        return {}

    @property
    @abstractmethod
    def place(self) -> str:
        """Where a person finds the run, in a few words."""

    def rewind(self, step: int) -> None:
        """Prepare for training to go on after a step: what was logged of later ones comes again, with the same values.

        Args:
            step: optimizer steps of the run that its checkpoint holds.
        """

    @abstractmethod
    def log(self, values: Mapping[str, float], step: int) -> None:
        """Keep the values of a step, those of an epoch (which have ``epoch`` among them), or the final metrics.

        Args:
            values: finite, by names such as ``step/loss``, ``train/loss`` and ``val/accuracy``.
            step: optimizer steps of the run done so far; it never falls, and several calls may have the same.
        """

    def image(self, name: str, picture_HW3: NDArray[np.uint8], step: int) -> None:
        """Keep a picture.

        Args:
            name: what it shows.
            picture_HW3: uint8 RGB.
            step: as for ``log``.
        """

    def artifact(self, path: Path) -> None:
        """Keep a copy of a file."""

    @abstractmethod
    def close(self, *, finished: bool) -> None:
        """Write what is still to be written.

        Args:
            finished: whether what was to be tracked has come to its end, and was neither interrupted nor failed.
        """


def require_packages(tracker: type[Tracker]) -> None:
    """Check, without importing them, that the packages of a tracker are installed.

    Raises:
        MissingExtra: when one is not.
    """
    for module, package in tracker.packages.items():
        if find_spec(module) is None:
            raise MissingExtra(package, tracker.kind, f"track: {tracker.kind}")


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, str | float]:
    """Return a recipe's values by names such as ``optim.batch_size``; items of a list by theirs: ``stages.head.norm``.

    Args:
        config: plain values.
        prefix: what stands before the names.
    """
    flat: dict[str, str | float] = {}
    for key, entry in config.items():
        named = isinstance(entry, list) and all(isinstance(item, dict) and "name" in item for item in entry)
        value = {str(item["name"]): item for item in entry} if entry and named else entry
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value if isinstance(value, int | float) else str(value)
    return flat
