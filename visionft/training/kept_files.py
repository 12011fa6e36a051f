"""Views that lie in files and are mapped into memory, so that several processes and runs share them.

A view is a folder of its own, which has its name only when it is whole:

    KEY/kept-0.bin            rows of the first tensor that is kept, one image after the other
    KEY/targets.safetensors   what is to be learned from the images as they look in this view
    KEY/view.json             which images
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.utils._pytree import TreeSpec, tree_leaves, tree_unflatten

from visionft.atomic import read_json, sync, write_json, write_tensors
from visionft.errors import CheckpointError

Form = tuple[tuple[int, ...], torch.dtype]
"""Shape of an image's rows, and type."""

_FACTS, _TARGETS = "view.json", "targets.safetensors"


@dataclass(frozen=True, slots=True)
class View:
    """All images as they look once: what is kept, with the images on axis 0, and whose.

    Attributes:
        kept: what the frozen layers hand on.
        targets: as in ``Batch``, of all images.
        ids: of the samples, in the order of the rows.
    """

    kept: tuple[Tensor, ...]
    targets: Any
    ids: tuple[str, ...]


class KeptFiles:
    """Reads and writes views in a folder.

    Args:
        folder: is made where it is missing.
        limit: most bytes in it; views that were used longest ago are removed for new ones.
        forms: of the tensors that are kept.
        structure: of the targets.

    Raises:
        CheckpointError: when the folder cannot be written.
    """

    def __init__(self, folder: Path, limit: float, forms: Sequence[Form], structure: TreeSpec) -> None:
        self._folder = folder
        self._limit = limit
        self._forms = forms
        self._structure = structure
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CheckpointError(f"{folder}: cannot be made: {error.strerror}; set cache.folder to another") from error

    def open(self, key: str) -> View | None:
        """Return a view that is there and whole, else None."""
        place = self._folder / key
        try:
            facts = read_json(place / _FACTS)
            leaves = load_file(place / _TARGETS)
            ids = tuple(facts["ids"])
            sizes = [(place / f"kept-{number}.bin").stat().st_size for number in range(len(self._forms))]
            if facts["forms"] != _in_words(self._forms) or sizes != self._sizes(len(ids)):
                return None
            kept = self._mapped(place, len(ids), shared=False)
            os.utime(place / _FACTS)  # it was used now
        except (OSError, CheckpointError, SafetensorError, KeyError, TypeError):
            return None  # it is made again
        return View(kept, tree_unflatten([leaves[str(n)] for n in range(len(leaves))], self._structure), ids)

    def allocate(self, key: str, images: int) -> tuple[Tensor, ...]:
        """Return empty tensors for a view, which are written to files.

        Raises:
            CheckpointError: when there is no room for them.
        """
        self._make_room(sum(self._sizes(images)))
        place = self._unfinished(key)
        shutil.rmtree(place, ignore_errors=True)
        try:
            place.mkdir()
            for number, size in enumerate(self._sizes(images)):
                with (place / f"kept-{number}.bin").open("wb") as file:
                    _fill_up(file.fileno(), size)
        except OSError as error:
            shutil.rmtree(place, ignore_errors=True)
            raise CheckpointError(f"{place.parent}: no room for a view: {error.strerror}") from error
        return self._mapped(place, images, shared=True)

    def finish(self, key: str, view: View) -> View:
        """Give the view its name once it is whole, and return it as it is read."""
        unfinished, place = self._unfinished(key), self._folder / key
        write_tensors(
            unfinished / _TARGETS, {str(n): leaf.contiguous() for n, leaf in enumerate(tree_leaves(view.targets))}
        )
        for number in range(len(self._forms)):
            sync(unfinished / f"kept-{number}.bin")
        write_json(unfinished / _FACTS, {"ids": view.ids, "forms": _in_words(self._forms)})
        shutil.rmtree(place, ignore_errors=True)
        try:
            unfinished.rename(place)
        except OSError:  # another process was quicker
            shutil.rmtree(unfinished, ignore_errors=True)
        sync(self._folder)
        opened = self.open(key)
        if opened is None:
            raise CheckpointError(f"{place}: was written and cannot be read; look after the disk")
        return opened

    def _sizes(self, images: int) -> list[int]:
        """Return the bytes of each file for a number of images."""
        return [images * torch.Size(shape).numel() * dtype.itemsize for shape, dtype in self._forms]

    def _mapped(self, place: Path, images: int, *, shared: bool) -> tuple[Tensor, ...]:
        return tuple(
            torch.from_file(
                str(place / f"kept-{number}.bin"),
                shared=shared,
                size=images * torch.Size(shape).numel(),
                dtype=dtype,
            ).view(images, *shape)
            for number, (shape, dtype) in enumerate(self._forms)
        )

    def _unfinished(self, key: str) -> Path:
        return self._folder / f".{key}.{os.getpid()}"

    def _make_room(self, needed: int) -> None:
        """Remove what other processes left unfinished, and the views that were used longest ago."""
        views = {}
        for place in self._folder.iterdir():
            if place.name.startswith("."):
                if not _runs(place.name.rpartition(".")[2]):
                    shutil.rmtree(place, ignore_errors=True)
            elif (place / _FACTS).is_file():
                views[place] = (place / _FACTS).stat().st_mtime
        sizes = {place: sum(file.stat().st_size for file in place.iterdir()) for place in views}
        for place in sorted(views, key=views.__getitem__):
            if sum(sizes.values()) + needed <= self._limit:
                break
            del sizes[place]
            shutil.rmtree(place, ignore_errors=True)  # whoever has it open keeps its pages


def _fill_up(file: int, size: int) -> None:
    """Give a file its size on the disk: one that fills up later would end the process, since memory cannot say no."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:
        os.truncate(file, size)


def _runs(process: str) -> bool:
    """Return whether a process of this number runs."""
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _in_words(forms: Sequence[Form]) -> list[list[Any]]:
    return [[list(shape), str(dtype)] for shape, dtype in forms]
