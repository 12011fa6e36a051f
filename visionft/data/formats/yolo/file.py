"""The files of YOLO data sets: ``data.yaml``, lists of names, label files. The only reader of YAML among the data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from visionft.data.checks.bad_files import BoxError
from visionft.data.naming import shorten
from visionft.data.raw_boxes import RawBox
from visionft.data.raw_polygons import RawPolygon
from visionft.data.splits import SPLITS, Split
from visionft.data.walk import read_lines
from visionft.errors import DataError
from visionft.imaging.regular_file import read_regular_file

NAME_FILES = ("classes.txt", "obj.names", "labels.txt", "names.txt")
_FARTHEST = 1e4  # images from the corner of this one
_MOST_BYTES = 1 << 18  # of a data.yaml; larger ones describe something else


@dataclass(frozen=True, slots=True)
class YoloFile:
    """What a ``data.yaml`` says.

    Attributes:
        path: the file.
        base: its ``path``, as it stands there; empty without one.
        parts: split -> folders of images and files that list images, as they stand there.
        names: class index -> name.
        keypoints: whether objects have points behind their boxes.
        count: its ``nc``.
    """

    path: Path
    base: str
    parts: Mapping[Split, tuple[str, ...]]
    names: Mapping[int, str]
    keypoints: bool
    count: int | None


def read_yaml(path: Path) -> YoloFile:
    """Read a ``data.yaml``.

    Raises:
        DataError: when it cannot be read or says nothing about classes.
    """
    data = _load(path)
    if not isinstance(data, dict) or not ("names" in data or "nc" in data):
        raise DataError(f"{path}: has no 'names'; a YOLO data file has names, and train and val with their images")
    count = data.get("nc")
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or not 0 < count <= 100_000):
        raise DataError(f"{path}: nc: found {shorten(count)}; it is the number of classes")
    names = _names(data["names"], path) if "names" in data else {i: f"class {i}" for i in range(count or 0)}
    base = data.get("path") or ""
    parts = {split: _parts(data[split], f"{path}: {split}") for split in SPLITS if data.get(split)}
    if not isinstance(base, str):
        raise DataError(f"{path}: path: found {shorten(base)}; it is the folder that train and val lie in")
    return YoloFile(path, base, parts, names, "kpt_shape" in data, count)


def is_data_file(path: Path) -> bool:
    """Return whether a YAML file describes a YOLO data set: it names classes and the images of a split."""
    try:
        data = _load(path)
    except DataError:
        return False
    return isinstance(data, dict) and ("names" in data or "nc" in data) and any(split in data for split in SPLITS)


def write_yaml(path: Path, splits: Sequence[Split], names: Sequence[str]) -> None:
    """Write the ``data.yaml`` of a folder whose images lie in ``images/train`` and so on."""
    import yaml  # other formats do without

    folders: dict[str, str] = {split: f"images/{split}" for split in splits}
    data = {"path": ".", **folders, "names": dict(enumerate(names))}
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")


def read_names(folder: Path) -> dict[int, str]:
    """Return class index -> name from a file of names in a folder or its ``labels``; nothing without one.

    Raises:
        DataError: when the file cannot be read.
    """
    files = (below / name for below in (folder, folder / "labels") for name in NAME_FILES)
    found = next((file for file in files if file.is_file()), None)
    if found is not None:
        return dict(enumerate(line.strip() for line in read_lines(found) if line.strip()))
    for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        data = _load(file)
        if isinstance(data, dict) and "names" in data:
            return _names(data["names"], file)
    return {}


def read_labels(path: Path, *, keypoints: bool = False, with_polygons: bool = False) -> list[tuple[int, RawBox]]:
    """Read the objects of an image: class index and box each, a line per object.

    Args:
        path: lines of ``class x y width height``, or of ``class x0 y0 x1 y1 x2 y2 ...``, the polygon of an object,
            all as fractions of the image's width and height.
        keypoints: what follows the first four numbers are points, and no polygon.
        with_polygons: polygons are kept as such.

    Returns:
        Class index as it stands there, -1 where none can be read, and the box around a polygon.

    Raises:
        BoxError: when the file cannot be read.
    """
    try:
        lines = read_lines(path)
    except DataError as error:
        raise BoxError(str(error), "the label file cannot be read as text") from error
    return [_row(number, line, keypoints, with_polygons) for number, line in enumerate(lines, start=1) if line.strip()]


def has_polygon(path: Path) -> bool:
    """Return whether an object of a label file without points has a polygon; one that cannot be read has none."""
    try:
        return path.is_file() and any(box.polygon.rings for _, box in read_labels(path, with_polygons=True))
    except BoxError:
        return False


def _row(number: int, line: str, keypoints: bool, with_polygons: bool) -> tuple[int, RawBox]:
    shown = repr(line.strip()[:80])
    try:
        category, *numbers = map(float, line.split())
    except ValueError:
        return -1, RawBox(number, (), fault="is not made of numbers", raw=shown)
    if not category.is_integer() or category < 0:
        return -1, RawBox(number, (), fault="does not begin with a class number, 0 or more", raw=shown)
    if keypoints:
        numbers = numbers[:4]
    polygon = RawPolygon()
    if len(numbers) >= 6 and len(numbers) % 2 == 0:
        if with_polygons:
            polygon = _polygon(numbers)
        xs, ys = numbers[::2], numbers[1::2]
        left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
        numbers = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
    if len(numbers) != 4:
        fault = f"has {len(numbers)} numbers behind the class; four are a box, six or more in pairs an outline"
        return int(category), RawBox(number, (), fault=fault, raw=shown)
    return int(category), RawBox(number, tuple(numbers), polygon=polygon)


def _polygon(numbers: Sequence[float]) -> RawPolygon:
    if not all(abs(number) < _FARTHEST for number in numbers):  # false for NaN too
        return RawPolygon(fault="it lies impossibly far outside the image")
    return RawPolygon.of_parts([np.array(numbers, np.float32).reshape(-1, 2)])


def _load(path: Path) -> Any:
    import yaml  # other formats do without

    try:
        text = read_regular_file(path)
        if len(text) > _MOST_BYTES:
            raise DataError(f"{path}: has {len(text):,} bytes, which no YOLO data file needs")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise DataError(
                f"{path}: holds aliases (*name), of which a few bytes can expand to gigabytes; write them out"
            )
        return yaml.safe_load(text)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date that is none
        raise DataError(f"{path}: is not YAML ({' '.join(str(error).split())})") from error


def _names(names: Any, path: Path) -> dict[int, str]:
    if not isinstance(names, list | dict) or not names:
        raise DataError(f"{path}: names: found {shorten(names)}; it is a list of names, or has one for each index")
    found: dict[int, str] = {}
    for key, name in names.items() if isinstance(names, dict) else enumerate(names):
        if isinstance(key, bool) or not str(key).isdecimal():
            raise DataError(f"{path}: names: found the index {key!r}; it is a number from 0")
        if not isinstance(name, str | int | float) or isinstance(name, bool):
            raise DataError(f"{path}: names: {key}: found {shorten(name)}, which is no text; write it in quotes")
        found[int(str(key))] = str(name)
    return dict(sorted(found.items()))


def _parts(value: Any, where: str) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, str) and "\0" not in part for part in parts):
        raise DataError(f"{where}: found {shorten(value)}; it is a folder, a list of folders, or a .txt file")
    return tuple(parts)
