"""Images of several requests that go through the network together."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Waiting(NamedTuple, Generic[Item, Result]):
    item: Item
    answer: asyncio.Future[Result]


class Batcher(Generic[Item, Result]):
    """Collects what arrives while the network runs, and gives it the next batch.

    Where nothing else is on its way, an item runs at once: batching costs a lone caller nothing.

    Args:
        run: items -> their results; called in one thread, one batch at a time.
        most: items of a batch.
        window: seconds that an item waits for those that are on their way.
    """

    def __init__(self, run: Callable[[Sequence[Item]], Sequence[Result]], most: int, window: float) -> None:
        self._run = run
        self._most = most
        self._window = window
        self._queue: asyncio.Queue[_Waiting[Item, Result]] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, "visionft-network")
        self._task: asyncio.Task[None] | None = None
        self.coming = 0  # items that will be submitted soon, as the caller says

    async def __aenter__(self) -> "Batcher[Item, Result]":
        self._task = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._thread.shutdown(wait=True)

    async def submit(self, item: Item) -> Result:
        """Return the result of an item; whatever ``run`` raises is raised for each of its batch."""
        waiting = _Waiting[Item, Result](item, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        return await waiting.answer

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = [one for one in await self._collect() if not one.answer.done()]  # a caller may have given up
            if not batch:
                continue
            try:
                results = await loop.run_in_executor(self._thread, self._run, [one.item for one in batch])
            except Exception as error:  # noqa: BLE001  # it is the callers'; the next batch may do better
                for one in batch:
                    if not one.answer.done():
                        one.answer.set_exception(error)
                continue
            for one, result in zip(batch, results, strict=True):
                if not one.answer.done():
                    one.answer.set_result(result)

    async def _collect(self) -> list[_Waiting[Item, Result]]:
        batch = [await self._queue.get()]
        with suppress(TimeoutError):
            async with asyncio.timeout(self._window):
                while len(batch) < self._most and (self.coming or not self._queue.empty()):
                    batch.append(await self._queue.get())
        return batch
