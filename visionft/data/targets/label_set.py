"""Any number of classes of the whole image, or none.

Shape suffixes: B batch, N images, K classes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from visionft.data.listing import LabelOptions
from visionft.data.naming import counted, some
from visionft.data.records import Dataset, Problem
from visionft.data.targets.base import CanvasTarget, Target
from visionft.data.targets.python_values import as_python, described, in_order, names_of
from visionft.data.targets.raw import OpenedImage, RawTargets, Resolved
from visionft.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

    from visionft.batch import InstanceTargets

_TOGETHER = 2  # images that two labels must have in common before it is worth a word

_COUNTED = {
    0: "no usable image has it, so it cannot be learned",
    1: "one image has it, which can be learned or tested but not both",
}
_LACKED = {
    0: "every image has it, so nothing tells what one looks like without",
    1: "one image is without it, which can be learned or tested but not both",
}


@dataclass(frozen=True, slots=True)
class RawLabelSet:
    """Names of classes, as a table or a file has them."""

    names: tuple[str, ...]

    @property
    def stratum(self) -> None:
        """None: an image may have several classes."""
        return

    def resolve(self, image: OpenedImage, class_names: tuple[str, ...]) -> Resolved:
        """Return the labels' indices among the format's names."""
        return Resolved(LabelSet.of_names(self.names, class_names))


@dataclass(frozen=True, slots=True)
class CanvasLabelSet(CanvasTarget):
    """Class indices; augmentation changes nothing about them.

    Attributes:
        indices: into the class names.
        classes: how many classes there are.
    """

    indices: tuple[int, ...]
    classes: int

    @classmethod
    def collate(cls, items: Sequence[Self], pixels_BHW: "Tensor | None" = None) -> "Tensor":
        """Return labels_BK, float32: 1 where the image has the label, else 0."""
        import torch

        labels_BK = torch.zeros(len(items), items[0].classes)
        for row_K, item in zip(labels_BK, items, strict=True):
            row_K[list(item.indices)] = 1
        return labels_BK


@dataclass(frozen=True, slots=True)
class LabelSet(Target):
    """The classes of an image.

    Attributes:
        indices: into the data set's class names, rising.
        known: how many classes there are.
    """

    noun: ClassVar[str] = "image"
    singular: ClassVar[str] = "set of labels"
    plural: ClassVar[str] = "labels"
    usable: ClassVar[str] = "opens"
    unseen: ClassVar[str] = "has no usable image"
    upright: ClassVar[str] = "files"
    needs_two_classes: ClassVar[bool] = False  # an image without the label is the other one

    indices: tuple[int, ...]
    known: int

    @classmethod
    def of_names(cls, names: Sequence[str], class_names: Sequence[str]) -> Self:
        """Return the set of those classes that are among the class names."""
        wanted = set(names)
        indices = tuple(index for index, name in enumerate(class_names) if name in wanted)
        return cls(indices, len(class_names))

    @classmethod
    def is_stated_by(cls, value: Any) -> bool:
        """Say whether a value is a collection of names, or an array of 0 and 1."""
        value = as_python(value)
        if isinstance(value, np.ndarray):
            return value.ndim == 1 and value.dtype.kind in ("b", "i", "u") and bool(np.isin(value, (0, 1)).all())
        return isinstance(value, list | tuple | set | frozenset) and all(isinstance(one, str) for one in value)

    @classmethod
    def from_values(cls, values: Mapping[str, Any], options: LabelOptions) -> RawTargets:
        """Take a list of names or of numbers of each image, or an array with 0 or 1 for each class; see ``Target``."""
        flags = [len(value) for value in map(as_python, values.values()) if isinstance(value, np.ndarray)]
        width = len(options.classes) if options.classes is not None else max(flags, default=0)
        names = names_of({where: _listed(where, value, width) for where, value in values.items()}, options.classes)
        found = in_order(
            (
                *(str(number) for number in range(max(flags, default=0)) if options.classes is None),
                *(name for several in names.values() for name in several),
            ),
            options.classes,
        )
        return RawTargets({where: RawLabelSet(tuple(dict.fromkeys(own))) for where, own in names.items()}, found)

    @property
    def class_counts(self) -> Mapping[int, int]:
        """One image of each of its classes."""
        return dict.fromkeys(self.indices, 1)

    def fingerprint(self) -> object:
        """Return the indices."""
        return self.indices

    def read(self, size: tuple[int, int]) -> CanvasLabelSet:
        """Return the indices for a canvas."""
        return CanvasLabelSet(self.indices, self.known)

    def difference(self, other: Self, class_names: Sequence[str]) -> str:
        """Name the classes that only one of both has."""
        apart = sorted(set(self.indices) ^ set(other.indices))
        return f"other labels: {some(repr(class_names[index]) for index in apart)}" if apart else ""

    @classmethod
    def mixed(
        cls,
        targets: "Tensor | InstanceTargets",
        fractions_B: "Tensor",
        classes: int,  # the columns that there are
    ) -> "Tensor":
        """Return labels_BK: how much of an image shows each label. Arguments as of ``Target.mixed``."""
        import torch

        if not isinstance(targets, torch.Tensor):
            raise TypeError(f"labels_BK are a tensor, and no {type(targets).__name__}")
        return torch.lerp(targets, targets.roll(-1, 0), fractions_B[:, None])

    @classmethod
    def blank(cls, images_BHW3: "Tensor") -> "Tensor":
        """Return labels_B1, all zero: one column stands for those of all classes."""
        import torch

        return images_BHW3.new_zeros((len(images_BHW3), 1), dtype=torch.float32)

    def renumbered(self, index_of: Sequence[int | None], classes: int) -> Self | None:
        """Return the labels with their new indices; without those left out, which leaves the image."""
        kept = [index for old in self.indices if (index := index_of[old]) is not None]
        return type(self)(tuple(sorted(kept)), classes)

    @classmethod
    def with_classes(
        cls, targets: Sequence[Self], class_names: tuple[str, ...], class_order: Sequence[str] | None, source: str
    ) -> tuple[Sequence[Self], tuple[str, ...], tuple[Problem, ...]]:
        """Leave out the labels that the user does not want, and tell of them; see ``Target.with_classes``."""
        if class_order is None:
            return targets, class_names, ()
        names = tuple(class_order)
        if not set(names) & set(class_names):
            known = some(class_names, 20) or "none"
            raise DataError(
                f"{source}: none of data.classes ({some(names)}) is a label of the data; these are: {known}"
            )
        index_of = {index: names.index(name) for index, name in enumerate(class_names) if name in names}
        rest = [name for name in class_names if name not in names]
        labels = counted(len(rest), "label of the data is", "labels of the data are")
        what = f"{labels} not in data.classes, and left out: {some(rest)}"
        again = [
            cls(tuple(sorted(index_of[index] for index in target.indices if index in index_of)), len(names))
            for target in targets
        ]
        return again, names, (Problem("classes", what),) if rest else ()

    @classmethod
    def class_problems(cls, dataset: Dataset) -> Iterator[Problem]:
        """Yield problems for classes that no image has, or all, and for those that a single image has or lacks."""
        images = len(dataset.samples)
        counter = Counter(label for sample in dataset.samples for label in sample.target.classes)
        if not counter:
            yield Problem("labels", "no image has any, so there is nothing to learn", fatal=True)
            return
        found: dict[str, list[str]] = defaultdict(list)
        for label, name in enumerate(dataset.class_names):
            present = counter[label]
            if (what := _COUNTED.get(present) or _LACKED.get(images - present)) is not None:
                found[what].append(name)
        for what, names in found.items():
            yield Problem(names[0] if len(names) == 1 else f"{len(names)} labels, {some(names)}", what)

    @classmethod
    def problems(cls, dataset: Dataset) -> Iterator[Problem]:
        """Yield problems for images without any label, and for labels that always come together."""
        empty = [sample.id for sample in dataset.samples if not sample.target.classes]
        if empty:
            what = f"{len(empty)} of {counted(len(dataset.samples), 'image', 'images')} have no label at all"
            yield Problem("labels", f"{what}, and are learned as images of none of the classes: {some(empty)}")
        places: dict[int, list[int]] = defaultdict(list)
        for place, sample in enumerate(dataset.samples):
            for label in sample.target.classes:
                places[label].append(place)
        alike: dict[tuple[int, ...], list[str]] = defaultdict(list)
        for label, images in sorted(places.items()):
            if _TOGETHER <= len(images) < len(dataset.samples):
                alike[tuple(images)].append(dataset.class_names[label])
        for shared, names in alike.items():
            if len(names) > 1:
                what = f"{some(names)} always come together, in {len(shared)} images, so nothing tells them apart"
                yield Problem("labels", what)


def _listed(where: str, value: Any, width: int) -> tuple[Any, ...]:
    """Return the names or numbers that a value lists, or the places of its ones."""
    value = as_python(value)
    if isinstance(value, np.ndarray):
        if value.ndim != 1 or len(value) != width or not np.isin(value, (0, 1)).all():
            raise DataError(
                f"{where}: an array of shape {value.shape}; of labels it holds 0 or 1 for each of {width} classes"
            )
        return tuple(np.flatnonzero(value).tolist())
    if not isinstance(value, list | tuple | set | frozenset):
        raise DataError(f"{where}: {described(value)}; a list of labels is needed, such as ['cracked', 'dirty'] or []")
    return tuple(sorted(value, key=str)) if isinstance(value, set | frozenset) else tuple(value)


def flags_of(sets: Sequence[LabelSet]) -> NDArray[np.bool_]:
    """Return which labels each of at least one set has, labels_NK."""
    labels_NK = np.zeros((len(sets), sets[0].known), np.bool_)
    for row_K, labels in zip(labels_NK, sets, strict=True):
        row_K[list(labels.indices)] = True
    return labels_NK
