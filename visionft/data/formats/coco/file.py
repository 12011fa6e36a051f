"""Finding and reading COCO annotation files; the images they name are searched for around them."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from visionft.data.listing import Entry
from visionft.data.naming import counted, is_junk, some, split_above, split_of
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.errors import DataError
from visionft.imaging import MAX_PIXELS
from visionft.imaging.regular_file import read_regular_file


@dataclass(frozen=True, slots=True)
class CocoImage:
    """One entry of ``images``; height and width in pixels."""

    id: int | str
    path: Path
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class CocoFile:
    """What an annotation file says.

    Attributes:
        path: the JSON file.
        split: the part of the data that its name, or its folder's, tells.
        images: in the file's order.
        annotations: image id -> its annotations, as they are.
        categories: id -> name.
        folders: where its images were looked for.
    """

    path: Path
    split: Split | None
    images: tuple[CocoImage, ...]
    annotations: Mapping[int | str, list[dict[str, Any]]]
    categories: Mapping[int, str]
    folders: tuple[Path, ...]


def find_files(path: Path) -> list[Path]:
    """Return the annotation files of a path, in order.

    Args:
        path: a JSON file; or a folder, in which, in whose ``annotations`` and in whose split folders JSON files are
            looked for. Where some are called ``instances...``, only those count.

    Raises:
        DataError: when there are none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"{path}: no such file or folder; give a COCO JSON file, or the folder that holds some")
    folders = [path, *(folder for folder in sorted(path.iterdir()) if folder.is_dir() and _may_hold(folder.name))]
    files = [file for folder in folders for file in sorted(folder.glob("*.json")) if not is_junk(file.name)]
    instances = [file for file in files if file.name.startswith("instances")]
    if not files:
        raise DataError(f"{path}: no .json file here, in annotations/ or in split folders; give the COCO JSON file")
    return instances or files


def _may_hold(name: str) -> bool:
    return name.casefold() in ("annotations", "annotation") or split_of(name) is not None


def read_file(path: Path, images_in: str | None = None) -> CocoFile:
    """Read an annotation file.

    Args:
        path: the JSON file.
        images_in: the folder of its images, relative to the file; None looks around the file.

    Raises:
        DataError: when it cannot be read or is no COCO file, or there is no such folder.
    """
    try:
        data = json.loads(read_regular_file(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: is not JSON ({error})") from error
    folders = _image_folders(path) if images_in is None else [_given_folder(path, images_in)]
    images = [
        CocoImage(image["id"], _find(image["file_name"], folders), *_size(image, path))
        for image in _objects(data, "images", {"id": (int, str), "file_name": str, "height": int, "width": int}, path)
    ]
    annotations: dict[int | str, list[dict[str, Any]]] = defaultdict(list)
    for annotation in _objects(data, "annotations", {"image_id": (int, str), "category_id": int}, path):
        annotations[annotation["image_id"]].append(annotation)
    fields = {"id": int, "name": str}
    categories = {item["id"]: item["name"] for item in _objects(data, "categories", fields, path)}
    return CocoFile(path, _split(path), tuple(images), annotations, categories, tuple(folders))


def _objects(data: Any, key: str, fields: Mapping[str, type | tuple[type, ...]], path: Path) -> list[dict[str, Any]]:
    """Return a list of the file after checking that each object has its fields."""
    found = data.get(key) if isinstance(data, dict) else None
    if not isinstance(found, list):
        raise DataError(f"{path}: has no list {key!r}; a COCO file has images, annotations and categories")
    for number, item in enumerate(found):
        for field, kind in fields.items():
            if not isinstance(item, dict) or not isinstance(item.get(field), kind):
                value = item.get(field) if isinstance(item, dict) else item
                raise DataError(f"{path}: {key}[{number}].{field}: found {value!r}, which COCO does not allow")
    return found


def _size(image: Mapping[str, Any], path: Path) -> tuple[int, int]:
    height, width = image["height"], image["width"]
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise DataError(f"{path}: image {image['file_name']!r} has {width} x {height} pixels; at most {MAX_PIXELS:,}")
    return height, width


def _split(path: Path) -> Split | None:
    words = [*re.split(r"[_\-. ]+", path.stem), path.parent.name]
    return next((split for word in words if (split := split_of(word))), None)


def _image_folders(path: Path) -> list[Path]:
    """Return where images may be: here, in images, or above, in a folder that the file's name names (train2017)."""
    here, above = path.parent, path.parent.parent
    words = [word for word in re.split(r"[_\-. ]+", path.stem) if split_of(word)]
    named = [folder / word for word in words for folder in (here, here / "images", above, above / "images")]
    return [folder for folder in (here, here / "images", *named, above, above / "images") if folder.is_dir()]


def _given_folder(path: Path, name: str) -> Path:
    folder = path.parent / name
    if not folder.is_dir():
        raise DataError(
            f"data.images: {folder}: no such folder; give the folder of the images, relative to the JSON file"
        )
    return folder


def _find(file_name: str, folders: list[Path]) -> Path:
    """Return where an image is; where the first folder says it should be, if it is nowhere."""
    name = PurePosixPath(file_name.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or re.match(r"[A-Za-z]:", str(name)):  # of the author's machine
        name = PurePosixPath(name.name)
    candidates = [folder / part for part in dict.fromkeys((name, PurePosixPath(name.name))) for folder in folders]
    found = next((path for path in candidates if path.is_file()), folders[0] / name)
    return Path(os.path.normpath(found))


def find_strays(file: CocoFile) -> Iterator[Problem]:
    """Yield problems for images without a file, and for annotations without an image."""
    if missing := [image.path.name for image in file.images if not image.path.is_file()]:
        pictures = counted(len(missing), "picture is", "pictures are")
        what = f"{pictures} in none of the folders {some(map(str, file.folders), 20)}: {some(missing)}"
        yield Problem(str(file.path), f"{what}; data.images may name their folder, relative to the JSON file")
    known = {image.id for image in file.images}
    if strays := sum(len(several) for image_id, several in file.annotations.items() if image_id not in known):
        belong = counted(strays, "annotation belongs", "annotations belong")
        yield Problem(str(file.path), f"{belong} to no image of the file; left out")


def name_and_split(file: CocoFile, image: CocoImage, root: Path, *, with_split: bool) -> tuple[str, Split | None]:
    """Return an image's path below a folder, and its split: the file's where it counts, or that of its folders."""
    name = PurePath(os.path.relpath(image.path, root)).as_posix()
    return name, (file.split if with_split else None) or split_above(PurePath(name))


def add_once(entries: dict[str, Entry], listed: Iterable[Entry], file: CocoFile, problems: list[Problem]) -> None:
    """Add a file's entries to those of others by id; tell of images that are listed again."""
    again = [entry.id for entry in listed if entries.setdefault(entry.id, entry) is not entry]
    if again:
        what = f"{counted(len(again), 'image is', 'images are')} listed again; the first time counts: {some(again)}"
        problems.append(Problem(str(file.path), what))
