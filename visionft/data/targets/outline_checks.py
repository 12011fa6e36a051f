"""What a person should know about the outlines of a data set.

Shape suffixes: P points of a ring, 2 (x, y).
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from visionft.annotations.polygons import Outline
from visionft.data.checks.bad_boxes import tell_findings
from visionft.data.naming import some
from visionft.data.records import Dataset, Problem
from visionft.data.splits import SPLITS
from visionft.data.targets.raw import Finding
from visionft.errors import DataError

if TYPE_CHECKING:
    from visionft.data.targets.outlined_boxes import OutlinedBoxes

_NEARLY_ALL = 0.9


def require_outlines(known: bool, findings: Sequence[Finding], where: str) -> None:  # what it is about
    """Check that an object has an outline.

    Args:
        known: whether one has.
        findings: why others have none.
        where: the data, for the message.

    Raises:
        DataError: when none has, saying what to do.
    """
    if not known:
        raise no_outlines(where, some(map(str, tell_findings(findings)), 3))


def find_outline_problems(dataset: Dataset, objects: "Sequence[OutlinedBoxes]") -> Iterator[Problem]:
    """Look for objects without an outline, and for outlines that are mere boxes.

    Args:
        dataset: samples with splits.
        objects: of each sample.
    """
    for split in SPLITS:
        targets = [sample.target for sample in dataset.split(split)]
        if any(target.class_counts for target in targets) and not any(target.measurable for target in targets):
            consequence = "no mask can be learned" if split == "train" else "nothing tells how good masks are"
            instead = "; measured is val" if split == "test" else ""
            yield Problem(split, f"no object has an outline, so {consequence}{instead}", fatal=split != "test")
    yield from _about_bare(dataset, objects)
    yield from _about_rectangles(objects)


def _about_bare(dataset: Dataset, objects: "Sequence[OutlinedBoxes]") -> Iterator[Problem]:
    count = bare = 0
    where = []
    for sample, boxes in zip(dataset.samples, objects, strict=True):
        known = boxes.outlined
        count += len(known)
        bare += known.count(False)
        if not all(known):
            where.append(sample.id)
    if bare:
        what = f"{bare} of {count} objects have none; their boxes are learned, their masks neither learned nor"
        yield Problem("outlines", f"{what} measured: {some(where)}")


def _about_rectangles(objects: "Sequence[OutlinedBoxes]") -> Iterator[Problem]:
    outlines = [outline for boxes in objects for outline in boxes.outlines if outline.rings]
    upright = sum(map(_is_rectangle, outlines))
    if upright >= _NEARLY_ALL * len(outlines) > 0:
        what = f"{upright} of {len(outlines)} are upright rectangles, as if drawn around boxes"
        yield Problem(
            "outlines", f"{what}; masks learned from them are boxes, which task.kind: detection learns better"
        )


def _is_rectangle(outline: Outline) -> bool:
    if len(outline.rings) != 1:
        return False
    corners = {tuple(point) for point in outline.points[0].tolist()}
    return len(corners) == 4 and all(len(set(edges)) == 2 for edges in zip(*corners, strict=True))


def no_outlines(where: str, reasons: str) -> DataError:
    """Say that no object has an outline, and what to do."""
    reason = f" that can be used ({reasons})" if reasons else ""
    needed = "instance segmentation needs COCO's segmentation, or YOLO's lines of x and y in pairs"
    return DataError(f"{where}: no object has an outline{reason}; {needed}; to learn boxes, set task.kind: detection")
