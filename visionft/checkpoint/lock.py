"""One process trains in a run folder at a time, and says so there: ``training.lock``, while it does.

The lock is the operating system's (``fcntl.lockf``): it ends with its process, however that ends, and holds across
machines where their file system keeps such locks. What the file says is for people: whoever finds nobody behind it,
as after a power cut, takes it over.
"""

import errno
import fcntl
import json
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from visionft.errors import CheckpointError

LOCK = "training.lock"

_here: dict[Path, dict[str, Any]] = {}  # what this process holds: the system's locks keep no process from itself
_guard = threading.Lock()
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)  # of file systems that have none


@contextmanager
def training_lock(run: Path) -> Iterator[None]:
    """Keep other processes from training in a run folder.

    Raises:
        CheckpointError: when one does; it names its process, machine and since when; or the folder cannot be written.
    """
    path = run.resolve() / LOCK
    with _guard:
        if path in _here:
            raise _held(run, _here[path], "this process")
        _here[path] = _me()
    try:
        descriptor = _acquire(run, path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)  # before it is let go, so that nobody's lock but ours is removed
            os.close(descriptor)
    finally:
        del _here[path]


def _acquire(run: Path, path: Path) -> int:
    """Open and lock the file, and write down who holds it."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise CheckpointError(f"{path}: cannot be written: {error.strerror}") from error
        try:
            _lock(descriptor, run)
            if _is_at(descriptor, path):  # and not one that its holder has just removed
                _write(descriptor, path)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, run: Path) -> None:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = _read(descriptor)
        if error.errno not in _NO_LOCKS:
            raise _held(run, holder, f"process {holder.get('pid', 'unknown')}") from None
        if holder.get("host") == platform.node() and _lives(holder.get("pid")):
            raise _held(run, holder, f"process {holder['pid']}") from None


def _write(descriptor: int, path: Path) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(_here[path]).encode(), 0)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise CheckpointError(f"{path}: cannot be written: {error.strerror}") from error


def _me() -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "host": platform.node(),
        "since": datetime.now().astimezone().isoformat(" ", timespec="seconds"),
    }


def _read(descriptor: int) -> dict[str, Any]:
    """Return who holds the lock; empty where that is not written down yet."""
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _lives(pid: object) -> bool:
    if not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True


def _held(run: Path, holder: dict[str, Any], who: str) -> CheckpointError:
    where = f" on {holder['host']}, since {holder['since']}" if {"host", "since"} <= holder.keys() else ""
    return CheckpointError(
        f"{run}: {who} trains in it{where}; wait until it has ended, or end it (it saves its state), or train in "
        "another folder"
    )
