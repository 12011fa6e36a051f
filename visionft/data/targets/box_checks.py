"""What a person should know about the objects of a data set."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from visionft.data.naming import counted, some
from visionft.data.records import Dataset, Problem
from visionft.data.splits import SPLITS

if TYPE_CHECKING:
    from visionft.data.targets.boxes import Boxes

_SMALL = 8  # pixels; what most backbones see as one step of their shallowest map
_ROUNDING = 0.01  # pixels: fractions of an image are written with few digits


def find_box_problems(dataset: Dataset, objects: "Sequence[Boxes]") -> Iterator[Problem]:
    """Look for classes without objects, images without objects, and objects too small to be seen.

    Args:
        dataset: samples with splits.
        objects: of each sample.
    """
    yield from _about_classes(dataset)
    yield from _about_empty(dataset)
    yield from _about_small(dataset, objects)


def _about_classes(dataset: Dataset) -> Iterator[Problem]:
    images = [0] * len(dataset.class_names)
    for sample in dataset.samples:
        for label in sample.target.classes:
            images[label] += 1
    none = [name for name, count in zip(dataset.class_names, images, strict=True) if count == 0]
    once = [name for name, count in zip(dataset.class_names, images, strict=True) if count == 1]
    if none:
        yield Problem("classes", f"{counted(len(none), 'has', 'have')} no object in any image: {some(none)}")
    if once:
        what = f"{counted(len(once), 'occurs', 'occur')} in one image only, and can be learned or tested but not both"
        yield Problem("classes", f"{what}: {some(once)}")


def _about_empty(dataset: Dataset) -> Iterator[Problem]:
    for split in SPLITS:
        samples = dataset.split(split)
        empty = [sample.id for sample in samples if not sample.target.class_counts]
        if not empty:
            continue
        if len(empty) == len(samples):
            what = "no image has an object"
            if split == "test":
                yield Problem(split, f"{what}, so there is nothing to measure")
            else:
                consequence = "there is nothing to learn from" if split == "train" else "nothing tells the best epoch"
                yield Problem(split, f"{what}, so {consequence}", fatal=True)
            continue
        many = "; so many look like missing labels" if 2 * len(empty) > len(samples) else ""
        has = "has" if len(empty) == 1 else "have"
        what = f"{len(empty)} of {len(samples)} images {has} no object{many}: {some(empty)}"
        yield Problem(split, what)


def _about_small(dataset: Dataset, objects: "Sequence[Boxes]") -> Iterator[Problem]:
    in_all, small = 0, 0
    where = []
    for sample, boxes in zip(dataset.samples, objects, strict=True):
        sides = [
            min(right - left, bottom - top)
            for (left, top, right, bottom), crowd in zip(boxes.xyxy, boxes.crowd, strict=True)
            if not crowd
        ]
        found = sum(side < _SMALL - _ROUNDING for side in sides)
        in_all, small = in_all + len(sides), small + found
        if found:
            where.append(sample.id)
    if small:
        which = f"of {in_all} objects {'is' if small == 1 else 'are'}" if in_all > 1 else "object is"
        what = f"{small} {which} less than {_SMALL} pixels wide or high in the original images"
        yield Problem("boxes", f"{what}, and smaller on a smaller canvas: {some(where)}")
