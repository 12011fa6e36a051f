"""What a data format knows of a target before the image is opened, and what becomes of it then."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from visionft.data.targets.base import Target
from visionft.imaging.header import read_orientation
from visionft.imaging.orientation import TURNS

if TYPE_CHECKING:
    from visionft.data.records import Problem


class OpenedImage(NamedTuple):
    """An image file that could be decoded.

    Attributes:
        size: (width, height) in pixels of the upright image.
        data: the file's bytes; empty for an image in memory, which is upright.
    """

    size: tuple[int, int]
    data: bytes

    @property
    def orientation(self) -> int:
        """EXIF orientation, 1 to 8."""
        return read_orientation(self.data) if self.data else 1

    @property
    def turned_within_its_size(self) -> bool:
        """Whether it is shown turned or mirrored, and its size does not tell."""
        exchanged = TURNS[self.orientation].transposed and self.size[0] != self.size[1]
        return self.orientation > 1 and not exchanged


class Finding(NamedTuple):
    """Something about one object, or about the stated size of an image.

    Attributes:
        where: file and annotation.
        item: what it is about, such as ``box [40, 12, 0, 48]``.
        kind: what is the matter, the same for all that have it: ``has zero width``.
        outcome: what became of it.
        noun: what several of them are called.
        bad: whether the object cannot be learned.
    """

    where: str
    item: str
    kind: str
    outcome: str = "left out"
    noun: str = "boxes"
    bad: bool = True

    def __str__(self) -> str:
        return f"{self.item} {self.kind}"


class Resolved(NamedTuple):
    """What became of a raw target.

    Attributes:
        target: in the frame of the image.
        findings: what was found on the way.
        unsure: whether the image is shown turned or mirrored, and nothing tells that the target is as well.
    """

    target: Target
    findings: tuple[Finding, ...] = ()
    unsure: bool = False


class RawTarget(Protocol):
    """A target as the data state it, before the image is opened. Compares by value."""

    @property
    def stratum(self) -> str | None:
        """The class of the whole image, by which splits are cut; None where an image may show several."""
        ...

    def resolve(self, image: OpenedImage, class_names: tuple[str, ...]) -> Resolved:
        """Return the target in the frame of the image.

        Args:
            image: the image.
            class_names: the data format's.

        Raises:
            DataError: when it cannot be used.
        """
        ...


class RawTargets(NamedTuple):
    """What the plain values of some images say.

    Attributes:
        of_image: image id -> target; without images that are left out.
        class_names: every class of these, in the order that labels get when no other is asked for.
        problems: what was found on the way.
        palette: colour (RGB, 0..255) of each class where the values have their own; else empty.
    """

    of_image: Mapping[str, RawTarget]
    class_names: tuple[str, ...]
    problems: "tuple[Problem, ...]" = ()
    palette: tuple[tuple[int, int, int], ...] = ()
