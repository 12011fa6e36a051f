"""The samples of a loader on the canvas: read, decoded, fitted, augmented; kept in memory where they fit."""

from collections.abc import Callable, Sequence

from visionft.errors import DataError, ImageError
from visionft.geometry import draw_window, windows
from visionft.imaging import cut_window, decode, mask_to_canvas, to_canvas
from visionft.sample import Example, Sample
from visionft.seeds import derive_seed
from visionft.spec import InputSpec

Augment = Callable[[Example, int], Example]
"""(example, seed) -> example of the same size; the same seed gives the same one."""


class Canvases:
    """What is on the canvas in an epoch, by (epoch, index). Travels to worker processes.

    With the fit ``tile`` a canvas is a window of an image: in training one that is drawn anew in every epoch, else
    each of those that cover the image, so that there are more canvases than images.

    Args:
        samples: the images.
        spec: the canvas.
        seed: the run's seed; with epoch and sample id it decides the window and the augmentation.
        augment: what may happen to a training image, None for none.
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
        training: bool = False,
        cache_bytes: int,
    ) -> None:
        self._samples = samples
        self._spec = spec
        self._seed = seed
        self._augment = augment
        self._room = cache_bytes
        self._kept: dict[int, Example] = {}
        self._items: list[tuple[int, tuple[int, int] | None]] = [(index, None) for index in range(len(samples))]
        if spec.fit == "tile" and not training:
            self._items = [
                (index, window) for index, sample in enumerate(samples) for window in windows(sample.size, spec)
            ]

    def __len__(self) -> int:
        return len(self._items)

    def sample(self, index: int) -> Sample:
        """Return the sample that a canvas shows."""
        return self._samples[self._items[index][0]]

    def __getitem__(self, key: tuple[int, int]) -> Example:
        """Return the canvas of (epoch, index).

        Raises:
            DataError: naming the file, when it cannot be read (any more).
        """
        epoch, index = key
        number, window = self._items[index]
        sample = self._samples[number]
        example = self._read(number)
        if self._spec.fit == "tile":
            if window is None:
                height, width = example.image_HW3.shape[:2]
                window = draw_window((width, height), self._spec, derive_seed(self._seed, "window", epoch, sample.id))
            image_HW3, mask_HW = example
            example = Example(
                cut_window(image_HW3, window, self._spec),
                None if mask_HW is None else cut_window(mask_HW, window, self._spec),
            )
        if self._augment is None:
            return example
        return self._augment(example, derive_seed(self._seed, "augment", epoch, sample.id))

    def _read(self, number: int) -> Example:
        """Return an image that fills the canvas, or the whole one where windows are cut from it."""
        kept = self._kept.get(number)
        if kept is not None:
            return kept
        example = self._load(self._samples[number])
        size = sum(part.nbytes for part in example if part is not None)
        if size <= self._room:
            self._room -= size
            self._kept[number] = example
        return example

    def _load(self, sample: Sample) -> Example:
        try:
            image_HW3 = decode(sample.path)
            mask_HW = None if isinstance(sample.target, int) else sample.target.read()
            if self._spec.fit == "tile":
                return Example(image_HW3, mask_HW)
            return Example(
                to_canvas(image_HW3, self._spec),
                None if mask_HW is None else mask_to_canvas(mask_HW, self._spec),
            )
        except ImageError as error:
            raise DataError(f"{sample.path}: {error}") from error
