"""Batches that a thread makes while the one before is computed on."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from visionft.stopwatch import measuring, running

Made = TypeVar("Made")


def ahead(items: Iterable[Made]) -> Iterator[Made]:
    """Yield items in their order, each made in a thread while whoever takes them is busy with the one before.

    Args:
        items: which may be made in another thread; used by nobody else meanwhile.

    Raises:
        Exception: what making one raised, in its place.
    """
    iterator, end = iter(items), object()
    watch = running()
    beside = watch and watch.beside()

    def make() -> object:
        with measuring(beside):
            return next(iterator, end)

    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(make)
        while True:
            item = coming.result()
            if item is end:
                return
            coming = maker.submit(make)
            yield item  # type: ignore[misc]  # which is not the end
