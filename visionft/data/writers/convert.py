"""Writing data sets of boxes and polygons in the formats that other tools read: COCO, YOLO, Pascal VOC.

=====  ===============================================================================================
COCO   keeps everything; a polygon with holes is written as its pixels
YOLO   has no crowds: they are left out; the rings of a polygon are joined into one with the same pixels
VOC    has whole pixels; crowds become ``difficult``; the order of classes and those without objects are
       not written. A box of a single pixel is left out, which readers take for a slip of the mouse; so are
       all polygons
=====  ===============================================================================================

What is written is a whole data set, pictures and splits included, and ``load_dataset`` reads it back. Pictures are
renamed where two of them would have the same name.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import cv2
import numpy as np

from visionft.annotations.marks import CROWD
from visionft.annotations.polygons import Polygon
from visionft.data.formats.voc.file import write_xml
from visionft.data.formats.yolo.file import write_yaml
from visionft.data.naming import counted, some
from visionft.data.records import Dataset, Problem, Sample
from visionft.data.splits import SPLITS, Split
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.polygons import Polygons
from visionft.data.writers.polygons import coco_fields, one_ring
from visionft.errors import DataError
from visionft.imaging import decode
from visionft.imaging.pixels import Pixels

Pictures = Literal["copy", "link"]
"""How pictures get into the new folder: as copies, or as symbolic links to where they are; those in memory as PNG."""


def write_coco(dataset: Dataset, folder: Path, pictures: Pictures = "copy") -> list[Problem]:
    """Write ``annotations/instances_{split}.json`` and ``images/``.

    Args:
        dataset: samples with boxes, and polygons where they have some.
        folder: a new or empty folder.
        pictures: how they get there.

    Returns:
        What the format cannot hold.

    Raises:
        DataError: when the folder cannot be written or is not empty.
    """
    with _writing_to(folder):
        return _write_coco(dataset, folder, pictures, _prepare(dataset, folder))


def _write_coco(dataset: Dataset, folder: Path, pictures: Pictures, names: Mapping[str, str]) -> list[Problem]:
    _place_pictures(dataset, pictures, lambda sample: folder / "images" / names[sample.id])
    categories = [{"id": number, "name": name} for number, name in enumerate(dataset.class_names, start=1)]
    for split in _used(dataset):
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for number, sample in enumerate(dataset.split(split), start=1):
            width, height = sample.size
            images.append({"id": number, "file_name": names[sample.id], "width": width, "height": height})
            for annotation in _annotations(_of_each(Boxes.of(sample), len(dataset.class_names)), sample.size):
                annotations.append({"id": len(annotations) + 1, "image_id": number, **annotation})
        data = {"images": images, "annotations": annotations, "categories": categories}
        _write(folder / f"annotations/instances_{split}.json", json.dumps(data, ensure_ascii=False))
    return []


def write_yolo(dataset: Dataset, folder: Path, pictures: Pictures = "copy") -> list[Problem]:
    """Write ``data.yaml``, ``images/{split}`` and ``labels/{split}``.

    Args, Returns, Raises: as of ``write_coco``.
    """
    with _writing_to(folder):
        return _write_yolo(dataset, folder, pictures, _prepare(dataset, folder))


def _write_yolo(dataset: Dataset, folder: Path, pictures: Pictures, names: Mapping[str, str]) -> list[Problem]:
    _place_pictures(dataset, pictures, lambda sample: folder / "images" / sample.split / names[sample.id])
    crowds, joined = [], []
    for sample in dataset.samples:
        lines = []
        for xyxy, label, crowd, polygon in _objects(Boxes.of(sample)):
            if crowd:
                crowds.append(sample.id)
                continue
            joined += [sample.id] * (len(polygon.rings) > 1)
            fractions = _ring_fractions(polygon, sample.size) if polygon.rings else _fractions(xyxy, *sample.size)
            lines.append(" ".join([str(label), *(f"{fraction:.10f}" for fraction in fractions)]))
        file = folder / "labels" / sample.split / PurePosixPath(names[sample.id]).with_suffix(".txt")
        _write(file, "".join(f"{line}\n" for line in lines))
    write_yaml(folder / "data.yaml", _used(dataset), dataset.class_names)
    problems = []
    if crowds:
        what = f"{counted(len(crowds), 'object is', 'objects are')} neither learned nor measured, which YOLO cannot say"
        problems.append(Problem(str(folder), f"{what}; left out: {some(crowds)}"))
    if joined:
        what = f"{counted(len(joined), 'object has', 'objects have')} holes or several parts, which YOLO cannot say"
        how = "joined to one outline by lines there and back, which changes no pixel"
        problems.append(Problem(str(folder), f"{what}; {how}: {some(joined)}"))
    return problems


def write_voc(dataset: Dataset, folder: Path, pictures: Pictures = "copy") -> list[Problem]:
    """Write ``Annotations``, ``JPEGImages`` and ``ImageSets/Main``.

    Args, Returns, Raises: as of ``write_coco``; class names that XML cannot hold raise as well.
    """
    for name in dataset.class_names:
        if not name.isprintable() or name != name.strip():
            raise DataError(f"{folder}: the class {name!r} cannot be written as XML; rename it")
    with _writing_to(folder):
        return _write_voc(dataset, folder, pictures, _prepare(dataset, folder))


def _write_voc(dataset: Dataset, folder: Path, pictures: Pictures, names: Mapping[str, str]) -> list[Problem]:
    _place_pictures(dataset, pictures, lambda sample: folder / "JPEGImages" / names[sample.id])
    (folder / "Annotations").mkdir()
    points = []
    for sample in dataset.samples:
        file = folder / "Annotations" / PurePosixPath(names[sample.id]).with_suffix(".xml")
        boxes = _of_each(Boxes.of(sample), len(dataset.class_names))
        lost = write_xml(file, names[sample.id], sample.size, boxes, dataset.class_names)
        points += [sample.id] * len(lost)
    for split in _used(dataset):
        stems = [PurePosixPath(names[sample.id]).stem for sample in dataset.split(split)]
        _write(folder / f"ImageSets/Main/{split}.txt", "".join(f"{stem}\n" for stem in stems))
    problems = []
    if points:
        are = counted(len(points), "object is", "objects are")
        what = f"{are} a single pixel, which Pascal VOC cannot say; left out: {some(points)}"
        problems.append(Problem(str(folder), what))
    if polygons := sum(bool(polygon.rings) for sample in dataset.samples for polygon in Boxes.of(sample).polygons):
        have = counted(polygons, "object has an outline", "objects have outlines")
        theirs = "its box is" if polygons == 1 else "their boxes are"
        what = f"{have}, which Pascal VOC cannot say; only {theirs} written"
        problems.append(Problem(str(folder), what))
    return problems


def _prepare(dataset: Dataset, folder: Path) -> Mapping[str, str]:
    """Check where it is to be written, and return sample id -> new name of its picture."""
    folder.mkdir(parents=True, exist_ok=True)
    require_empty(folder)
    return _new_names(dataset.samples)


def require_empty(folder: Path) -> None:
    """Check that a folder can be written to as a new one.

    Raises:
        DataError: when there is something in it, or in its place.
    """
    with _writing_to(folder):
        if folder.exists() and any(folder.iterdir()):
            raise DataError(f"{folder}: is not empty; give a new folder")


@contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    """Raise an error of ours for a full disk or a folder that cannot be written."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        raise DataError(f"{folder}: cannot be written ({what}); give a new folder") from error


