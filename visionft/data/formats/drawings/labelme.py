"""labelme: a JSON file of shapes beside each image.

Source: github.com/wkentaro/labelme, label_file.py and shape.py; AnyLabeling and X-AnyLabeling write the same.
"""

import json
import math
from base64 import b64decode
from binascii import Error
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from visionft.data.formats.drawings.drawing import Drawing, DrawnShape, Point, ellipse, rectangle
from visionft.data.formats.drawings.embedded import EmbeddedImage
from visionft.data.formats.drawings.finding import DrawnImages, tell, tell_without_split
from visionft.data.formats.drawings.formats import formats_of, kind_of_drawings
from visionft.data.naming import shorten, split_above
from visionft.data.records import Problem
from visionft.data.walk import images_below
from visionft.errors import DataError
from visionft.imaging import MAX_PIXELS
from visionft.imaging.regular_file import read_regular_file

_LOOKED_AT = 5  # files that are none may lie beside, such as the tool's settings
_MARK = b'"shapes"'
_POLYGONS = ("polygon", "rotation", "oriented_rectangle", "quadrilateral")
_NO_AREA = ("point", "points", "line", "linestrip")


def labelme_files(path: Path) -> list[Path]:
    """Return the JSON files of a folder, if the first are labelme's; or the path itself, if it is such a file."""
    files = [path] if path.is_file() else sorted(images_below(path, [])[1])
    files = [file for file in files if file.suffix.lower() == ".json"]
    return files if any(map(_is_labelme, files[:_LOOKED_AT])) else []


def labelme_kind(files: Sequence[Path]) -> str:
    """Return which format reads files of labelme when nobody says what is wanted."""
    drawings = [_drawing(data, file, file, []) for file in files if (data := _load(file)) is not None]
    kind = kind_of_drawings(drawings)
    return "labelme" if kind == "boxes" else f"labelme_{kind}"


def read_labelme(path: Path, images_in: str | None, problems: list[Problem]) -> list[Drawing]:
    """Read the files of labelme; arguments and errors as of ``formats.Reads``."""
    root = path if path.is_dir() else path.parent
    files = labelme_files(path)
    if not files:
        raise DataError(f"{path}: no JSON file of labelme, which has shapes and imagePath")
    images = DrawnImages(root, images_in)
    found: dict[Path, Drawing] = {}
    embedded: list[Drawing] = []
    damaged: list[str] = []
    alone: list[str] = []
    again: list[str] = []
    without_area: list[str] = []
    for file in files:
        data = _load(file)
        if data is None:
            damaged.append(file.name)
            continue
        stated = data.get("imagePath") if isinstance(data.get("imagePath"), str) else ""
        image = images.find(stated or "", file) or images.find(file.stem, file)
        drawing = _drawing(data, file, root, without_area)
        if image is None and data.get("imageData"):
            embedded.append(replace(drawing, image=EmbeddedImage(file, drawing.id)))
        elif image is None:
            alone.append(file.name)
        elif image in found:
            again.append(file.name)
        else:
            name = image.relative_to(root) if image.is_relative_to(root) else Path(image.name)
            found[image] = replace(drawing, id=name.as_posix(), image=image, split=split_above(name))
    left = "left out"
    tell(root, damaged, f"JSON file is not labelme's; {left}", f"JSON files are not labelme's; {left}", problems)
    tell(root, alone, f"JSON file has no image; {left}", f"JSON files have no image; {left}", problems)
    what = "of an image that has one already"
    tell(root, again, f"JSON file is {what}; {left}", f"JSON files are {what}; {left}", problems)
    what = "no area, as points and lines have none"
    tell(root, without_area, f"shape has {what}; {left}", f"shapes have {what}; {left}", problems)
    names = [drawing.id for drawing in embedded]
    what = "inside the JSON files, which are opened again and again; labelme_export_json writes files"
    tell(root, names, f"image is {what}", f"images are {what}", problems)
    if path.is_dir():
        images.tell_unlisted(set(found), "no JSON file", root, problems)
    drawings = [found[image] for image in sorted(found)] + embedded
    tell_without_split({drawing.id: drawing.split for drawing in drawings}, root, problems)
    return drawings


Labelme, LabelmePolygons, LabelmeMasks, LabelmeLabels, LabelmeClasses = formats_of(
    "labelme",
    read_labelme,
    "JSON files of labelme, beside the images or anywhere below: {makes}.\n\n"
    "Shapes of one class and group are one object. Points and lines have no area and are left out, told. An image that "
    "is nowhere is taken from the JSON file (``imageData``). Images without a JSON file are left out: nobody looked at "
    "them.",
)


