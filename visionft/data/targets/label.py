"""One class of the whole image.

Shape suffixes: B batch, K classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from visionft.data.listing import LabelOptions
from visionft.data.naming import some
from visionft.data.records import Problem
from visionft.data.targets.base import CanvasTarget, Target
from visionft.data.targets.python_values import in_order, is_class, names_of
from visionft.data.targets.raw import OpenedImage, RawTargets, Resolved
from visionft.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

    from visionft.batch import InstanceTargets


@dataclass(frozen=True, slots=True)
class RawLabel:
    """The name of a class, as a folder or a table has it."""

    name: str

    @property
    def stratum(self) -> str:
        """The class."""
        return self.name

    def resolve(self, image: OpenedImage, class_names: tuple[str, ...]) -> Resolved:
        """Return the label's index among the format's names."""
        return Resolved(Label(class_names.index(self.name)))


@dataclass(frozen=True, slots=True)
class CanvasLabel(CanvasTarget):
    """A class index; augmentation changes nothing about it."""

    index: int

    @classmethod
    def collate(cls, items: Sequence[Self], pixels_BHW: "Tensor | None" = None) -> "Tensor":
        """Return labels_B, int64."""
        import torch

        return torch.tensor([item.index for item in items], dtype=torch.int64)


@dataclass(frozen=True, slots=True)
class Label(Target):
    """The class of an image.

    Attributes:
        index: into the data set's class names, 0..K-1.
    """

    noun: ClassVar[str] = "image"
    singular: ClassVar[str] = "label"
    plural: ClassVar[str] = "labels"
    usable: ClassVar[str] = "opens"
    unseen: ClassVar[str] = "has no usable image"
    upright: ClassVar[str] = "files"
    exclusive: ClassVar[bool] = True

    index: int

    @classmethod
    def is_stated_by(cls, value: Any) -> bool:
        """Say whether a value is a name or a whole number."""
        return is_class(value)

    @classmethod
    def from_values(cls, values: Mapping[str, Any], options: LabelOptions) -> RawTargets:
        """Take a name, or the number of a class, of each image; see ``Target.from_values``."""
        names = names_of({where: (value,) for where, value in values.items()}, options.classes)
        of_image = {where: RawLabel(name) for where, (name,) in names.items()}
        return RawTargets(of_image, in_order((raw.name for raw in of_image.values()), options.classes))

    @property
    def class_counts(self) -> Mapping[int, int]:
        """One image of the class."""
        return {self.index: 1}

    def fingerprint(self) -> object:
        """Return the index."""
        return self.index

    def read(self, size: tuple[int, int]) -> CanvasLabel:
        """Return the index for a canvas."""
        return CanvasLabel(self.index)

    def difference(self, other: Self, class_names: Sequence[str]) -> str:
        """Name both classes."""
        return "" if self == other else f"labelled {class_names[self.index]!r} and {class_names[other.index]!r}"

    def renumbered(self, index_of: Sequence[int | None], classes: int) -> Self | None:
        """Return the label with its new index."""
        index = index_of[self.index]
        return None if index is None else type(self)(index)

    @classmethod
    def mixed(cls, targets: "Tensor | InstanceTargets", fractions_B: "Tensor", classes: int) -> "Tensor":
        """Return labels_BK, float32: how much of an image is of each class. Arguments as of ``Target.mixed``."""
        import torch
        import torch.nn.functional as F

        if not isinstance(targets, torch.Tensor):
            raise TypeError(f"labels_B are a tensor, and no {type(targets).__name__}")
        labels_BK = F.one_hot(targets, classes).float()
        return torch.lerp(labels_BK, labels_BK.roll(-1, 0), fractions_B[:, None])

    @classmethod
    def blank(cls, images_BHW3: "Tensor") -> "Tensor":
        """Return labels_B, all zero."""
        import torch

        return images_BHW3.new_zeros(len(images_BHW3), dtype=torch.int64)

    @classmethod
    def with_classes(
        cls, targets: Sequence[Self], class_names: tuple[str, ...], class_order: Sequence[str] | None, source: str
    ) -> tuple[Sequence[Self], tuple[str, ...], tuple[Problem, ...]]:
        """Leave classes out whose every file is bad, or take the user's order; see ``Target.with_classes``."""
        seen = {class_names[target.index] for target in targets}
        names: tuple[str, ...]
        unseen: tuple[Problem, ...] = ()
        if class_order is not None:
            names = tuple(class_order)
            if unknown := sorted(seen - set(names)):
                raise DataError(
                    f"{source}: the classes {some(map(repr, unknown))} of the data are not in the list "
                    f"of classes ({some(names, 20)}); add them to the list or take their images out"
                )
        else:
            what = "none of the class's images opens; the class is left out"
            unseen = tuple(Problem(name, what) for name in class_names if name not in seen)
            names = tuple(name for name in class_names if name in seen)
        if names == class_names:
            return targets, names, unseen
        index_of = {name: index for index, name in enumerate(names)}
        return [cls(index_of[class_names[target.index]]) for target in targets], names, unseen
