"""Ctrl-C, SIGTERM and a closed terminal: finish the step, save, leave. A second Ctrl-C leaves at once."""

import shlex
import signal
import threading
from pathlib import Path
from types import FrameType, TracebackType

from visionft.errors import Interrupted

_SIGNALS = [signal.SIGINT, signal.SIGTERM]
if hasattr(signal, "SIGHUP"):  # not on Windows
    _SIGNALS.append(signal.SIGHUP)


class InterruptGuard:
    """Context in which SIGINT, SIGTERM and SIGHUP are remembered instead of raised; ``nohup`` stays in force.

    Args:
        run: the run folder, for the message.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._received: int | None = None
        self._former: dict[int, object] = {}

    def __enter__(self) -> "InterruptGuard":
        if threading.current_thread() is threading.main_thread():  # signals can be caught nowhere else
            wanted = [number for number in _SIGNALS if number == signal.SIGINT or not _is_ignored(number)]
            self._former = {number: signal.signal(number, self._note) for number in wanted}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal returned

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self._received is not None:
            raise KeyboardInterrupt
        self._received = number

    @property
    def received(self) -> bool:
        """Whether a signal has come."""
        return self._received is not None

    def leave_if_received(self, message: str) -> None:
        """Leave when a signal has come; the state must have been saved.

        Raises:
            Interrupted: with the signal's exit code.
        """
        if self._received is not None:
            again = f"visionft train {shlex.quote(str(self._run))} --resume"
            raise Interrupted(self._received, f"interrupted {message}; the state is saved, go on with: {again}")


def _is_ignored(number: int) -> bool:
    return signal.getsignal(number) == signal.SIG_IGN