def _is_labelme(file: Path) -> bool:
    try:
        return _MARK in read_regular_file(file) and _load(file) is not None
    except OSError:
        return False


def _load(file: Path) -> dict[str, Any] | None:
    """Return what a file of labelme says; None of another one."""
    try:
        data = json.loads(read_regular_file(file).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    named = isinstance(data, dict) and ("imagePath" in data or "imageData" in data or "imageHeight" in data)
    return data if named and isinstance(data.get("shapes"), list) else None


def _drawing(data: Mapping[str, Any], file: Path, root: Path, without_area: list[str]) -> Drawing:
    """Return what is drawn, as if the image had the name of its file."""
    name = file.relative_to(root) if file.is_relative_to(root) and file != root else Path(file.name)
    flags = data.get("flags")
    tags = tuple(flag for flag, on in flags.items() if on is True) if isinstance(flags, dict) else ()
    size = (data.get("imageWidth"), data.get("imageHeight"))
    width, height = (side if type(side) is int and side > 0 else 0 for side in size)
    shapes = _shapes(data["shapes"], file, without_area)
    return Drawing(
        name.as_posix(),
        file,
        str(file),
        (width, height) if width * height else None,
        split_above(name),
        shapes,
        tags,
    )


def _shapes(items: list[Any], file: Path, without_area: list[str]) -> tuple[DrawnShape, ...]:
    """Return the shapes; those of one class and group, such as parts of one object, put together."""
    groups: dict[object, list[DrawnShape]] = defaultdict(list)
    for number, item in enumerate(items, start=1):
        kind = item.get("shape_type") or "polygon" if isinstance(item, dict) else None
        if kind in _NO_AREA:
            without_area.append(f"{file.name}: shape {number} ({kind})")
            continue
        shape = _shape(str(number), item)
        group = item.get("group_id") if isinstance(item, dict) else None
        alone = group is None or shape.fault or shape.mask is not None
        groups[number if alone else (shape.name, str(group))].append(shape)
    return tuple(
        replace(several[0], parts=tuple(part for shape in several for part in shape.parts), is_box=False)
        if len(several) > 1
        else several[0]
        for several in groups.values()
    )


def _shape(number: str, item: Any) -> DrawnShape:
    if not isinstance(item, dict):
        return DrawnShape(number, "", fault=f"is {shorten(item)}, and no shape")
    label = item.get("label")
    shape = DrawnShape(number, label.strip() if isinstance(label, str) else "" if label is None else str(label))
    kind = item.get("shape_type") or "polygon"
    points = _points(item.get("points"))
    if points is None:
        return replace(shape, fault="has a point that is none")
    if kind == "rectangle" and len(points) in (2, 4):
        upright = rectangle(points[0], points[2] if len(points) == 4 else points[1])
        return replace(
            shape, parts=(upright if len(points) == 2 else tuple(points),), is_box=set(upright) >= set(points)
        )
    if kind == "circle" and len(points) == 2:
        radius = math.dist(*points)
        return replace(shape, parts=(ellipse(points[0], (radius, radius)),))
    if kind == "mask" and points:
        return _with_mask(shape, item.get("mask"), points[0])
    if kind in _POLYGONS and len(points) >= 3:
        return replace(shape, parts=(tuple(points),))
    return replace(shape, fault=f"is a {kind} of {len(points)} points")


def _with_mask(shape: DrawnShape, encoded: Any, corner: Point) -> DrawnShape:
    """Add a mask, which labelme stores as the PNG of its box."""
    try:
        png = np.frombuffer(b64decode(encoded), np.uint8)
        pixels = cv2.imdecode(png, cv2.IMREAD_GRAYSCALE)
    except (TypeError, Error, cv2.error):
        pixels = None
    if pixels is None or pixels.size > MAX_PIXELS:
        return replace(shape, fault="has a mask that cannot be read")
    return replace(shape, mask=(max(0, round(corner[0])), max(0, round(corner[1])), pixels > 0))


def _points(points: Any) -> list[Point] | None:
    try:
        found = [(float(x), float(y)) for x, y in points]
    except (TypeError, ValueError):
        return None
    return found if all(map(math.isfinite, (number for point in found for number in point))) else None
