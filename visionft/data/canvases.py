"""The images of a loader as canvases: read, decoded, fitted, augmented; kept in memory where they fit."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError, ImageError
from visionft.imaging import decode, to_canvas
from visionft.sample import Sample
from visionft.seeds import derive_seed
from visionft.spec import InputSpec

Augment = Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]
"""(canvas (H, W, 3) uint8, seed) -> canvas of the same size; the same seed gives the same canvas."""


class Canvases:
    """Canvas of an image in an epoch, by (epoch, index). Travels to worker processes.

    Args:
        samples: the images.
        spec: the canvas.
        seed: the run's seed; with epoch and sample id it decides the augmentation.
        augment: what may happen to a training image, None for none.
        cache_bytes: memory for un-augmented canvases; when it is full, the others are read each time.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        *,
        seed: int,
        augment: Augment | None,
        cache_bytes: int,
    ) -> None:
        self._samples = samples
        self._spec = spec
        self._seed = seed
        self._augment = augment
        self._room = cache_bytes // (spec.height * spec.width * 3)
        self._kept: dict[int, NDArray[np.uint8]] = {}

    def __getitem__(self, key: tuple[int, int]) -> NDArray[np.uint8]:
        """Return the canvas of (epoch, index).

        Raises:
            DataError: naming the file, when it cannot be read (any more).
        """
        epoch, index = key
        canvas = self._kept.get(index)
        if canvas is None:
            canvas = self._load(self._samples[index])
            if len(self._kept) < self._room:
                self._kept[index] = canvas
        if self._augment is None:
            return canvas
        return self._augment(canvas, derive_seed(self._seed, "augment", epoch, self._samples[index].id))

    def _load(self, sample: Sample) -> NDArray[np.uint8]:
        try:
            return to_canvas(decode(sample.path), self._spec)
        except ImageError as error:
            raise DataError(f"{sample.path}: {error}") from error
