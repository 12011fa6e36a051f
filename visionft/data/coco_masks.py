"""COCO annotations as semantic masks."""

import os
from pathlib import Path, PurePath
from typing import ClassVar

from visionft.data.coco_classes import CocoClasses, make_classes, merge_categories
from visionft.data.coco_file import CocoFile, CocoImage, find_files, read_file
from visionft.data.coco_regions import CocoMask, Region, make_region
from visionft.data.listing import Entry, Listing, MaskOptions
from visionft.data.naming import some, split_above
from visionft.errors import DataError
from visionft.sample import Problem, TaskKind


class CocoMasks:
    """A COCO JSON file, or a folder of them; polygons and run-length encodings, compressed or not.

    Pixels without an annotation are ``background``; where regions overlap, the smaller one is on top; a crowd is of
    its category. Images without annotations are all background. Several files, such as
    ``annotations/instances_train2017.json`` or ``train/_annotations.coco.json``, are splits by their names; a single
    file is split as any data are. Images are looked for beside the JSON file, in ``images`` and in a folder such as
    ``train2017``; of an author's absolute path, only the name counts.

    Args:
        options: classes by category name, or by name with category ids; category ids to be ignored.
    """

    kind: ClassVar[str] = "coco_masks"
    task: ClassVar[TaskKind] = "segmentation"

    def __init__(self, options: MaskOptions) -> None:
        self._options = options

    def read(self, path: Path | None) -> Listing:
        """List the images of the annotation files.

        Raises:
            DataError: when there is no such file, it is not COCO, or no annotation has a segmentation.
        """
        if path is None:
            raise DataError("no path to the annotations; give a COCO JSON file, or the folder that holds some")
        if self._options.images is not None or self._options.masks is not None:
            raise DataError(
                f"{path}: data.images and data.masks are for the format 'masks'; a COCO file names its images"
            )
        files = [read_file(file) for file in find_files(path)]
        problems: list[Problem] = []
        classes = make_classes(merge_categories(files), self._options, problems)
        root = path if path.is_dir() else path.parent
        entries: dict[str, Entry] = {}
        for file in files:
            listed = _entries(file, classes, root, problems, with_split=len(files) > 1)
            again = [entry.id for entry in listed if entries.setdefault(entry.id, entry) is not entry]
            if again:
                what = f"{len(again)} images are listed again; the first time counts: {some(again)}"
                problems.append(Problem(str(file.path), what))
        name = path.resolve().stem
        return Listing(name, tuple(entries.values()), classes.names, tuple(problems), source=str(path), task=self.task)


def _entries(
    file: CocoFile, classes: CocoClasses, root: Path, problems: list[Problem], *, with_split: bool
) -> list[Entry]:
    entries = []
    bad: list[str] = []
    regions = 0
    for image in file.images:
        mask = _mask(file, image, classes, bad)
        regions += len(mask.regions)
        name = PurePath(os.path.relpath(image.path, root)).as_posix()
        split = (file.split if with_split else None) or split_above(PurePath(name))
        entries.append(Entry(name, image.path, "", split, mask))
    if not regions:
        reason = f": {some(bad)}" if bad else ""
        raise DataError(f"{file.path}: no annotation has a usable segmentation{reason}; boxes alone tell no pixels")
    if bad:
        problems.append(Problem(str(file.path), f"{len(bad)} annotations cannot be used, left out: {some(bad)}"))
    known = {image.id for image in file.images}
    if strays := sum(len(found) for image_id, found in file.annotations.items() if image_id not in known):
        problems.append(Problem(str(file.path), f"{strays} annotations belong to no image of the file; left out"))
    return entries


def _mask(file: CocoFile, image: CocoImage, classes: CocoClasses, bad: list[str]) -> CocoMask:
    regions: list[Region] = []
    for annotation in file.annotations.get(image.id, []):
        try:
            label = classes.label_of_category(annotation["category_id"])
            regions.append(make_region(annotation.get("segmentation"), label, image.height, image.width))
        except DataError as error:
            bad.append(f"annotation {annotation.get('id')} of {image.path.name} ({error})")
    ordered = sorted(regions, key=Region.area, reverse=True)  # the smaller ones are painted later
    return CocoMask(image.height, image.width, classes.background, tuple(ordered))
