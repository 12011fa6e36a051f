"""From the images of requests to predictions: decoded in threads, run in batches."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from visionft.cores import usable_cores
from visionft.errors import DataError, ImageError
from visionft.imaging.header import read_header
from visionft.imaging.inputs import Loaded, load
from visionft.predict import Predictor
from visionft.serving.batching import Batcher
from visionft.serving.body import Upload
from visionft.serving.counters import Counters
from visionft.serving.limits import RefusedRequest, RequestLimits
from visionft.tasks import TASKS
from visionft.tasks.base import Prediction


class _Job(NamedTuple):
    image: Loaded
    threshold: float | None


class Service:
    """A model that answers many callers; used as an async context.

    Args:
        predictor: the model.
        limits: what it takes.
        counters: what it counts in.
    """

    def __init__(self, predictor: Predictor, limits: RequestLimits, counters: Counters) -> None:
        self.spec = predictor.spec
        self._predictor = predictor
        self._limits = limits
        self._counters = counters
        self._task = TASKS[self.spec.task]
        self._decoders = ThreadPoolExecutor(min(4, usable_cores()), "visionft-decoder")
        self._batcher = Batcher[_Job, Prediction](self._run, limits.max_batch, limits.window)

    async def __aenter__(self) -> "Service":
        await self._batcher.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._decoders.shutdown(wait=True, cancel_futures=True)
        await self._batcher.__aexit__()

    def check_threshold(self, threshold: float | None) -> None:
        """Refuse a threshold that the model does not take.

        Raises:
            RefusedRequest: it is out of range, or the task has none.
        """
        if threshold is None:
            return
        if not self._task.takes_threshold:
            raise RefusedRequest(422, f"threshold: {self.spec.task} takes none; leave it out")
        if not 0 <= threshold <= 1:
            raise RefusedRequest(422, f"threshold: {threshold}; a score from 0 to 1 is needed")

    async def rows(self, files: Sequence[Upload], threshold: float | None) -> list[dict[str, Any]]:
        """Return what is said of each image, or what is wrong with it, as ``visionft predict --json`` does.

        Raises:
            RefusedRequest: none of the images can be used.
        """
        answers = await asyncio.gather(*(self._row(file, threshold) for file in files), return_exceptions=True)
        rows: list[dict[str, Any]] = []
        refused = [answer for answer in answers if isinstance(answer, RefusedRequest)]
        for file, answer in zip(files, answers, strict=True):
            if isinstance(answer, RefusedRequest):
                rows.append({"image": file.name, "error": str(answer)})
            elif isinstance(answer, BaseException):
                raise answer
            else:
                rows.append({"image": file.name, **answer})
        if len(refused) == len(files):
            raise refused[0]
        self._counters.images += len(files) - len(refused)
        return rows

    async def _row(self, file: Upload, threshold: float | None) -> dict[str, Any]:
        self._batcher.coming += 1
        try:
            image = await asyncio.get_running_loop().run_in_executor(self._decoders, self._load, file)
        finally:
            self._batcher.coming -= 1
        return (await self._batcher.submit(_Job(image, threshold))).to_dict()

    def _load(self, file: Upload) -> Loaded:
        try:
            header = read_header(file.data)
            pixels = header.width * header.height
            if pixels > self._limits.max_pixels:
                raise RefusedRequest(
                    413, f"{file.name}: {pixels:,} pixels; the limit is {self._limits.max_pixels:,}; make it smaller"
                )
            return load(file.data, self.spec.input)
        except (ImageError, DataError) as error:
            raise RefusedRequest(422, f"{file.name}: {error}") from error

    def _run(self, jobs: Sequence[_Job]) -> list[Prediction]:
        """Predict for a batch; images of one threshold go through the network together."""
        found: dict[int, Prediction] = {}
        for threshold in dict.fromkeys(job.threshold for job in jobs):
            places = [place for place, job in enumerate(jobs) if job.threshold == threshold]
            self._counters.batches.add(len(places))
            predictions = self._task.predict(
                [jobs[place].image for place in places],
                self.spec,
                self._predictor.predict_canvases,
                batch_size=self._limits.max_batch,
                threshold=threshold,
            )
            found.update(zip(places, predictions, strict=True))
        return [found[place] for place in range(len(jobs))]
