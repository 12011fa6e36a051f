"""Pictures that lie beside those of annotation files and are in none of them."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from visionft.data.formats.coco.file import CocoFile
from visionft.data.naming import counted, is_junk, some, split_of
from visionft.data.records import Problem
from visionft.imaging import IMAGE_EXTENSIONS


def tell_unlisted(files: Sequence[CocoFile], root: Path | None) -> Iterator[Problem]:
    """Yield a problem for each folder with images that no file lists: those of listed images, and splits beside.

    Args:
        files: all that are read.
        root: the folder that the user named; None where it was a file.
    """
    listed: dict[Path, set[str]] = defaultdict(set)
    for file in files:
        for image in file.images:
            listed[image.path.parent].add(image.path.name)
    beside = [] if root is None else _split_folders_beside([*listed, *(file.path.parent for file in files)], root)
    for folder in dict.fromkeys([*listed, *beside]):
        if names := sorted(name for name in _images_in(folder) if name not in listed.get(folder, ())):
            what = f"{counted(len(names), 'image is', 'images are')} in no JSON file, and left out: {some(names)}"
            yield Problem(str(folder), what)


def _split_folders_beside(folders: Iterable[Path], root: Path) -> list[Path]:
    """Return split folders beside some folders, and the images folders in them."""
    found: list[Path] = []
    for above in dict.fromkeys(folder.parent for folder in folders if folder != root and folder.is_relative_to(root)):
        for one in sorted(above.iterdir()) if above.is_dir() else ():
            if split_of(one.name) and one.is_dir():
                found += [one, *(inner for inner in [one / "images"] if inner.is_dir())]
    return found


def _images_in(folder: Path) -> list[str]:
    try:
        names = os.listdir(folder)  # noqa: PTH208  # names suffice
    except OSError:  # told where images are missing
        return []
    return [name for name in names if os.path.splitext(name)[1].lower() in IMAGE_EXTENSIONS and not is_junk(name)]  # noqa: PTH122
