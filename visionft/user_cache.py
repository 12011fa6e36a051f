"""Where files are kept that only save time, for all projects of a user."""

import os
from pathlib import Path


def user_cache() -> Path:
    """Return the folder: ``VISIONFT_CACHE``, else where torch and the hub keep theirs; it may not be there yet.

    Raises:
        RuntimeError: when there is no home.
    """
    folder = os.environ.get("VISIONFT_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "visionft"
    return Path(folder).expanduser()
