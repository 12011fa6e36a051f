"""One or several numbers of the whole image.

Class names are the names of the values, with their units: ``weight [g]``. Shape suffixes: B batch, N images, V values.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from visionft.data.listing import LabelOptions
from visionft.data.naming import counted, some
from visionft.data.records import Dataset, Problem, Sample
from visionft.data.targets.base import CanvasTarget, Target
from visionft.data.targets.python_values import as_python, described, is_number, listed
from visionft.data.targets.raw import OpenedImage, RawTarget, RawTargets, Resolved
from visionft.data.units import split_unit, write_value
from visionft.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor


Numbers = tuple[float | None, ...]
"""The values of an image in the order of the class names; None where nobody knows."""

_FAR = 6.0  # interquartile ranges beyond the quartiles; of normal values, one in 10^18 lies there
_STEP = 0.01  # of their standard deviation: rounding results to that costs nothing
_STRATA, _STRATUM_SIZE = 5, 20
_SHOWN = 5  # problems of one kind


@dataclass(frozen=True, slots=True)
class RawValues:
    """Numbers as a table has them.

    Attributes:
        numbers: finite.
        stratum: which part of the range the first of them lies in, so that every split gets some of each.
        where: file and line, for messages.
    """

    numbers: Numbers
    stratum: str = ""
    where: str = ""

    @classmethod
    def of(cls, target: RawTarget) -> Self:
        """Return a target that is known to be one of these.

        Raises:
            TypeError: when it is not.
        """
        if not isinstance(target, cls):
            raise TypeError(f"a {type(target).__name__}, and no {cls.__name__}")
        return target

    def resolve(self, image: OpenedImage, class_names: tuple[str, ...]) -> Resolved:
        """Return the same numbers."""
        return Resolved(Values(self.numbers))


@dataclass(frozen=True, slots=True)
class CanvasValues(CanvasTarget):
    """Numbers; augmentation changes nothing about them."""

    numbers: Numbers

    @classmethod
    def collate(cls, items: Sequence[Self], pixels_BHW: "Tensor | None" = None) -> "Tensor":
        """Return values_BV, float64, NaN where nobody knows: standardising in float32 would round large ones."""
        import torch

        return torch.from_numpy(as_array([item.numbers for item in items]))


@dataclass(frozen=True, slots=True)
class Values(Target):
    """The numbers of an image.

    Attributes:
        numbers: finite; at least one is known.
    """

    noun: ClassVar[str] = "image"
    singular: ClassVar[str] = "value"
    plural: ClassVar[str] = "values"
    usable: ClassVar[str] = "opens"
    unseen: ClassVar[str] = "has no number in any image"
    upright: ClassVar[str] = "files"
    named: ClassVar[tuple[str, str]] = ("value", "values")
    needs_two_classes: ClassVar[bool] = False

    numbers: Numbers

    @classmethod
    def is_stated_by(cls, value: Any) -> bool:
        """Say whether a value is a number, or several."""
        several = tuple(value.values()) if isinstance(value, Mapping) else listed(value)
        return bool(several) and all(map(is_number, several))

    @classmethod
    def from_values(cls, values: Mapping[str, Any], options: LabelOptions) -> RawTargets:
        """Take a number of each image, or several, or a dict of them by name; see ``Target.from_values``.

        None and NaN are not known. Names may hold units, as in ``weight [g]``.
        """
        if isinstance(options.classes, Mapping):
            raise DataError("data.classes: a list of the values' names is needed here, such as ['weight [g]']")
        names = tuple(options.classes or _names(values))
        rows = {where: _row(where, value, names) for where, value in values.items()}
        known = {where: row for where, row in rows.items() if any(number is not None for number in row)}
        if rows and not known:
            raise DataError(f"values: none of {counted(len(rows), 'image', 'images')} has a number; give some")
        empty = [where for where in rows if where not in known]
        images = counted(len(empty), "image has", "images have")
        problems = (Problem("values", f"{images} no number; left out: {some(empty)}"),) if empty else ()
        parts = strata([row[0] for row in known.values()])
        raw = {where: RawValues(row, part, where) for (where, row), part in zip(known.items(), parts, strict=True)}
        return RawTargets(raw, names, problems)

    @property
    def class_counts(self) -> Mapping[int, int]:
        """One image of each value that is known."""
        return {index: 1 for index, number in enumerate(self.numbers) if number is not None}

    def fingerprint(self) -> object:
        """Return the numbers."""
        return self.numbers

    def renumbered(self, index_of: Sequence[int | None], classes: int) -> Self | None:
        """Return the numbers in their new order; None where none of them is known."""
        numbers: list[float | None] = [None] * classes
        for index, number in zip(index_of, self.numbers, strict=True):
            if index is not None:
                numbers[index] = number
        return None if all(number is None for number in numbers) else type(self)(tuple(numbers))

    def read(self, size: tuple[int, int]) -> CanvasValues:
        """Return the numbers for a canvas."""
        return CanvasValues(self.numbers)

    def in_words(self, class_names: Sequence[str]) -> str:
        """Write the known values with their names and units: ``weight 3.42 g, height 12 cm``."""
        parts = zip(map(split_unit, class_names), self.numbers, strict=True)
        return ", ".join(f"{name} {write_value(number, unit)}" for (name, unit), number in parts if number is not None)

    def difference(self, other: Self, class_names: Sequence[str]) -> str:
        """Return both numbers in words."""
        both = f"with {self.in_words(class_names)} and {other.in_words(class_names)}"
        return "" if self == other else both

    @classmethod
    def blank(cls, images_BHW3: "Tensor") -> "Tensor":
        """Return values_B1, all zero; they stand for any number of values."""
        import torch

        return images_BHW3.new_zeros((len(images_BHW3), 1), dtype=torch.float64)

    @classmethod
    def class_problems(cls, dataset: Dataset) -> Iterator[Problem]:
        """Yield problems for values that teach nothing, and for images of which one is not known."""
        for index, name in enumerate(dataset.class_names):
            known = {split: _numbers_of(dataset.split(split), index) for split in ("train", "val")}
            if dataset.split("train") and not len(known["train"]):
                what = "has no number in any training image, so there is nothing to learn"
                yield Problem(name, f"{what}; give numbers, or leave it out of data.classes", fatal=True)
            elif len(known["train"]) and known["train"].min() == known["train"].max():
                number = write_value(known["train"][0], split_unit(name)[1])
                what = f"is {number} in every training image, so there is nothing to learn"
                yield Problem(name, f"{what}; give other images, or leave it out of data.classes", fatal=True)
            elif len(known["val"]) and known["val"].min() == known["val"].max():
                yield Problem(name, "is the same in every validation image, where R2 is not defined; give more of them")
            yield from _about_digits(name, known["train"])
            missing = [sample.id for sample in dataset.samples if Values.of(sample).numbers[index] is None]
            if missing:
                images = counted(len(missing), "image has", "images have")
                yield Problem(name, f"{images} no number, which is neither learned nor measured: {some(missing)}")

    @classmethod
    def problems(cls, dataset: Dataset) -> Iterator[Problem]:
        """Yield a problem for numbers that lie far beyond the others."""
        for index, name in enumerate(dataset.class_names):
            samples = [sample for sample in dataset.samples if Values.of(sample).numbers[index] is not None]
            numbers_N = _numbers_of(samples, index)
            unit = split_unit(name)[1]
            far = [f"{samples[place].id} {write_value(float(numbers_N[place]), unit)}" for place in outliers(numbers_N)]
            if far:
                images = counted(len(far), "image lies", "images lie")
                advice = "look whether they are right; task.ranges leaves out what is beyond a range"
                yield Problem(name, f"{images} far beyond the others: {some(far)}; {advice}")


def _about_digits(name: str, numbers_N: NDArray[np.float64]) -> Iterator[Problem]:
    """Tell of numbers that lie so close together that what a network says, in float32, has too few digits for them."""
    spread = float(numbers_N.std()) if len(numbers_N) else 0.0
    step = float(np.spacing(np.abs(numbers_N).max(initial=0.0).astype(np.float32)))
    if 0 < spread < step / _STEP:
        unit = split_unit(name)[1]
        what = f"spread by only {write_value(spread, unit)} about {write_value(float(numbers_N.mean()), unit)}"
        rounded = f"where results are rounded to steps of {write_value(step, unit)}"
        yield Problem(name, f"{what}, {rounded}; subtract {np.rint(numbers_N.mean()):.17g} from all of them")


def _names(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the numbers of images are called: by the keys of dicts, else by their places."""
    if any(isinstance(value, Mapping) for value in values.values()):
        return tuple(
            dict.fromkeys(str(key) for value in values.values() if isinstance(value, Mapping) for key in value)
        )
    width = max((len(listed(value)) for value in values.values()), default=1)
    return ("value",) if width == 1 else tuple(f"value {number}" for number in range(1, width + 1))


