"""Files that are either whole or not there: temporary name, fsync, rename, fsync of the folder."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visionft.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor


def write_with(path: Path, write: Callable[[Path], None]) -> None:
    """Let a function write a temporary file or folder beside the final one, then put it in place.

    Args:
        path: the final name; an older file there is replaced at once, an older folder is moved away just before.
        write: writes the path it is given.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        for written in (*temporary.rglob("*"), temporary):
            sync(written)
        if path.is_dir() or (temporary.is_dir() and path.exists()):
            _exchange(temporary, path)
        else:
            temporary.replace(path)
    finally:
        _remove(temporary)
    sync(path.parent)


def _exchange(new: Path, path: Path) -> None:
    """Put a folder in the place of another file or folder, which cannot be done at once."""
    older = path.with_name(f".{path.name}.{os.getpid()}.old")
    path.replace(older)
    try:
        new.replace(path)
    except OSError:
        older.replace(path)
        raise
    _remove(older)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically.

    Raises:
        CheckpointError: when the disk does not take it.
    """

    def write(temporary: Path) -> None:
        temporary.write_text(text, encoding="utf-8")

    with _failure_named(path):
        write_with(path, write)


def write_json(path: Path, data: Any) -> None:
    """Write JSON atomically; refuses NaN and infinity, which JSON does not have."""
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_tensors(path: Path, tensors: Mapping[str, "Tensor"]) -> None:
    """Write a safetensors file atomically.

    Raises:
        CheckpointError: when the disk does not take it.
    """
    import torch
    from safetensors.torch import save

    # clones, because safetensors refuses tensors that share memory, as tied weights do
    plain = {name: t.detach().cpu().clone(memory_format=torch.contiguous_format) for name, t in tensors.items()}
    data = save(plain)  # save_file would make files that only their owner can read

    def write(temporary: Path) -> None:
        temporary.write_bytes(data)

    with _failure_named(path):
        write_with(path, write)


@contextmanager
def _failure_named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        gone = isinstance(error, FileNotFoundError) and not path.parent.is_dir()
        why = "its folder is not there any more" if gone else error.strerror or error
        raise CheckpointError(f"{path}: cannot be written: {why}") from error


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        CheckpointError: when the file is missing or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: not readable: {error}") from error


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
