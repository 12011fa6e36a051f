"""One labelled image, and a data set as the formats read it."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True, slots=True)
class Sample:
    """One image file and what is to be learned from it.

    Attributes:
        id: stable name inside the data set, a relative path with forward slashes; seeds and reports use it.
        path: where the image file is.
        label: class index into the data set's class names, 0..K-1.
        split: which part of the data it belongs to.
    """

    id: str
    path: Path
    label: int
    split: Split


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about the data that a person should know.

    Attributes:
        where: the file, class or annotation concerned.
        what: what was found.
        fatal: whether training cannot start with it.
    """

    where: str
    what: str
    fatal: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Dataset:
    """Every usable sample, the class names in label order, and what was found wrong.

    Attributes:
        name: a short name for people, such as the folder's.
        samples: ordered by id.
        class_names: text for label 0, 1, ...; the order is stored with the model and never derived again.
        problems: files left out and other findings, in the order they were met.
        source: where it came from, licence included where one is known.
    """

    name: str
    samples: tuple[Sample, ...]
    class_names: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    source: str = ""

    def split(self, split: Split) -> tuple[Sample, ...]:
        """Return the samples of one part, ordered by id."""
        return tuple(sample for sample in self.samples if sample.split == split)

    def counts(self, split: Split) -> dict[str, int]:
        """Return how many samples each class has in one part, zeros included."""
        counter = Counter(sample.label for sample in self.samples if sample.split == split)
        return {name: counter[label] for label, name in enumerate(self.class_names)}
