"""An exported model as a Python function.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB), K classes.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError
from visionft.predict.images import Image, Loaded, load
from visionft.predict.result import Classification, Prediction, Segmentation
from visionft.predict.segment import mask_in_original, segment
from visionft.predict.session import Session
from visionft.spec import ModelSpec


class Predictor:
    """Classifies or segments images with an exported file, on any machine with onnxruntime.

        predictor = Predictor("cells.onnx")
        predictor("cell.png").label
        [result.confidence for result in predictor(["a.png", "b.png"])]

        Predictor("roads.onnx")("street.jpg").save("street-mask.png")

    The file's task decides whether results are ``Classification`` or ``Segmentation``. One predictor may be used
    from several threads.

    Args:
        path: the exported file.
        threads: CPU threads for one run of the network; None leaves the choice to onnxruntime.
        providers: onnxruntime execution providers in order of preference; None is the CPU, which is where the
            export was verified.

    Raises:
        CheckpointError: the file is missing, no ONNX file, or not one that this visionft can run.
        UnknownName: a provider that this onnxruntime does not have.
    """

    def __init__(self, path: str | Path, *, threads: int | None = None, providers: Sequence[str] | None = None) -> None:
        self._session = Session(Path(path), threads=threads, providers=providers)

    @property
    def spec(self) -> ModelSpec:
        """What the model is, as the exported file says."""
        return self._session.spec

    @property
    def class_names(self) -> tuple[str, ...]:
        """Text for class 0, 1, ..."""
        return self.spec.class_names

    # A str is an image and also an iterable of str; as an image it is caught first, here and below.
    @overload
    def __call__(self, image: Image) -> Prediction: ...  # type: ignore[overload-overlap]

    @overload
    def __call__(self, image: Iterable[Image], *, batch_size: int = 16) -> list[Prediction]: ...

    def __call__(self, image: Image | Iterable[Image], *, batch_size: int = 16) -> Prediction | list[Prediction]:
        """Predict for one image, or several.

        Args:
            image: a path, the bytes of an image file, or a uint8 array, RGB (H, W, 3) or grey (H, W); or an
                iterable of these.
            batch_size: how many canvases go through the network at once.

        Returns:
            The result of one image, or a list in the order of the images.

        Raises:
            DataError: an image cannot be used; the message names it.
        """
        if isinstance(image, str | Path | bytes | np.ndarray) or not isinstance(image, Iterable):
            return self._predict([load(image, self.spec.input)], batch_size)[0]
        return list(self.stream(image, batch_size=batch_size))

    def stream(self, images: Iterable[Image], *, batch_size: int = 16) -> Iterator[Prediction]:
        """Predict for any number of images; at most two batches are held in memory.

        Threads decode the next batch while the network runs on this one. Where a model takes windows of an
        image (``fit: tile``), a batch is windows of one image.

        Args:
            images: as for a call; taken from the iterable as they are needed.
            batch_size: how many canvases go through the network at once, >= 1.

        Yields:
            Results in the order of the images.

        Raises:
            DataError: an image cannot be used; the batches before its own have been yielded.
        """
        if batch_size < 1:
            raise DataError(f"batch_size: {batch_size}; 1 or more is needed")
        spec, remaining = self.spec.input, iter(images)
        at_once = 1 if spec.fit == "tile" else batch_size
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as decoders:
            current: list[Future[Loaded]] = []
            while True:
                following = [decoders.submit(load, image, spec) for image in islice(remaining, at_once)]
                if current:
                    yield from self._predict([loading.result() for loading in current], batch_size)
                if not following:
                    return
                current = following

    def predict_canvases(self, images_BHW3: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run the network on images that are already fitted to its canvas.

        Args:
            images_BHW3: uint8 RGB of the spec's height and width; any B >= 1.

        Returns:
            probabilities_BK, or probabilities_BKHW of a segmentation: float32, sums over K are 1.

        Raises:
            DataError: the array is of another type or shape.
        """
        return self._session.predict_canvases(images_BHW3)

    def _predict(self, images: Sequence[Loaded], batch_size: int) -> list[Prediction]:
        if self.spec.task == "segmentation":
            return [Segmentation.of(mask_HW, self.spec) for mask_HW in self._masks(images, batch_size)]
        probabilities_BK = self.predict_canvases(np.stack([image.pixels_HW3 for image in images]))
        return [Classification.of(probabilities_K, self.class_names) for probabilities_K in probabilities_BK]

    def _masks(self, images: Sequence[Loaded], batch_size: int) -> Iterator[NDArray[np.uint8]]:
        spec = self.spec.input
        if spec.fit == "tile":
            for image in images:
                yield segment(image.pixels_HW3, spec, self.predict_canvases, batch_size=batch_size)
            return
        probabilities_BKHW = self.predict_canvases(np.stack([image.pixels_HW3 for image in images]))
        for image, probabilities_KHW in zip(images, probabilities_BKHW, strict=True):
            yield mask_in_original(probabilities_KHW, image.original, spec)