def _row(where: str, value: Any, names: Sequence[str]) -> Numbers:
    several = tuple(map(value.get, names)) if isinstance(value, Mapping) else listed(value)
    if len(several) != len(names):
        raise DataError(f"{where}: {described(value)}; every image needs {len(names)} numbers: {some(names)}")
    return tuple(_number(where, one) for one in several)


def _number(where: str, value: Any) -> float | None:
    value = as_python(value)
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    if not isinstance(value, int | float) or not np.isfinite(value):
        raise DataError(f"{where}: {described(value)} is no finite number; give None or NaN for one that nobody knows")
    return float(value)


def as_array(numbers: Sequence[Numbers]) -> NDArray[np.float64]:
    """Return values_NV, NaN where nobody knows."""
    return np.array(numbers, dtype=np.float64)  # None becomes NaN


def outliers(numbers_N: NDArray[np.float64]) -> list[int]:
    """Return which numbers lie more than six interquartile ranges beyond the quartiles, the farthest first.

    Where half of all numbers are the same, none do: there is no range to count in.
    """
    if not len(numbers_N):
        return []
    low, high = np.percentile(numbers_N, [25, 75])
    beyond_N = np.maximum(low - numbers_N, numbers_N - high)
    order = np.argsort(-beyond_N, kind="stable").tolist()
    return [place for place in order if high > low and beyond_N[place] > _FAR * (high - low)]


def strata(numbers: Sequence[float | None]) -> list[str]:
    """Return for each image the quintile of its number, by rank; of fewer than 100 images, larger parts.

    Equal numbers are in one part; what nobody knows is a part of its own.
    """
    known = sorted(number for number in numbers if number is not None)
    parts = max(1, min(_STRATA, len(known) // _STRATUM_SIZE))
    limits = [known[len(known) * part // parts] for part in range(1, parts)]
    return ["unknown" if number is None else str(sum(number >= limit for limit in limits)) for number in numbers]


def _numbers_of(samples: Sequence[Sample], index: int) -> NDArray[np.float64]:
    numbers = [number for sample in samples if (number := Values.of(sample).numbers[index]) is not None]
    return np.array(numbers, dtype=np.float64)


def first_few(problems: Sequence[Problem], where: str, what: str) -> list[Problem]:
    """Return the first few of many problems of one kind, and one that says how many more there are."""
    more = len(problems) - _SHOWN
    return [*problems[:_SHOWN], *([Problem(where, f"{more} more {what}; left out")] if more > 0 else [])]
