"""The samples of a loader on the canvas: read, decoded, fitted, augmented; kept in memory where they fit."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from visionft.data.records import Example, Sample
from visionft.errors import DataError, ImageError
from visionft.imaging import cut_window, to_canvas
from visionft.imaging.placement import draw_window, windows
from visionft.imaging.reduced import decode_for
from visionft.seeds import derive_seed
from visionft.spec import InputSpec
from visionft.stopwatch import timed


class Augment(Protocol):
    """Gives an example of the same size, the same one for the same numbers."""

    def __call__(self, example: Example, seed: int, turn: int | None = None, /) -> Example:
        """Return an augmented example; ``turn`` counts through flips and quarter turns, which None draws."""
        ...


Mix = Callable[[Example, Callable[[int], Example], int], Example]
"""(example, another example by a seed, seed) -> example of the same size; the same seed gives the same one."""


class Canvases:
    """What is on the canvas in an epoch, by (epoch, index). Travels to worker processes.

    Beside its looks in the epochs of a run, an image has some that are the same in runs of any seed: (``~n``, index),
    which is below 0, is the n-th of these.

    In training, an index beyond the samples is one of them once more: ``index % images`` with a look of its own.

    With the fit ``tile`` a canvas is a window of an image: in training one that is drawn anew in every epoch, else
    each of those that cover the image, so that there are more canvases than images.

    Args:
        samples: the images.
        spec: the canvas.
        seed: the run's seed; with epoch and sample id it decides the window and the augmentation.
        augment: what may happen to a training image, None for none.
        mix: what may be made of a training image and others before that, None for nothing. It draws the others from
            all samples, whose files are then read once more where they are not in memory.
        training: whether windows are drawn.
        cache_bytes: memory for what was read; when it is full, the other files are read each time.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        *,
        seed: int,
        augment: Augment | None,
        mix: Mix | None = None,
        training: bool = False,
        cache_bytes: int,
    ) -> None:
        self._samples = samples
        self._spec = spec
        self._seed = seed
        self._augment = augment
        self._mix = mix
        self._room = cache_bytes
        self._kept: dict[int, Example] = {}
        self._items: list[tuple[int, tuple[int, int] | None]] = [(index, None) for index in range(len(samples))]
        if spec.fit == "tile" and not training:
            self._items = [
                (index, window) for index, sample in enumerate(samples) for window in windows(sample.size, spec)
            ]

    def __len__(self) -> int:
        return len(self._items)

    @property
    def images(self) -> int:
        """How many samples there are; with windows of each, there are more canvases."""
        return len(self._samples)

    def sample(self, index: int) -> Sample:
        """Return the sample that a canvas shows."""
        return self._samples[self._items[index % len(self._items)][0]]

    def __getitem__(self, key: tuple[int, int]) -> Example:
        """Return the canvas of (epoch, index).

        Raises:
            DataError: naming the file, when it cannot be read (any more).
        """
        _, index = key
        number, window = self._items[index % len(self._items)]
        example = self._shown(number, window, self._seed_of("window", key))
        if self._mix is not None:
            with timed("augment"):
                example = self._mix(example, self._any, self._seed_of("mix", key))
        return self.augmented(example, key)

    def augmented(self, example: Example, key: tuple[int, int]) -> Example:
        """Return the augmented canvas of (epoch, index).

        Raises:
            DataError: naming the file, when it cannot be augmented.
        """
        if self._augment is None:
            return example
        try:
            with timed("augment"):
                return self._augment(example, self._seed_of("augment", key), self._turn_of(key))
        except ImageError as error:
            raise DataError(f"{self.sample(key[1]).image}: {error}") from error

    def _turn_of(self, key: tuple[int, int]) -> int | None:
        """Return which flip or turn a look has that all runs share: each image goes through all, in its own order."""
        epoch, index = key
        return None if epoch >= 0 else ~epoch + derive_seed(0, "turn", self.sample(index).id)

    def _seed_of(self, what: str, key: tuple[int, int]) -> int:
        """Return the seed of what happens to a sample: by its id, and of a further draw by its number."""
        epoch, index = key
        repeat = index // len(self._items)
        seed, look = (self._seed, epoch) if epoch >= 0 else (0, ~epoch)
        return derive_seed(seed, what, look, self.sample(index).id, *([repeat] if repeat else []))

    def without_pixels(self, index: int, size: tuple[int, int]) -> Example:
        """Return a plain canvas with its target, but with an image that takes no memory, and the target without pixels.

        Args:
            index: of the canvas, not of the fit ``tile``.
            size: (width, height) of the original image.
        """
        ghost_HW3 = np.broadcast_to(np.uint8(0), (self._spec.height, self._spec.width, 3))
        return Example(ghost_HW3, self.sample(index).target.unread(size, self._spec))

    def _any(self, seed: int) -> Example:
        """Return a canvas of some sample, all as likely."""
        return self._shown(derive_seed(seed, "sample") % len(self._samples), None, derive_seed(seed, "window"))

    def _shown(self, number: int, window: tuple[int, int] | None, seed: int) -> Example:
        """Return a canvas as it is without augmentation; a seed draws the window where none is given."""
        example = self._read(number)
        if self._spec.fit != "tile":
            return example
        if window is None:
            height, width = example.image_HW3.shape[:2]
            window = draw_window((width, height), self._spec, seed)
        return Example(cut_window(example.image_HW3, window, self._spec), example.target.cut(window, self._spec))

    def _read(self, number: int) -> Example:
        """Return an image that fills the canvas, or the whole one where windows are cut from it."""
        kept = self._kept.get(number)
        if kept is not None:
            return kept
        with timed("decode"):
            example = self._load(self._samples[number])
        size = example.image_HW3.nbytes + example.target.nbytes
        if size <= self._room:
            self._room -= size
            self._kept[number] = example
        return example

    def _load(self, sample: Sample) -> Example:
        try:
            image_HW3, size = decode_for(sample.image, self._spec)
            target = sample.target.read(size)
            if self._spec.fit == "tile":
                return Example(image_HW3, target)
            return Example(to_canvas(image_HW3, self._spec, size), target.placed(size, self._spec))
        except ImageError as error:
            raise DataError(f"{sample.image}: {error}") from error
