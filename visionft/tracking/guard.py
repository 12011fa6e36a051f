"""What keeps a tracker's failure from costing a run."""

from collections.abc import Callable
from contextlib import suppress
from textwrap import shorten

from visionft.errors import VisionftError
from visionft.tracking.base import Tracker

_LONGEST = 300  # characters of a message


class GuardedTracker:
    """Stands before a tracker: its first failure is told, and from then on it is left alone.

    It is not asked again, because a server that is gone would hold training up each time.

    Args:
        kind: the tracker's name.
        make: what opens it.
        tell: who is told.
    """

    def __init__(self, kind: str, make: Callable[[], Tracker], tell: Callable[[str], None]) -> None:
        self.kind = kind
        self._tell = tell
        self.problem = ""
        self._tracker: Tracker | None = None
        try:
            self._tracker = make()
        except VisionftError:
            raise
        except Exception as error:  # noqa: BLE001  # databases, servers and disks fail in every library's own way
            self.problem = f"{kind}: cannot be opened: {_in_words(error)}"

    @property
    def tracker(self) -> Tracker | None:
        """The tracker; none when it has failed."""
        return self._tracker

    def do(self, action: Callable[[Tracker], None]) -> None:
        """Have the tracker do something, unless it has failed before.

        Args:
            action: gets the tracker.
        """
        tracker = self._tracker
        if tracker is None:
            return
        try:
            action(tracker)
        except Exception as error:  # noqa: BLE001  # as above
            self._tracker = None
            with suppress(Exception):  # else its threads go on, and tell what they like when the program ends
                tracker.close(finished=False)
            self.problem = f"{self.kind}: failed: {_in_words(error)}"
            self._tell(f"{self.problem}; the run goes on without it, and its own files hold everything")


def _in_words(error: Exception) -> str:
    """Return a message as one short line; those of databases and servers go on for pages."""
    text = shorten(str(error), _LONGEST, placeholder=" ...")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
