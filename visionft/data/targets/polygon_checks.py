"""What a person should know about the polygons of a data set.

Shape suffixes: P points of a ring, 2 (x, y).
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from visionft.annotations.polygons import Polygon
from visionft.data.checks.bad_boxes import tell_findings
from visionft.data.naming import some
from visionft.data.records import Dataset, Problem
from visionft.data.splits import SPLITS
from visionft.data.targets.raw import Finding
from visionft.errors import DataError

if TYPE_CHECKING:
    from visionft.data.targets.polygons import Polygons

_NEARLY_ALL = 0.9


def require_polygons(known: bool, findings: Sequence[Finding], where: str) -> None:  # what it is about
    """Check that an object has a polygon.

    Args:
        known: whether one has.
        findings: why others have none.
        where: the data, for the message.

    Raises:
        DataError: when none has, saying what to do.
    """
    if not known:
        raise no_polygons(where, some(map(str, tell_findings(findings)), 3))


def find_polygon_problems(dataset: Dataset, objects: "Sequence[Polygons]") -> Iterator[Problem]:
    """Look for objects without a polygon, and for polygons that are mere boxes.

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


def _about_bare(dataset: Dataset, objects: "Sequence[Polygons]") -> Iterator[Problem]:
    count = bare = 0
    where = []
    for sample, boxes in zip(dataset.samples, objects, strict=True):
        known = boxes.known
        count += len(known)
        bare += known.count(False)
        if not all(known):
            where.append(sample.id)
    if bare:
        what = f"{bare} of {count} objects have none; their boxes are learned, their masks neither learned nor"
        yield Problem("outlines", f"{what} measured: {some(where)}")


def _about_rectangles(objects: "Sequence[Polygons]") -> Iterator[Problem]:
    polygons = [polygon for boxes in objects for polygon in boxes.polygons if polygon.rings]
    upright = sum(map(_is_rectangle, polygons))
    if upright >= _NEARLY_ALL * len(polygons) > 0:
        what = f"{upright} of {len(polygons)} are upright rectangles, as if drawn around boxes"
        yield Problem(
            "outlines", f"{what}; masks learned from them are boxes, which task.kind: detection learns better"
        )


def _is_rectangle(polygon: Polygon) -> bool:
    if len(polygon.rings) != 1:
        return False
    corners = {tuple(point) for point in polygon.points[0].tolist()}
    return len(corners) == 4 and all(len(set(edges)) == 2 for edges in zip(*corners, strict=True))


def no_polygons(where: str, reasons: str) -> DataError:
    """Return the error that no object has a polygon, with what to do."""
    reason = f" that can be used ({reasons})" if reasons else ""
    needed = "instance segmentation needs COCO's segmentation, or YOLO's lines of x and y in pairs"
    return DataError(f"{where}: no object has an outline{reason}; {needed}; to learn boxes, set task.kind: detection")