def _new_names(samples: tuple[Sample, ...]) -> dict[str, str]:
    """Give every sample a file name of its own whose stem no other has, whatever the case of its letters.

    The stem has no spaces, which lists of Pascal VOC do not allow.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for sample in samples:
        path = PurePosixPath(sample.id)
        parts = [part for part in path.with_suffix("").parts if part not in ("..", "/")]
        plain, long = ("_".join(text.split()) or "image" for text in (parts[-1], "-".join(parts)))
        stems = (plain, long, *(f"{long}-{number}" for number in range(2, len(samples) + 2)))
        stem = next(stem for stem in stems if stem.casefold() not in taken)
        taken.add(stem.casefold())
        names[sample.id] = stem + (".png" if isinstance(sample.image, Pixels) else sample.image.suffix)
    return names


def _used(dataset: Dataset) -> tuple[Split, ...]:
    return tuple(split for split in SPLITS if dataset.split(split))


def _place_pictures(dataset: Dataset, pictures: Pictures, place: Callable[[Sample], Path]) -> None:
    for sample in dataset.samples:
        file = place(sample)
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(sample.image, Pixels):
            file.write_bytes(cv2.imencode(".png", decode(sample.image, sample.reading)[..., ::-1])[1].tobytes())
        elif pictures == "link":
            file.symlink_to(os.path.realpath(sample.image))
        else:
            shutil.copyfile(sample.image, file)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _of_each(boxes: Boxes, classes: int) -> Boxes:
    """Return the boxes with a crowd of each class in the place of one of every class."""
    spread = [
        (xyxy, each, crowd, polygon)
        for xyxy, label, crowd, polygon in _objects(boxes)
        for each in (range(classes) if label == CROWD else (label,))
    ]
    if not spread:
        return boxes
    xyxys, labels, crowds, polygons = zip(*spread, strict=True)
    if isinstance(boxes, Polygons):
        return Polygons(xyxys, labels, crowds, polygons)
    return Boxes(xyxys, labels, crowds)


def _objects(boxes: Boxes) -> Iterator[tuple[tuple[float, float, float, float], int, bool, Polygon]]:
    """Yield box, label, crowd and polygon of each object; one without rings where there is none."""
    yield from zip(boxes.xyxy, boxes.labels, boxes.crowd, boxes.polygons or repeat(Polygon(), len(boxes)), strict=True)


def _annotations(boxes: Boxes, size: tuple[int, int]) -> list[dict[str, Any]]:
    return [
        {
            "category_id": label + 1,
            "bbox": [left, top, right - left, bottom - top],
            "area": (right - left) * (bottom - top),
            "iscrowd": int(crowd),
            **(coco_fields(polygon, size) if isinstance(boxes, Polygons) else {}),
        }
        for (left, top, right, bottom), label, crowd, polygon in _objects(boxes)
    ]


def _fractions(xyxy: tuple[float, ...], width: int, height: int) -> tuple[float, ...]:
    left, top, right, bottom = xyxy
    centre = ((left + right) / 2 / width, (top + bottom) / 2 / height)
    return (*centre, (right - left) / width, (bottom - top) / height)


def _ring_fractions(polygon: Polygon, size: tuple[int, int]) -> list[float]:
    fractions: list[float] = (one_ring(polygon, size).astype(np.float64) / size).ravel().tolist()
    return fractions
