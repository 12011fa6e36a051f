"""Who comes while the network runs goes through it together."""

import asyncio
import threading

import pytest

from visionft.serving.batching import Batcher


def test_what_arrives_during_a_run_is_the_next_batch():
    started, go_on, batches = threading.Event(), threading.Event(), []

    def run(items):
        batches.append(list(items))
        started.set()
        assert go_on.wait(10)
        return [10 * item for item in items]

    async def story():
        async with Batcher(run, most=3, window=0.0) as batcher:
            first = asyncio.create_task(batcher.submit(1))
            await asyncio.to_thread(started.wait, 10)
            others = [asyncio.create_task(batcher.submit(item)) for item in (2, 3, 4, 5)]
            await asyncio.sleep(0)
            go_on.set()
            return await asyncio.gather(first, *others)

    assert asyncio.run(story()) == [10, 20, 30, 40, 50]
    assert batches[0] == [1]
    assert max(map(len, batches)) <= 3
    assert [item for batch in batches for item in batch] == [1, 2, 3, 4, 5]
    assert len(batches) < 5


def test_those_on_their_way_are_waited_for():
    batches = []

    def run(items):
        batches.append(list(items))
        return items

    async def story():
        async with Batcher(run, most=2, window=60.0) as batcher:
            batcher.coming = 1
            first = asyncio.create_task(batcher.submit(1))
            await asyncio.sleep(0.01)
            batcher.coming = 0
            return await asyncio.gather(first, batcher.submit(2))

    assert asyncio.run(story()) == [1, 2]
    assert batches == [[1, 2]]


def test_a_failure_is_told_to_its_callers_and_the_next_run_goes_on():
    def run(items):
        if "bad" in items:
            raise ValueError("no")
        return items

    async def story():
        async with Batcher(run, most=1, window=0.0) as batcher:
            with pytest.raises(ValueError, match="no"):
                await batcher.submit("bad")
            return await batcher.submit("good")

    assert asyncio.run(story()) == "good"


def test_who_has_given_up_is_not_run():
    started, go_on, seen = threading.Event(), threading.Event(), []

    def run(items):
        seen.extend(items)
        started.set()
        assert go_on.wait(10)
        return items

    async def story():
        async with Batcher(run, most=1, window=0.0) as batcher:
            first = asyncio.create_task(batcher.submit(1))
            await asyncio.to_thread(started.wait, 10)
            second = asyncio.create_task(batcher.submit(2))
            await asyncio.sleep(0)
            second.cancel()
            third = asyncio.create_task(batcher.submit(3))
            go_on.set()
            await asyncio.gather(first, third)

    asyncio.run(story())
    assert seen == [1, 3]
