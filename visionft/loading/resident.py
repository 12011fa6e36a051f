"""Images that lie on the device that trains, or are decoded there, behind the same batches as the loader's.

Shape suffixes: B batch, N samples, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visionft.batch import Batch
from visionft.data.records import Example, Sample
from visionft.loading.batches import Batches
from visionft.loading.canvases import Augment
from visionft.loading.device_decode import DeviceDecoder, ImageFile, read_image
from visionft.loading.prefetch import DevicePrefetcher
from visionft.spec import InputSpec


class ResidentImages(DevicePrefetcher):
    """Stands in for a loader: the same batches, of images and masks that all lie on the device.

    Args:
        samples: the images and targets, with their size where a target needs it.
        spec: the canvas; its fit is not ``tile``.
        batch_size: images in a full batch, >= 1.
        plain: makes what gives batches of these samples, as they are; it is read once, and closed.
        seed: the run's seed: with the epoch it decides the order, with the sample id the augmentation.
        augment: what may happen to a training image; None for none.
        device: where the images are to lie.
        factors_N: how often each sample is drawn in training, see ``sampling``; None for once.
        on_progress: called with (images there, images in all).

    Raises:
        DataError: naming the file that cannot be read any more.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        batch_size: int,
        *,
        plain: Callable[[Sequence[Sample]], Batches],
        seed: int,
        augment: Augment | None,
        device: torch.device,
        factors_N: NDArray[np.float64] | None = None,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        super().__init__(samples, spec, batch_size, seed=seed, augment=augment, device=device, factors_N=factors_N)
        shape = (len(samples), spec.height, spec.width)
        self._images_NHW3: Tensor | None = torch.empty(*shape, 3, dtype=torch.uint8, device=device)
        with_pixels = any(sample.target.has_pixels for sample in samples)
        self._pixels_NHW = torch.empty(shape, dtype=torch.uint8, device=device) if with_pixels else None
        done = 0
        with plain(samples) as loader:
            for batch in loader.evaluation():
                rows = slice(done, done + len(batch))
                self._images_NHW3[rows] = batch.images_BHW3.to(device)
                pixels_BHW = samples[0].target.pixels_of(batch.targets)
                if self._pixels_NHW is not None and pixels_BHW is not None:
                    self._pixels_NHW[rows] = pixels_BHW.to(device)
                done += len(batch)
                on_progress(done, len(samples))
        if self._stream is not None:
            self._stream.wait_stream(torch.cuda.current_stream(device))
        self._plain = [self._canvases.without_pixels(index, sample.size) for index, sample in enumerate(samples)]

    def close(self) -> None:
        """Stop the threads and free what lies on the device."""
        super().close()
        self._images_NHW3 = self._pixels_NHW = None

    def _begin(self, epoch: int, indices: Sequence[int]) -> Future[Batch]:
        return self._maker.submit(self._aside, partial(self._make, epoch, indices))

    def _make(self, epoch: int, indices: Sequence[int]) -> Batch:
        if self._images_NHW3 is None:
            raise RuntimeError("the images are not there any more")
        chosen_B = torch.tensor([index % len(self._plain) for index in indices], device=self._device)
        pixels_BHW = None if self._pixels_NHW is None else self._pixels_NHW[chosen_B]
        plain = [self._plain[index % len(self._plain)] for index in indices]
        return self._augmented(epoch, indices, plain, self._images_NHW3[chosen_B], pixels_BHW)


class DecodedImages(DevicePrefetcher):
    """Stands in for a loader: threads read the files and their targets, and the device decodes them.

    Args:
        samples: the images and labels.
        spec: the canvas; its fit is not ``tile``.
        batch_size: images in a full batch, >= 1.
        seed: the run's seed: with the epoch it decides the order, with the sample id the augmentation.
        augment: what may happen to a training image; None for none.
        device: where images are decoded.
        threads: that read, >= 1.
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
        threads: int,
        factors_N: NDArray[np.float64] | None = None,
    ) -> None:
        super().__init__(samples, spec, batch_size, seed=seed, augment=augment, device=device, factors_N=factors_N)
        self._spec = spec
        self._decode = DeviceDecoder(spec, device)
        self._readers = ThreadPoolExecutor(threads)

    def close(self) -> None:
        """Stop the threads."""
        self._readers.shutdown(cancel_futures=True)
        super().close()

    def _begin(self, epoch: int, indices: Sequence[int]) -> Future[Batch]:
        read = [self._readers.submit(self._read, index) for index in indices]
        return self._maker.submit(self._aside, partial(self._make, epoch, indices, read))

    def _read(self, index: int) -> tuple[ImageFile, Example, NDArray[np.uint8] | None]:
        sample = self._canvases.sample(index)
        file = read_image(sample.image, self._spec)
        pixels_HW = None
        if sample.target.has_pixels:
            pixels_HW = sample.target.read(file.size).placed(file.size, self._spec).pixels
        return file, self._canvases.without_pixels(index, file.size), pixels_HW

    def _make(
        self,
        epoch: int,
        indices: Sequence[int],
        read: Sequence[Future[tuple[ImageFile, Example, NDArray[np.uint8] | None]]],
    ) -> Batch:
        files, plain, pixels = zip(*(future.result() for future in read), strict=True)
        known = [pixels_HW for pixels_HW in pixels if pixels_HW is not None]
        pixels_BHW = torch.from_numpy(np.stack(known)) if known else None
        return self._augmented(epoch, indices, plain, self._decode(files), pixels_BHW)


def resident_bytes(samples: Sequence[Sample], spec: InputSpec) -> int:
    """Return how much memory of a device the canvases of some samples take."""
    channels = 4 if any(sample.target.has_pixels for sample in samples) else 3
    return len(samples) * spec.height * spec.width * channels
