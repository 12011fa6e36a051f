import errno
import os
from pathlib import Path

import pytest


@pytest.fixture
def umask():
    """Return a function that sets the umask for one test."""
    former = os.umask(0)
    os.umask(former)
    yield os.umask
    os.umask(former)


@pytest.fixture
def full_disk(monkeypatch):
    """Let every write of file contents fail, as on a full disk; names can still be made."""

    def write(path, *_, **__):
        path.open("wb").close()  # an empty file still fits
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_bytes", write)
    monkeypatch.setattr(Path, "write_text", write)
