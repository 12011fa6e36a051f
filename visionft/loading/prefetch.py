"""Batches prefetched on a device, ahead of the training loop.

Shape suffixes: B batch, R some rows of it, H height, W width, 3 colour channels (RGB).
"""

from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visionft.batch import Batch
from visionft.data.records import Example, Sample
from visionft.loading.batches import Batches
from visionft.loading.canvases import Augment, Canvases
from visionft.loading.collate import params_of, targets_of
from visionft.spec import InputSpec

_AHEAD = 2  # batches that are made before they are asked for
_CHANGERS = 4  # threads for what only a CPU can do to an image


class DevicePrefetcher(Batches):
    """Prefetches batches on a device in a thread, a few ahead; the loop waits for the device most of the time.

    Canvases travel without their pixels. An augmentation that only notes what the device is to do leaves such an image
    alone; one that returns another image is done again with the pixels, and its result put back.

    On CUDA the thread has a stream of its own: what it asks for does not wait for the steps that are still to be done.

    Args:
        samples: the images and labels.
        spec: the canvas; its fit is not ``tile``.
        batch_size: images in a full batch, >= 1.
        seed: the run's seed: with the epoch it decides the order, with the sample id the augmentation.
        augment: what may happen to a training image; None for none.
        device: where images go.
        factors_N: how often each sample is drawn in training, see ``sampling``; None for once.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        batch_size: int,
        *,
        seed: int,
        augment: Augment | None,
        device: torch.device,
        factors_N: NDArray[np.float64] | None = None,
    ) -> None:
        canvases = Canvases(tuple(samples), spec, seed=seed, augment=augment, training=True, cache_bytes=0)
        super().__init__(canvases, batch_size, seed, factors_N)
        self._device = device
        self._maker = ThreadPoolExecutor(1)
        self._changers = ThreadPoolExecutor(_CHANGERS)
        self._stream: torch.cuda.Stream | None = None
        if device.type == "cuda":
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch's own

    def evaluation(self) -> Iterator[Batch]:
        """Yield every sample once, in the order given, with targets on the CPU; the last batch may be smaller.

        Raises:
            DataError: naming the file that cannot be read any more.
        """
        for batch in super().evaluation():
            yield replace(batch, targets=batch.targets.to(torch.device("cpu")))

    def close(self) -> None:
        """Stop the threads and free what lies on the device."""
        self._maker.shutdown(cancel_futures=True)
        self._changers.shutdown()

    def _batches(self, epoch: int, plan: Iterable[list[int]]) -> Iterator[Batch]:
        waiting: deque[Future[Batch]] = deque()
        try:
            for indices in plan:
                waiting.append(self._begin(epoch, indices))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    @abstractmethod
    def _begin(self, epoch: int, indices: Sequence[int]) -> Future[Batch]:
        """Submit a batch to the thread."""

    def _aside(self, make: Callable[[], Batch]) -> Batch:
        """Return a batch made in the thread's own stream, for use in another."""
        if self._stream is None:
            return make()
        with torch.cuda.stream(self._stream):
            batch = make()
        self._stream.synchronize()
        for tensor in (batch.images_BHW3, batch.targets):
            if isinstance(tensor, Tensor) and tensor.is_cuda:
                tensor.record_stream(torch.cuda.current_stream(self._device))
        return batch

    def _augmented(
        self,
        epoch: int,
        indices: Sequence[int],
        plain: Sequence[Example],
        images_BHW3: Tensor,
        pixels_BHW: Tensor | None,
    ) -> Batch:
        """Augment a batch of plain canvases, in place.

        Args:
            epoch: of the run.
            indices: of the canvases.
            plain: these, without pixels.
            images_BHW3: their pixels.
            pixels_BHW: those of their targets, where these have some.
        """
        keys = [(epoch, index) for index in indices]
        examples, rows = [*plain], []
        for row, (example, key) in enumerate(zip(plain, keys, strict=True)):
            examples[row] = self._canvases.augmented(example, key)
            if examples[row].image_HW3 is not example.image_HW3:
                rows.append(row)
        if rows:
            here_RHW3 = images_BHW3[rows].cpu().numpy()
            pixels_RHW: Sequence[NDArray[np.uint8] | None] = [None] * len(rows)
            if pixels_BHW is not None:
                pixels_RHW = [*pixels_BHW[rows].cpu().numpy()]
            known = [
                Example(image_HW3, plain[row].target.with_pixels(pixels_HW))
                for row, image_HW3, pixels_HW in zip(rows, here_RHW3, pixels_RHW, strict=True)
            ]
            changed = [*self._changers.map(self._canvases.augmented, known, [keys[row] for row in rows])]
            for row, example in zip(rows, changed, strict=True):
                examples[row] = example
            images_BHW3[rows] = torch.from_numpy(np.stack([e.image_HW3 for e in changed])).to(images_BHW3.device)
            if pixels_BHW is not None:
                there_RHW = np.stack([e.target.pixels for e in changed if e.target.pixels is not None])
                pixels_BHW[rows] = torch.from_numpy(there_RHW).to(pixels_BHW.device)
        return self._batch(indices, images_BHW3, targets_of(examples, pixels_BHW), params_of(examples))
