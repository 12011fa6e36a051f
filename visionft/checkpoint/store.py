"""Checkpoints: folders that appear whole under their final name, with a checksum for every file.

checkpoints/000000420/
    model.safetensors       network weights and buffers
    optimizer.safetensors   optimizer state by parameter name
    best.safetensors        best weights of the stage so far (a hard link to the last one where they are the same)
    progress.json           where training stands
    checksums.json          SHA-256 of the others, written last
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from visionft.checkpoint.atomic import checksum, read_json, sync, write_json, write_tensors
from visionft.errors import CheckpointError

KEEP = 2
_TENSORS = ("model", "optimizer", "best")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything that a resumed run needs.

    Attributes:
        model: network state by name.
        optimizer: optimizer state by ``parameter/entry``.
        best: best network state of the stage so far.
        progress: JSON-ready counters and history.
    """

    model: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]
    best: Mapping[str, Tensor]
    progress: Mapping[str, Any]


class CheckpointStore:
    """Writes and finds the checkpoints of one run.

    Args:
        folder: holds one folder per checkpoint, named by the optimizer steps done.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, step: int, checkpoint: Checkpoint, *, best_changed: bool) -> Path:
        """Write a checkpoint, then delete all but the newest two.

        Args:
            step: optimizer steps done in the whole run.
            checkpoint: what to write.
            best_changed: the best weights are not those of the checkpoint before.

        Raises:
            CheckpointError: when the disk does not take it; older checkpoints are untouched.
        """
        try:
            return self._save(step, checkpoint, best_changed)
        except (OSError, SafetensorError) as error:
            raise CheckpointError(
                f"{self._folder}: cannot be written: {error}; --resume goes on from the last one"
            ) from error

    def _save(self, step: int, checkpoint: Checkpoint, best_changed: bool) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        final = self._folder / f"{step:09d}"
        previous = next(iter(self._newest_first()), None)
        partial = self._folder / f".{final.name}.{os.getpid()}.tmp"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        write_tensors(partial / "model.safetensors", checkpoint.model)
        write_tensors(partial / "optimizer.safetensors", checkpoint.optimizer)
        best = partial / "best.safetensors"
        if best_changed or previous is None or not _link(previous / "best.safetensors", best):
            write_tensors(best, checkpoint.best)
        write_json(partial / "progress.json", dict(checkpoint.progress))
        write_json(partial / "checksums.json", {p.name: checksum(p) for p in sorted(partial.iterdir())})
        if final.exists():  # the same step written again, after a resume that did nothing
            shutil.rmtree(final)
        partial.rename(final)
        sync(self._folder)
        for old in self._newest_first()[KEEP:]:
            shutil.rmtree(old)
        return final

    def load_newest(self) -> tuple[Checkpoint | None, list[str]]:
        """Return the newest undamaged checkpoint, and what is wrong with any newer one.

        Damaged ones are renamed, so that nothing takes them for good later.

        Raises:
            CheckpointError: when there are checkpoints and every one is damaged.
        """
        damages: list[str] = []
        for path in self._newest_first():
            try:
                return _read(path), damages
            except CheckpointError as error:
                damages.append(str(error))
                path.rename(path.with_name(f"{path.name}.damaged-{os.getpid()}"))
        if damages:
            raise CheckpointError(
                "\n".join(damages) + "\nno undamaged checkpoint is left; start the run again in a new folder"
            )
        return None, []

    def _newest_first(self) -> list[Path]:
        names = (path for path in self._folder.glob("*") if path.name.isdigit())
        return sorted(names, key=lambda path: int(path.name), reverse=True)


def _read(path: Path) -> Checkpoint:
    expected = read_json(path / "checksums.json")
    for name, digest in expected.items():
        file = path / name
        if not file.is_file():
            raise CheckpointError(f"{file}: missing")
        if checksum(file) != digest:
            raise CheckpointError(f"{file}: damaged (its checksum differs)")
    try:
        model, optimizer, best = (load_file(path / f"{name}.safetensors") for name in _TENSORS)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: not readable: {error}") from error
    return Checkpoint(model, optimizer, best, read_json(path / "progress.json"))


def _link(source: Path, target: Path) -> bool:
    """Hard-link a file; false where the file system cannot."""
    try:
        os.link(source, target)
    except OSError:
        return False
    return True
