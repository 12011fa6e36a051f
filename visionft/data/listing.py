"""What a data format finds before any image is opened."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from visionft.sample import Problem, Split


@dataclass(frozen=True, slots=True)
class Entry:
    """One image file and its label, as the data state them.

    Attributes:
        id: unique name inside the data set, a relative path with forward slashes.
        path: where the file should be.
        label: class name.
        split: the part of the data it was put into, None where the data do not say.
    """

    id: str
    path: Path
    label: str
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything a format found.

    Attributes:
        name: a short name for people.
        entries: the labelled files; ids are unique.
        class_names: every class of the entries, in the order that labels get when no other is asked for.
        problems: what was found on the way, and left out.
        source: where it came from, with the licence where one is known.
    """

    name: str
    entries: tuple[Entry, ...]
    class_names: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    source: str = ""


class DataFormat(Protocol):
    """A way to store labelled images; ``kind`` is its name in ``FORMATS``."""

    kind: ClassVar[str]

    def read(self, path: Path | None) -> Listing:
        """List the labelled files without opening them.

        Args:
            path: what the user pointed at; None for a format that brings its own images.

        Raises:
            DataError: when there is nothing of this format.
        """
        ...
