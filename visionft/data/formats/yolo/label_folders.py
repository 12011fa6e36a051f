"""Where the label files of images lie.

===============================  ================================================================================
``images/train labels/train``    the same path with ``labels``, or another such name, in the place of ``images``
``train/images train/labels``    likewise
``photos labels``                beside the folder of the images, or in it
``x.jpg x.txt``                  in one folder; also ``x.jpg.txt``
===============================  ================================================================================

Names may differ in letter case.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from visionft.data.file_finder import spelling
from visionft.data.formats.masks.layout import IMAGE_FOLDERS
from visionft.data.formats.yolo.names import NAME_FILES
from visionft.data.naming import is_junk
from visionft.imaging import IMAGE_EXTENSIONS

_LABEL_FOLDERS = (
    "labels",
    "label",
    "annotations",
    "annotation",
    "labeltxt",
    "labels_txt",
    "txt",
    "txts",
    "yolo",
    "yolo_labels",
    "labels_yolo",
    "label_2",  # KITTI's, beside image_2
)


class _Listed(NamedTuple):
    """What lies in a folder: folders by their name, text files by the name without extension, stems of images."""

    folders: dict[str, Path]
    texts: dict[str, Path]
    images: frozenset[str]


class LabelFolders:
    """Finds the label files of images, each folder listed once.

    Args:
        base: a folder in which label files may lie as well.
    """

    def __init__(self, base: Path) -> None:
        self._base = base
        self._listed: dict[Path, _Listed] = {}
        self._of: dict[Path, Path] = {}

    def folder_of(self, images: Path) -> Path:
        """Return the folder of the labels of images in a folder: the images' own where there is no other."""
        if images not in self._of:
            self._of[images] = self._find(images)
        return self._of[images]

    def file_of(self, image: Path) -> Path:
        """Return where an image's label file is, or should be."""
        folder = self.folder_of(image.parent)
        texts = self._list(folder).texts
        for name in (image.name, image.stem):
            found = texts.get(f"={name}") or texts.get(spelling(name))
            if found is not None:
                return found
        return folder / f"{image.stem}.txt"

    def used(self) -> list[Path]:
        """Return the folders of labels that were asked for, each once."""
        return list(dict.fromkeys(self._of.values()))

    def texts_in(self, folder: Path) -> list[Path]:
        """Return the text files of a folder that are no lists of names."""
        files = {file for file in self._list(folder).texts.values() if file.name.casefold() not in NAME_FILES}
        return sorted(files)

    def _find(self, images: Path) -> Path:
        stems = self._list(images).images
        first = None
        for place in self._candidates(images):
            texts = self._list(place).texts
            if not stems.isdisjoint(texts):
                return place
            if first is None and place != images:
                first = place
        return self._beside(images) or first or images

    def _beside(self, images: Path) -> Path | None:
        """Return the only folder beside that of images, called anyhow, in which most have a text file."""
        if images.name.casefold() not in IMAGE_FOLDERS:
            return None
        stems = self._list(images).images
        folders = [place for place in self._list(images.parent).folders.values() if place != images]
        most = [place for place in folders if 4 * len(stems & self._list(place).texts.keys()) >= len(stems) > 0]
        return most[0] if len(most) == 1 else None

    def _candidates(self, images: Path) -> Iterator[Path]:
        parts = images.parts
        for at in reversed(range(len(parts))):
            if parts[at].casefold() in IMAGE_FOLDERS:
                below = parts[at + 1 :]
                for rest in (below, ()) if below else (below,):
                    for above in dict.fromkeys((Path(*parts[:at]), self._base)):
                        yield from self._labels_in(above, rest)
        yield from self._labels_in(images, ())
        yield images
        for depth in range(1, min(3, len(parts))):
            rest = parts[len(parts) - depth :]
            for below in (rest, rest[1:]):
                yield from self._labels_in(Path(*parts[: len(parts) - depth]), below)

    def _labels_in(self, above: Path, below: tuple[str, ...]) -> Iterator[Path]:
        subfolders = self._list(above).folders
        for name in _LABEL_FOLDERS:
            place = subfolders.get(name)
            for part in below:
                place = self._list(place).folders.get(spelling(part)) if place is not None else None
            if place is not None:
                yield place

    def _list(self, folder: Path) -> _Listed:
        if folder not in self._listed:
            self._listed[folder] = _list(folder)
        return self._listed[folder]


def _list(folder: Path) -> _Listed:
    folders: dict[str, Path] = {}
    texts: dict[str, Path] = {}
    images: set[str] = set()
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208  # names suffice
    except OSError:
        names = []
    for name in names:
        stem, extension = os.path.splitext(name)  # noqa: PTH122  # of many thousand names
        extension = extension.lower()
        if is_junk(name):
            continue
        if extension == ".txt":
            texts[f"={stem}"] = texts[spelling(stem)] = folder / name
        elif extension in IMAGE_EXTENSIONS:
            images.update((spelling(stem), spelling(name)))
        elif (folder / name).is_dir():
            folders[spelling(name)] = folder / name
    return _Listed(folders, texts, frozenset(images))
