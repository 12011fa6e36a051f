"""Reading files that are files: a pipe blocks until somebody writes, and a device may never end."""

import errno
import os
import stat
from pathlib import Path


def read_regular_file(path: Path) -> bytes:
    """Read the bytes of a file; what is no file is not opened.

    Args:
        path: the file, or a link to one.

    Raises:
        OSError: when it cannot be read; its ``strerror`` says why, also of a pipe, a socket or a device.
    """
    mode = os.stat(path).st_mode  # noqa: PTH116  # that of Path is the same, and slower
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # opening a folder tells what it is
        raise OSError(errno.EINVAL, "is a pipe, a socket or a device, and no file; never opened", str(path))
    return path.read_bytes()
