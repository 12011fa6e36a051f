"""What a data format finds before any image is opened."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.targets.base import Target
from visionft.data.targets.raw import RawTarget
from visionft.imaging.pixels import ImageSource

Colour = tuple[int, int, int]
"""Red, green, blue, 0..255."""

Value = int | Colour
"""What a mask file holds in a pixel."""

Classes = tuple[str, ...] | Mapping[str, int | tuple[Value, ...]]
"""Names in label order; or names with what stands for them in masks: a value, a colour, or several of one kind."""


OnBadBox = Literal["drop", "fail"]
"""What is done about a box or a polygon that cannot be learned: it is left out and told, or the data are refused."""


MaskSize = Literal["same", "resize"]
"""What is done about a mask of another size than its image, if it has the same shape."""


CornerCoding = Literal["pascal", "zero_based", "edges"]
"""What the corners of a box in Pascal VOC's files are: its first and last pixel, counted from 1 or from 0; or its
edges, where the image's own are 0 and its width."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a table are called, and which texts name the splits; None finds them by the usual names.

    Attributes:
        image: names the images.
        label: holds the label, or several.
        split: names the split; False reads none.
        train: texts of the split's column that are training; where it is given, rows with other texts are left out.
        val: those that are validation.
        test: those that are test.
    """

    image: str | None = None
    label: str | None = None
    split: str | Literal[False] | None = None
    train: tuple[str, ...] = ()
    val: tuple[str, ...] = ()
    test: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """What the user says about labels, masks or boxes; a format takes what means something to it.

    Attributes:
        classes: of a plain list, name i is value i of the masks; of boxes, the names are those of the data that are
            wanted, in this order. None takes the names from the data. A mapping gives each name its values or its
            category ids.
        ignore: values, colours or category ids that are neither learned nor measured; 255 in a mask always is, unless
            it is a class.
        images: pattern of the image files below the data's folder, such as ``**/{name}_RAW.jpg``; for COCO
            the folder of the pictures, relative to the JSON file; for other boxes relative to the data's folder.
        masks: pattern of the mask files; the text that ``{name}`` stands for links an image and its mask.
        on_bad_box: what is done about boxes without an area or outside the image, and polygons that cannot be used.
        separator: what stands between several labels in one text; None finds it.
        mask_threshold: values of masks from this on are the second of two classes, others the first; None reads them
            as they are, and finds the threshold of masks that are black and white but for compression or resizing.
        mask_size: what is done about masks of another size than their image, and of its shape: they are left out and
            told, or resized.
        columns: what the columns of a table are called.
        corners: what the corners in Pascal VOC's files are; None takes its own, and tells of what hardly can be those.
    """

    classes: Classes | None = None
    ignore: tuple[Value, ...] = ()
    images: str | None = None
    masks: str | None = None
    on_bad_box: OnBadBox = "drop"
    separator: str | None = None
    mask_threshold: float | None = None
    mask_size: MaskSize = "same"
    columns: Columns = Columns()
    corners: CornerCoding | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One image and its target, as the data state them.

    Attributes:
        id: unique name inside the data set, a relative path with forward slashes.
        image: where the file should be, or the image itself.
        target: what the data say, by class names or in the listing's own class indices.
        split: the part of the data it was put into, None where the data do not say.
    """

    id: str
    image: ImageSource
    target: RawTarget
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything a format found.

    Attributes:
        name: a short name for people.
        entries: the labelled files; ids are unique.
        class_names: every class of the entries, in the order that labels get when no other is asked for.
        target: what the entries' targets become.
        problems: what was found on the way, and left out.
        source: where it came from, with the licence where one is known.
        palette: colour (RGB, 0..255) of each class where the data have their own; else empty.
    """

    name: str
    entries: tuple[Entry, ...]
    class_names: tuple[str, ...]
    target: type[Target]
    problems: tuple[Problem, ...] = ()
    source: str = ""
    palette: tuple[tuple[int, int, int], ...] = ()


class DataFormat(ABC):
    """A way to store labelled images, made with what the user says about labels.

    Attributes:
        kind: its name in ``FORMATS``.
        target: what becomes of its labels.
        takes: the fields of ``LabelOptions`` that mean something to it, beside ``classes``.
    """

    kind: ClassVar[str]
    target: ClassVar[type[Target]]
    takes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, options: LabelOptions | None = None) -> None:
        self._options = options or LabelOptions()

    @abstractmethod
    def read(self, path: Path | None) -> Listing:
        """List the labelled files. Images stay closed; files of labels are opened where only they tell the classes.

        Args:
            path: what the user pointed at; None for a format that brings its own images.

        Raises:
            DataError: when there is nothing of this format.
        """

    @classmethod
    def recognises(cls, path: Path) -> bool:  # noqa: ARG003  # ours are asked by ``detect``, whose order matters
        """Return whether a folder or file is of this format, for users who name none.

        Formats of other packages are asked where nothing of ours is recognised, but before a folder is taken for one
        of class folders. What cannot be read is not recognised.
        """
        return False

    def states_target(self, path: Path) -> bool:  # noqa: ARG002  # most have nothing to choose from
        """Return whether the data hold this format's targets, and not only what another format makes of the same files.

        Raises:
            DataError: when they cannot be read.
        """
        return True
