"""The annotation files of a data set, read together."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import NamedTuple

from visionft.data.formats.coco.file import Annotation, CocoFile, read_file
from visionft.data.formats.coco.find import find_files
from visionft.data.formats.coco.numbers import Key, order
from visionft.data.formats.coco.pictures import CocoImage
from visionft.data.formats.coco.unlisted import tell_unlisted
from visionft.data.listing import Entry, LabelOptions
from visionft.data.naming import counted, some, split_above
from visionft.data.records import Problem
from visionft.data.targets.raw import RawTarget
from visionft.errors import DataError


class CocoFiles(NamedTuple):
    """Annotation files that belong together.

    Attributes:
        root: the folder that names of images begin in.
        name: a short name for people.
        files: in order; a picture that several files of one split list is in the first of them, with all annotations.
        categories: id -> name over all files, in order of id.
        problems: what was found on the way.
    """

    root: Path
    name: str
    files: tuple[CocoFile, ...]
    categories: Mapping[Key, str]
    problems: tuple[Problem, ...]

    def entries(self, target: Callable[[CocoFile, CocoImage], RawTarget]) -> tuple[Entry, ...]:
        """Return the images with their targets and splits: those that files state, where there are several, or folders.

        Args:
            target: makes the target of an image.
        """
        result = []
        for file in self.files:
            for image in file.images:
                name = PurePath(os.path.relpath(image.path, self.root))
                split = (file.split if len(self.files) > 1 else None) or split_above(name)
                result.append(Entry(name.as_posix(), image.path, target(file, image), split))
        return tuple(result)


def read_files(path: Path | None, options: LabelOptions) -> CocoFiles:
    """Read the annotation files of a path.

    Args:
        path: a JSON file, or a folder that holds some.
        options: what the user says of images and classes.

    Raises:
        DataError: when there are none, one cannot be read, or their categories contradict each other.
    """
    if path is None:
        raise DataError("no path to the annotations; give a COCO JSON file, or the folder that holds some")
    root = path if path.is_dir() else None
    found = find_files(path)
    files = [read_file(file, options, root) for file in found.files]
    problems = [*found.problems, *(problem for file in files for problem in file.problems)]
    problems += tell_unlisted(files, root) if options.images is None else []
    if empty := [file for file in files if not file.annotations]:
        files = [file for file in files if file.annotations] or files
        if files != empty:
            problems += [Problem(str(file.path), _EMPTY.format(len(file.images))) for file in empty]
    files = _numbered_alike(files, options, problems)
    files = _each_picture_once(files, problems)
    categories = merge_categories(files)
    root_id = _empty_root(files, categories) if options.classes is None else None
    if root_id is not None and root_id not in options.ignore:
        what = "is left out: no annotation has it, and it is the supercategory of all others"
        problems.append(Problem("classes", f"{categories.pop(root_id)!r} {what}"))
    where = path if path.is_dir() else path.parent
    return CocoFiles(where, path.resolve().stem, tuple(files), categories, tuple(problems))


_EMPTY = "has no annotations, so nothing tells what its {} images show; left out"


def merge_categories(files: Iterable[CocoFile]) -> dict[Key, str]:
    """Return id -> name over all files, in order of id.

    Raises:
        DataError: when an id has two names.
    """
    merged: dict[Key, str] = {}
    for file in files:
        for number, name in file.categories.items():
            if merged.setdefault(number, name) != name:
                raise DataError(
                    f"{file.path}: category {number} is {name!r} here and {merged[number]!r} in another file; "
                    "files that are read together need the same categories"
                )
    return dict(sorted(merged.items(), key=lambda item: order(item[0])))


def _numbered_alike(files: list[CocoFile], options: LabelOptions, problems: list[Problem]) -> list[CocoFile]:
    """Return files of the same categories with the ids of the one that has most; others as they are."""
    try:
        merge_categories(files)
    except DataError:
        most = max(files, key=lambda file: len(file.categories))
        id_of = {name: number for number, name in most.categories.items()}
        alike = all(set(file.categories.values()) <= set(id_of) for file in files)
        if not alike or len(id_of) < len(most.categories) or options.ignore or isinstance(options.classes, Mapping):
            return files  # which are refused
        what = f"the files give categories different ids, and are matched by name, as {most.path.name} numbers them"
        problems.append(Problem("classes", what))
        return [_renumbered(file, id_of) for file in files]
    return files


def _renumbered(file: CocoFile, id_of: Mapping[str, Key]) -> CocoFile:
    new = {number: id_of[name] for number, name in file.categories.items()}
    annotations: dict[Key, list[Annotation]] = {
        image: [{**one, "category_id": new.get(one["category_id"])} for one in several]
        for image, several in file.annotations.items()
    }
    parents = {new[number]: parent for number, parent in file.parents.items()}
    categories = {id_of[name]: name for name in file.categories.values()}
    return replace(file, annotations=annotations, categories=categories, parents=parents)


def _each_picture_once(files: list[CocoFile], problems: list[Problem]) -> list[CocoFile]:
    """Return files of which a picture is in one only: the first, which gets the annotations of others of its split."""
    if len(files) == 1:
        return files
    owners: dict[Path, tuple[CocoFile, Key, dict[Key, list[Annotation]]]] = {}
    once = []
    for file in sorted(files, key=lambda file: file.split is None):  # a stated split counts
        annotations = {image: list(several) for image, several in file.annotations.items()}
        kept, together, dropped = [], [], []
        for image in file.images:
            owner = owners.setdefault(image.path, (file, image.id, annotations))
            if owner[0] is file:
                kept.append(image)
            elif file.split in (None, owner[0].split):
                owner[2].setdefault(owner[1], []).extend(annotations.get(image.id, []))
                together.append(image.path.name)
            else:
                dropped.append(image.path.name)
        if together:
            listed = counted(len(together), "picture is", "pictures are")
            what = f"{listed} in another file too; the annotations of both count: {some(together)}"
            problems.append(Problem(str(file.path), what))
        if dropped:
            listed = counted(len(dropped), "image is", "images are")
            what = f"{listed} listed again, in another split; the first time counts: {some(dropped)}"
            problems.append(Problem(str(file.path), what))
        once.append(replace(file, images=tuple(kept), annotations=annotations))
    return once


def _empty_root(files: list[CocoFile], categories: Mapping[Key, str]) -> Key | None:
    """Return the category that no annotation has and every other names as its supercategory; Roboflow writes one."""
    used = {one.get("category_id") for file in files for several in file.annotations.values() for one in several}
    parents = {number: parent for file in files for number, parent in file.parents.items()}
    for root in categories.keys() - used:
        others = categories.keys() - {root}
        if others and all(parents.get(other) == categories[root] for other in others):
            return root
    return None
