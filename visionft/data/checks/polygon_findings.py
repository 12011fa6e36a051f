"""What a person should know about the outlines of a data set.

Shape suffixes: P points of a ring, 2 (x, y).
"""

from collections.abc import Iterable, Iterator, Sequence

from visionft.data.checks.bad_boxes import tell_boxes
from visionft.data.listing import Entry
from visionft.data.naming import some
from visionft.data.raw_boxes import BoxFinding
from visionft.errors import DataError
from visionft.sample import SPLITS, Boxes, Dataset, Outline, Problem, Sample

_NEARLY_ALL = 0.9


def require_stated(entries: Sequence[Entry], where: str) -> None:
    """Check that files state outlines, before images are opened.

    Raises:
        DataError: when no object has one, saying what to do.
    """
    stated = [box for entry in entries if entry.boxes is not None for box in entry.boxes.boxes]
    if not any(box.outline.rings and not box.crowd for box in stated):
        faults = dict.fromkeys(box.outline.fault for box in stated if box.outline.fault)
        raise _no_outlines(where, some(faults, 3))


def require_placed(several: Iterable[Boxes | None], findings: Iterable[BoxFinding], where: str) -> None:
    """Check that outlines are left in the images.

    Raises:
        DataError: when no object has one, saying what to do.
    """
    if not any(boxes is not None and any(boxes.outlined) for boxes in several):
        raise _no_outlines(where, some(map(str, tell_boxes(findings)), 3))


def find_outline_problems(dataset: Dataset) -> Iterator[Problem]:
    """Look for objects without an outline, and for outlines that are mere boxes.

    Args:
        dataset: samples with outlines, and splits.
    """
    for split in SPLITS:
        several = [sample.boxes for sample in dataset.split(split)]
        if any(boxes.counts for boxes in several) and not any(any(boxes.outlined) for boxes in several):
            consequence = "no mask can be learned" if split == "train" else "nothing tells how good masks are"
            instead = "; measured is val" if split == "test" else ""
            yield Problem(split, f"no object has an outline, so {consequence}{instead}", fatal=split != "test")
    yield from _about_bare(dataset.samples)
    yield from _about_rectangles(dataset.samples)


def _about_bare(samples: Sequence[Sample]) -> Iterator[Problem]:
    objects = bare = 0
    where = []
    for sample in samples:
        known = sample.boxes.outlined
        objects += len(known)
        bare += known.count(False)
        if not all(known):
            where.append(sample.id)
    if bare:
        what = f"{bare} of {objects} objects have none; their boxes are learned, their masks neither learned nor"
        yield Problem("outlines", f"{what} measured: {some(where)}")


def _about_rectangles(samples: Sequence[Sample]) -> Iterator[Problem]:
    outlines = [outline for sample in samples for outline in sample.boxes.outlines if outline.rings]
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


def _no_outlines(where: str, reasons: str) -> DataError:
    reason = f" that can be used ({reasons})" if reasons else ""
    needed = "instance segmentation needs COCO's segmentation, or YOLO's lines of x and y in pairs"
    return DataError(f"{where}: no object has an outline{reason}; {needed}; to learn boxes, set task.kind: detection")
