"""A batch shared out among the cores.

A runtime that shares each operation among threads has them wait for each other at every one; with a thread for each
part of a batch they wait once.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, pairwise
from types import TracebackType
from typing import Self

from visionft.cores import usable_cores
from visionft.imaging.inputs import Loaded
from visionft.tasks.base import Prediction


class Spread:
    """Predicts for a batch in parts, one on each core.

    Args:
        predict: for some images; several threads call it at once, and it uses one core.
    """

    def __init__(self, predict: Callable[[Sequence[Loaded]], list[Prediction]]) -> None:
        self._predict = predict
        self._cores = usable_cores()
        self._threads = ThreadPoolExecutor(self._cores, "visionft-predict")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._threads.shutdown(cancel_futures=True)

    def __call__(self, images: Sequence[Loaded]) -> list[Prediction]:
        """Return the predictions in the order of the images."""
        parts = min(self._cores, len(images))
        cuts = [len(images) * part // parts for part in range(parts + 1)]
        found = self._threads.map(self._predict, (images[start:end] for start, end in pairwise(cuts)))
        return list(chain.from_iterable(found))
