"""The label files of all images, read once, and what is unusual about them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from visionft.data.checks.bad_files import BoxError
from visionft.data.formats.yolo.layout import Images
from visionft.data.formats.yolo.lines import LabelLine, read_label_file
from visionft.data.naming import counted, some
from visionft.data.records import Problem
from visionft.errors import DataError


@dataclass(slots=True)
class LabelFiles:
    """What the label files of a data set say.

    Attributes:
        lines: image -> its lines; without images that have no label file.
        faults: image -> why its label file cannot be read.
    """

    lines: dict[Path, tuple[LabelLine, ...]] = field(default_factory=dict)
    faults: dict[Path, BoxError] = field(default_factory=dict)

    def of(self, image: Path) -> tuple[LabelLine, ...] | BoxError:
        """Return the lines of an image, or why they cannot be read."""
        return self.faults.get(image) or self.lines.get(image, ())

    def all_lines(self) -> Iterator[LabelLine]:
        """Yield the lines of all images."""
        return chain.from_iterable(self.lines.values())


def read_labels(images: Images, problems: list[Problem]) -> LabelFiles:
    """Read the label file of each image.

    Args:
        images: of a data set.
        problems: grows by images and files without a partner, and by what is unusual.

    Raises:
        DataError: when no image has one.
    """
    found = LabelFiles()
    missing: list[str] = []
    habits: dict[str, list[Path]] = defaultdict(list)
    for image in images.splits:
        file = images.labels_of(image)
        if not file.is_file():
            missing.append(image.name)
            continue
        try:
            found.lines[image], unusual = read_label_file(file)
        except BoxError as error:
            found.faults[image] = error
        else:
            for habit in unusual:
                habits[habit].append(file)
    missing = _without_bare_splits(images, found, missing, problems)
    _tell_missing(images, missing, problems)
    _tell_habits(habits, problems)
    if alone := images.labels_alone():
        files = counted(len(alone), "label file has", "label files have")
        what = f"{files} no image; left out: {some(file.name for file in alone)}"
        problems.append(Problem(str(alone[0].parent), what))
    return found


def _without_bare_splits(images: Images, found: LabelFiles, missing: list[str], problems: list[Problem]) -> list[str]:
    """Leave out a split to measure on of which no image has a label file, as those of contests; return who is left."""
    labelled = {images.splits[image] for image in (*found.lines, *found.faults)}
    bare = [image for image, split in images.splits.items() if split in ("val", "test") and split not in labelled]
    if not bare or not labelled:
        return missing
    what = f"no image of a split has one, so that nothing can be measured on its {len(bare)} images; left out"
    problems.append(Problem("labels", f"{what}: {some(image.name for image in bare)}"))
    for image in bare:
        del images.splits[image]
    return [image.name for image in images.splits if image not in found.lines and image not in found.faults]


def _tell_habits(habits: Mapping[str, list[Path]], problems: list[Problem]) -> None:
    for habit, files in sorted(habits.items()):
        have = counted(len(files), "label file has", "label files have")
        problems.append(Problem("labels", f"{have} {habit}; read all the same: {some(map(str, files), 2)}"))


def _tell_missing(images: Images, missing: list[str], problems: list[Problem]) -> None:
    where = some(map(str, images.folders.used()), 3)
    if len(missing) == len(images.splits):
        raise DataError(
            f"{where}: no image has a label file here; images/a/x.jpg needs labels/a/x.txt, or x.txt beside it"
        )
    if missing:
        have = "has no label file and counts" if len(missing) == 1 else "have no label file and count"
        what = f"{len(missing)} of {len(images.splits)} images {have} as without objects"
        many = "; so many look like a mistake" if 2 * len(missing) > len(images.splits) else ""
        problems.append(Problem("labels", f"{what}{many}: {some(missing)}; looked in {where}"))
