"""Which JSON files of a folder are COCO annotations. They are recognised by their content, without being read."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from visionft.data.formats.coco.names import holds_annotations, split_of_file
from visionft.data.formats.coco.sniff import Kind, kind_of
from visionft.data.naming import is_junk, some, split_of
from visionft.data.records import Problem
from visionft.errors import DataError

_MANY_FOLDERS, _MANY_FILES = 30, 50


class Found(NamedTuple):
    """Annotation files, in order, and what is to be told of others."""

    files: list[Path]
    problems: list[Problem]


def find_files(path: Path) -> Found:
    """Return the annotation files of a path.

    Args:
        path: a JSON file; or a folder, in which and in whose folders they are looked for. Where some of a
            folder are called ``instances...``, only those count; where some are splits, only those.

    Raises:
        DataError: when there are none.
    """
    if path.is_file():
        return Found([path], [])
    if not path.is_dir():
        raise DataError(f"{path}: no such file or folder; give a COCO JSON file, or the folder that holds some")
    found = {file: kind_of(file) for file in _json_files(path)}
    if not found:
        raise DataError(f"{path}: no .json file here, in annotations/ or in split folders; give the COCO JSON file")
    files = _chosen(found)
    if not files:
        raise DataError(f"{path}: no COCO file among {some(_names(found, path))}; {_A_FILE}")
    problems = []
    stated = [file for file in files if split_of_file(file)]
    others = [file for file in files if file not in stated] if len(stated) > 1 else []
    if others:
        files = stated
        what = f"no split like {some(_names(stated, path))}, so not read: {some(_names(others, path))}"
        problems.append(Problem(str(path), f"{what}; to read one of them instead, give that file"))
    if beside := [file for file, kind in found.items() if kind == "objects" and file not in {*files, *others}]:
        problems.append(
            Problem(str(path), f"instances are read, and not the files beside them: {some(_names(beside, path))}")
        )
    if parts := [file for file, kind in found.items() if kind == "part" and file not in files]:
        what = f"files without a list of images, or one of annotations, are not read: {some(_names(parts, path))}"
        problems.append(Problem(str(path), what))
    return Found(files, problems)


_A_FILE = "a COCO file is an object with the lists images, annotations and categories"


def coco_files(path: Path) -> list[Path]:
    """Return the annotation files of a folder, or COCO's files of another kind; nothing where there are none.

    Those that label whole images are none: pictures of that kind lie in folders of classes.
    """
    found = {file: kind_of(file) for file in _json_files(path)}
    return _chosen({file: kind for file, kind in found.items() if kind != "labels"})


def _chosen(found: Mapping[Path, Kind]) -> list[Path]:
    """Return the files about objects; where there are none those of other kinds, whose reader says what to do."""
    objects = [file for file, kind in found.items() if kind == "objects"]
    beside = {file.parent for file in objects if _is_instances(file)}
    chosen = [file for file in objects if _is_instances(file) or file.parent not in beside]
    return chosen or [file for file, kind in found.items() if kind]


def _is_instances(file: Path) -> bool:
    return file.name.startswith("instances")


def _json_files(root: Path) -> Iterator[Path]:
    """Yield the JSON files of a folder, of those in it, and of such as job/annotations or annotations/train."""
    files, children = _look_into(root)
    yield from files
    for child in children:
        files, grandchildren = _look_into(child)
        yield from files
        for one in grandchildren:
            if len(children) == 1 or _may_hold(child) or _may_hold(one):
                yield from _look_into(one)[0]


def _look_into(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the JSON files in a folder, and the folders in it.

    Of very many files the largest are looked at, since each picture then has one of its own; of many folders those that
    are called as annotations or splits are.
    """
    files, inner = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if is_junk(entry.name):
                    continue
                if entry.name.casefold().endswith(".json") and entry.is_file():
                    files.append((-entry.stat().st_size, Path(entry.path)))
                elif entry.is_dir():
                    inner.append(Path(entry.path))
    except OSError:  # told by whoever reads the pictures
        return [], []
    if len(inner) > _MANY_FOLDERS:
        inner = list(filter(_may_hold, inner))
    return sorted(path for _, path in sorted(files)[:_MANY_FILES]), sorted(inner)


def _may_hold(folder: Path) -> bool:
    return holds_annotations(folder.name) or split_of(folder.name) is not None


def _names(files: Iterable[Path], root: Path) -> list[str]:
    return [file.relative_to(root).as_posix() for file in files]
