"""Where the time of a thread goes, by the names of what it does; nothing is measured unless somebody asks.

    with timed("decode"):
        ...

costs a fraction of a microsecond where no stopwatch runs in the thread.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter
from types import TracebackType

OTHER, VALIDATION = "other", "validation"

_THREAD = threading.local()
_NOTHING = nullcontext()


class Stopwatch:
    """Adds up seconds by name. Of names inside each other the inner one counts, but for what happens in validation.

    Args:
        settle: called before the time is read; waits for a device that computes aside.
    """

    def __init__(self, settle: Callable[[], object] = lambda: None) -> None:
        self._settle = settle
        self._names = [OTHER]
        self._seconds: dict[str, float] = {}
        self._since = perf_counter()
        self._beside: Stopwatch | None = None

    def beside(self) -> "Stopwatch":
        """Return the stopwatch of a thread that works for this one at the same time, whose seconds are told apart."""
        if self._beside is None:
            self._beside = Stopwatch()
        return self._beside

    def take_beside(self) -> dict[str, float]:
        """Return the seconds that such a thread worked, by name, since the last time."""
        seconds = {} if self._beside is None else self._beside.take()
        return {name: took for name, took in seconds.items() if name != OTHER}

    def begin(self, name: str) -> None:
        """Count for a name from now on."""
        self._read()
        self._names.append(VALIDATION if self._names[-1] == VALIDATION else name)

    def end(self) -> None:
        """Count again for what was counted for before."""
        self._read()
        self._names.pop()

    def turn(self, name: str, into: str) -> None:
        """Count for another name until the same end, where a name is the innermost now."""
        if self._names[-1] == name:
            self._read()
            self._names[-1] = into

    def take(self) -> dict[str, float]:
        """Return the seconds of each name since the last time, which together are all."""
        self._read()
        taken, self._seconds = self._seconds, {}
        return taken

    def _read(self) -> None:
        self._settle()
        now = perf_counter()
        name = self._names[-1]
        self._seconds[name] = self._seconds.get(name, 0.0) + now - self._since
        self._since = now


class _Section:
    __slots__ = ("_name", "_watch")

    def __init__(self, watch: Stopwatch, name: str) -> None:
        self._watch = watch
        self._name = name

    def __enter__(self) -> None:
        self._watch.begin(self._name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.end()


def timed(name: str) -> AbstractContextManager[None]:
    """Return a context whose time counts for a name, if a stopwatch runs in this thread."""
    watch = running()
    return _NOTHING if watch is None else _Section(watch, name)


def running() -> Stopwatch | None:
    """Return the stopwatch of this thread."""
    watch: Stopwatch | None = getattr(_THREAD, "watch", None)
    return watch


@contextmanager
def measuring(watch: Stopwatch | None) -> Iterator[None]:
    """Let a stopwatch run in this thread; None stops the one that does."""
    before = running()
    _THREAD.watch = watch
    try:
        yield
    finally:
        _THREAD.watch = before
