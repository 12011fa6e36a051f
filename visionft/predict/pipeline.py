"""Images decoded by threads while the network runs."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

from visionft.cores import usable_cores
from visionft.errors import DataError
from visionft.imaging.inputs import Image, Loaded
from visionft.predict.sources import Frame

OnError: TypeAlias = Callable[[Frame, DataError], None]
"""Told of an image that cannot be used, which is then left out."""

Batch: TypeAlias = list[tuple[Frame, Loaded]]

_THREADS = 8  # more than that and memory, not decoding, is what limits


def loaded_batches(
    frames: Iterator[Frame],
    load: Callable[[Image], Loaded],
    *,
    at_once: int,
    ahead: int,
    on_error: OnError | None = None,
) -> Generator[Batch, None, None]:
    """Yield images in order, decoded and fitted to their canvas, with as many decoding ahead as is said.

    Args:
        frames: taken as they are needed.
        load: decodes an image.
        at_once: images of a batch; fewer where some cannot be used, and in the last.
        ahead: images that are being decoded while whoever takes a batch works on it; 0 for none, and then nothing is
            waited for.
        on_error: told of what cannot be used; None raises it, behind the batch that holds the images before it.

    Raises:
        DataError: an image, or the rest of a video, cannot be used.
    """
    decoders = ThreadPoolExecutor(min(_THREADS, usable_cores()), "visionft-decode")
    waiting: deque[tuple[Frame, Future[Loaded]]] = deque()
    failure: DataError | None = None
    last = Frame("")

    def fill(number: int) -> None:
        nonlocal failure, last
        while len(waiting) < number and failure is None:
            try:
                last = next(frames)
            except StopIteration:
                return
            except DataError as error:
                failure = error
                return
            waiting.append((last, decoders.submit(load, last.image)))

    try:
        fill(at_once)
        while waiting:
            batch, broken = _taken(waiting, at_once, on_error)
            fill(ahead)
            if batch:
                yield batch
            if broken is not None:
                raise broken
            fill(at_once)
        if failure is not None:
            if on_error is None:
                raise failure
            on_error(last, failure)
    finally:
        decoders.shutdown(cancel_futures=True)


def _taken(
    waiting: "deque[tuple[Frame, Future[Loaded]]]", number: int, on_error: OnError | None
) -> tuple[Batch, DataError | None]:
    """Take images off the queue; the error is that of the image behind them, which ends it where nobody is told."""
    batch: Batch = []
    for _ in range(min(number, len(waiting))):
        frame, loading = waiting.popleft()
        try:
            batch.append((frame, loading.result()))
        except DataError as error:
            if on_error is None:
                return batch, error
            on_error(frame, error)
    return batch, None
