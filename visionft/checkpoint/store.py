"""Checkpoints: folders that appear whole under their final name, with a checksum for every file.

checkpoints/000000420/        a second one of the same step is 000000420-1
    model.safetensors       network weights and buffers
    optimizer.safetensors   optimizer state by parameter name
    best.safetensors        best weights of the stage so far (a hard link to the last one where they are the same)
    progress.json           where training stands
    checksums.json          SHA-256 of the others, written last
"""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from visionft.atomic import checksum, read_json, sync, write_json, write_tensors
from visionft.errors import CheckpointError

KEEP = 2
_TENSORS = ("model", "optimizer", "best")
_BEST = "best.safetensors"
_NAME = re.compile(r"(\d+)(?:-(\d+))?")


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
            CheckpointError: when the disk does not take it; older checkpoints are untouched. Or when the run's folder
                has gone.
        """
        require_there(self._folder.parent)
        try:
            return self._save(step, checkpoint, best_changed)
        except (OSError, SafetensorError, CheckpointError) as error:
            self._clear_partial()  # a full disk needs the room
            raise CheckpointError(
                f"{self._folder}: no checkpoint could be written ({error}); --resume goes on from the last one"
            ) from error

    def _save(self, step: int, checkpoint: Checkpoint, best_changed: bool) -> Path:
        self._folder.mkdir(exist_ok=True)
        self._clear_partial()
        previous = next(iter(self._newest_first()), None)
        final = self._folder / self._free_name(step)
        partial = self._folder / f".{final.name}.{os.getpid()}.tmp"
        partial.mkdir()
        write_tensors(partial / "model.safetensors", checkpoint.model)
        write_tensors(partial / "optimizer.safetensors", checkpoint.optimizer)
        if best_changed or previous is None or not _link(previous, partial, _BEST):
            write_tensors(partial / _BEST, checkpoint.best)
        write_json(partial / "progress.json", dict(checkpoint.progress))
        write_json(partial / "checksums.json", {p.name: checksum(p) for p in sorted(partial.iterdir())})
        partial.rename(final)
        sync(self._folder)
        for old in self._newest_first()[KEEP:]:
            shutil.rmtree(old)
        return final

    def _free_name(self, step: int) -> str:
        """Return the name of a new checkpoint: a stage ends at the step of its last epoch, and replaces nothing."""
        taken = [number for known, number in map(_position, self._newest_first()) if known == step]
        return f"{step:09d}-{taken[0] + 1}" if taken else f"{step:09d}"

    def _clear_partial(self) -> None:
        """Remove what this process, or one that was killed, has not finished."""
        for partial in self._folder.glob(".*.tmp"):
            shutil.rmtree(partial, ignore_errors=True)

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
        if any(self._folder.glob("*.damaged-*")):
            advice = f"{self._folder}: no undamaged checkpoint is left; start the run again in a new folder"
            raise CheckpointError("\n".join([*damages, advice]))
        return None, []

    @property
    def steps(self) -> int:
        """Optimizer steps done at the newest checkpoint; 0 without one."""
        return max((_position(path)[0] for path in self._newest_first()), default=0)

    def delete(self) -> None:
        """Remove all of them, damaged ones too: the run is finished, and nothing reads them any more."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def empty(self) -> bool:
        """Whether no checkpoint has been written yet; damaged ones count."""
        return not self._newest_first() and not any(self._folder.glob("*.damaged-*"))

    def _newest_first(self) -> list[Path]:
        known = (path for path in self._folder.glob("*") if _NAME.fullmatch(path.name))
        return sorted(known, key=_position, reverse=True)


def require_there(run: Path) -> None:
    """Check that the folder of a run that is under way has not gone; it is not made again, without its recipe.

    Raises:
        CheckpointError: when it has.
    """
    if not run.is_dir():
        raise CheckpointError(
            f"{run}: is not there any more: it was removed or moved while the run was under way, so nothing more can "
            "be saved; if it was moved, go on with: visionft train FOLDER --resume; else start again"
        )


def _position(path: Path) -> tuple[int, int]:
    """Return the steps done, and which checkpoint of this step it is."""
    step, _, number = path.name.partition("-")
    return int(step), int(number or 0)


def _read(path: Path) -> Checkpoint:
    expected = read_json(path / "checksums.json")
    for name in expected:
        _verify(path, name, expected)
    try:
        model, optimizer, best = (load_file(path / f"{name}.safetensors") for name in _TENSORS)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: not readable: {error}") from error
    return Checkpoint(model, optimizer, best, read_json(path / "progress.json"))


def _verify(path: Path, name: str, expected: Mapping[str, str]) -> None:
    file = path / name
    if not file.is_file():
        raise CheckpointError(f"{file}: missing")
    if checksum(file) != expected.get(name):
        raise CheckpointError(f"{file}: damaged (its checksum differs)")


def _link(source: Path, target: Path, name: str) -> bool:
    """Hard-link a file of one checkpoint into another; false where it is damaged or the file system cannot."""
    try:
        _verify(source, name, read_json(source / "checksums.json"))
        os.link(source / name, target / name)
    except (OSError, CheckpointError):
        return False
    return True
