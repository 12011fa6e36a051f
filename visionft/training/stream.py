"""A stream whose failing harms nobody: progress is worth less than what it tells of."""

import sys
from contextlib import suppress
from typing import Any


class SafeStream:
    """Stderr, which falls silent once it cannot be written: its disk is full, or who read it has gone."""

    def __init__(self) -> None:
        self._broken = sys.stderr is None

    def write(self, text: str) -> int:
        """Write text, if that is still possible."""
        if not self._broken:
            try:
                sys.stderr.write(text)
            except (OSError, ValueError):  # ValueError: it was closed
                self._broken = True
        return len(text)

    def flush(self) -> None:
        """Pass on what was written, if that is still possible."""
        if not self._broken:
            try:
                sys.stderr.flush()
            except (OSError, ValueError):
                self._broken = True

    def isatty(self) -> bool:
        """Say whether it is a terminal."""
        with suppress(OSError, ValueError):
            return not self._broken and sys.stderr.isatty()
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)
