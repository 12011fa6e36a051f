"""COCO annotations as semantic masks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from visionft.annotations.marks import IGNORE
from visionft.data.formats.coco.classes import CocoClasses, make_classes
from visionft.data.formats.coco.file import Annotation, CocoFile
from visionft.data.formats.coco.pictures import CocoImage
from visionft.data.formats.coco.regions import CocoMask, Region, box_region, make_region
from visionft.data.formats.coco.several import read_files
from visionft.data.formats.coco.shapes import plain_shape, stated_size
from visionft.data.listing import DataFormat, Listing
from visionft.data.naming import some
from visionft.data.records import Problem
from visionft.data.targets.base import Target
from visionft.data.targets.mask import Mask, RawMask
from visionft.data.targets.raw import OpenedImage, RawTarget, Resolved
from visionft.errors import DataError


class CocoMasks(DataFormat):
    """A COCO JSON file, or a folder of them; polygons and run-length encodings, compressed or not.

    Pixels without an annotation are ``background``; where regions overlap, the smaller one is on top; a crowd is of
    its category. Images without annotations are all background. Files are recognised by their content; several, such
    as ``annotations/instances_train2017.json`` or ``train/_annotations.coco.json``, are splits by their names; a single
    file is split as any data are. Images are looked for around the JSON file and below, or only in ``data.images``; of
    a path of another machine or server, the last parts count. A size that the file does not state is the image's.

    An annotation of an unknown category, or of none, makes its pixels ignored. One whose place cannot be read makes
    its box ignored, and the whole image useless where it has no box: nobody knows which pixels are not background.

    Args:
        options: classes by category name, or by name with category ids; category ids to be ignored; ``images`` is a
            folder, relative to the JSON file.
    """

    kind: ClassVar[str] = "coco_masks"
    target: ClassVar[type[Target]] = Mask
    takes: ClassVar[tuple[str, ...]] = ("images", "masks", "ignore")

    def read(self, path: Path | None) -> Listing:
        """List the images of the annotation files.

        Raises:
            DataError: when there is no such file, it is not COCO, or no annotation has a segmentation.
        """
        if self._options.masks is not None:
            raise DataError(f"{path}: data.masks is for the format 'masks'; a COCO file holds its masks")
        files = read_files(path, self._options)
        problems = list(files.problems)
        classes = make_classes(files.categories, self._options, problems)
        of_file = {file.path: _SeenRegions() for file in files.files if file.images}
        entries = files.entries(lambda file, image: _raw_mask(file, image, classes, of_file[file.path]))
        for where, found in of_file.items():
            if not found.regions:
                reason = f": {some([*found.boxed, *found.lost], 3)}" if found.boxed or found.lost else ""
                raise DataError(
                    f"{where}: no annotation has a usable segmentation{reason}; boxes alone tell no pixels; to learn "
                    "the boxes, set task.kind: detection"
                )
            problems += [Problem(str(where), what) for what in found.told()]
        return Listing(files.name, entries, classes.names, self.target, tuple(problems), source=str(path))


@dataclass(slots=True)
class _SeenRegions:
    """What the annotations of a file showed.

    Attributes:
        regions: how many tell their pixels.
        foreign: those of categories that the file does not have.
        boxed: those that only tell their box.
        lost: those that tell no place at all.
        clipped: those of which parts were left out.
    """

    regions: int = 0
    foreign: list[str] = field(default_factory=list)
    boxed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    clipped: list[str] = field(default_factory=list)

    def told(self) -> Iterator[str]:
        """Yield what was unusable, and what became of it."""
        if self.foreign:
            yield f"{len(self.foreign)} annotations of no known category, their pixels ignored: {some(self.foreign)}"
        if self.boxed:
            yield f"{len(self.boxed)} annotations without readable pixels, their boxes ignored: {some(self.boxed)}"
        if self.lost:
            yield f"{len(self.lost)} annotations without place or box, their images left out: {some(self.lost)}"
        if self.clipped:
            yield f"{len(self.clipped)} have parts of less than three points, left out: {some(self.clipped)}"


@dataclass(frozen=True, slots=True)
class RawMaskOfAnySize:
    """The mask of an image whose size the file does not say: it is that of the image.

    Attributes:
        mask: of no height and width.
    """

    mask: CocoMask

    @property
    def stratum(self) -> None:
        """None: a mask shows several classes."""
        return

    def resolve(self, image: OpenedImage, class_names: tuple[str, ...]) -> Resolved:
        """Count the pixels of the mask in the image.

        Raises:
            DataError: when the place of an annotation is not known.
        """
        width, height = image.size
        resolved = RawMask(replace(self.mask, width=width, height=height)).resolve(image, class_names)
        return resolved._replace(unsure=image.orientation > 1)


def _raw_mask(file: CocoFile, image: CocoImage, classes: CocoClasses, found: _SeenRegions) -> RawTarget:
    annotations = file.annotations.get(image.id, [])
    if image.width:
        return RawMask(_mask(annotations, image, classes, found))
    sizes = [stated_size(annotation.get("segmentation")) for annotation in annotations]
    if stated := next((size for size in sizes if size is not None), None):
        return RawMask(_mask(annotations, replace(image, height=stated[0], width=stated[1]), classes, found))
    return RawMaskOfAnySize(_mask(annotations, image, classes, found))


def _mask(annotations: Iterable[Annotation], image: CocoImage, classes: CocoClasses, found: _SeenRegions) -> CocoMask:
    lost_before = len(found.lost)
    regions = [_region(annotation, image, classes, found) for annotation in annotations]
    usable = [region for region in regions if region is not None]
    ordered = sorted(usable, key=Region.area, reverse=True)  # the smaller ones are painted later
    lost = found.lost[lost_before:]
    fault = f"no pixels and no box can be read of {some(lost, 3)}" if lost else ""
    return CocoMask(image.height, image.width, classes.background, tuple(ordered), fault)


def _region(annotation: Annotation, image: CocoImage, classes: CocoClasses, found: _SeenRegions) -> Region | None:
    """Return an annotation's pixels; its box, ignored, where they cannot be read; None without a box."""
    category = annotation.get("category_id")
    name = f"annotation {annotation.get('id')} of {image.path.name}"
    label = classes.label_of_category(category)
    try:
        region = make_region(annotation.get("segmentation"), label, image.height, image.width)
    except DataError as error:
        if label == classes.background:
            return None  # wherever it is, it would not show
        box = box_region(annotation.get("bbox"), IGNORE)
        (found.lost if box is None else found.boxed).append(f"{name} ({error})")
        return box
    found.regions += 1
    if plain_shape(annotation.get("segmentation")).short:
        found.clipped.append(name)
    if category is None or category not in classes.label_of:
        found.foreign.append(f"{name} (category {category})" if category is not None else f"{name} (none)")
    return region
