"""An exported model as a Python function.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB), K classes, N rows of
detections, 6 left, top, right, bottom, score and class index, R these and the cells of a mask.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.object_mask import ObjectMask
from visionft.errors import DataError
from visionft.imaging.inputs import Image, Loaded, load
from visionft.predict.runtimes.onnx_runtime import Session
from visionft.sample import OBJECT_TASKS
from visionft.spec import ModelSpec
from visionft.tasks.base import Prediction
from visionft.tasks.classification.prediction import Classification
from visionft.tasks.instances.prediction import Instances
from visionft.tasks.objects.detect import boxes_in_original, detect, detect_instances, instances_in_original
from visionft.tasks.objects.prediction import Detection, least_scores
from visionft.tasks.segmentation.prediction import Segmentation
from visionft.tasks.segmentation.segment import mask_in_original, segment


class Predictor:
    """Classifies or segments images, or finds objects in them, with an exported file and onnxruntime on any machine.

        predictor = Predictor("cells.onnx")
        predictor("cell.png").label
        [result.confidence for result in predictor(["a.png", "b.png"])]

        Predictor("roads.onnx")("street.jpg").save("street-mask.png")

        for found in Predictor("blood.onnx", threshold=0.3)("smear.jpg").to_dict()["detections"]:
            print(found["label"], found["score"], found["box"])

        [mask.area for mask in Predictor("nuclei.onnx")("tissue.png").masks]

    The file's task decides whether results are ``Classification``, ``Segmentation``, ``Detection`` or ``Instances``.
    One predictor may be used from several threads.

    Args:
        path: the exported file.
        threads: CPU threads for one run of the network; None leaves the choice to onnxruntime.
        providers: onnxruntime execution providers in order of preference; None is the CPU, which is where the
            export was verified.
        threshold: the least score of the objects that are reported, in [0, 1]; None takes the model's own for each
            class, which is the one with the best F1 on the validation images. A low one, such as 0.001, gives all that
            the network has found, for whoever chooses later with ``Detection.above``.

    Raises:
        CheckpointError: the file is missing, no ONNX file, or not one that this visionft can run.
        DataError: a threshold out of range, or for a model that has none.
        UnknownName: a provider that this onnxruntime does not have.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
        threshold: float | None = None,
    ) -> None:
        if threshold is not None and not 0 <= threshold <= 1:
            raise DataError(f"threshold: {threshold}; a score from 0 to 1 is needed")
        self._session = Session(Path(path), threads=threads, providers=providers)
        self._threshold = threshold
        if threshold is not None and self.spec.task not in OBJECT_TASKS:
            raise DataError(
                f"threshold: {path} does {self.spec.task}; only {' and '.join(OBJECT_TASKS)} have one; leave it out"
            )

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
            float32: probabilities_BK, or probabilities_BKHW of a segmentation, whose sums over K are 1; or
            detections_BN6 in pixels of the canvas, by falling score and whatever the threshold, unused rows zero; or
            detections_BNR, which go on with the probabilities of the ``MASK_SIDE`` x ``MASK_SIDE`` cells of the box.

        Raises:
            DataError: the array is of another type or shape.
        """
        return self._session.predict_canvases(images_BHW3)

    def _predict(self, images: Sequence[Loaded], batch_size: int) -> list[Prediction]:
        if self.spec.task == "segmentation":
            return [Segmentation.of(mask_HW, self.spec) for mask_HW in self._masks(images, batch_size)]
        if self.spec.task == "detection":
            found = zip(images, self._detections(images, batch_size), strict=True)
            return [Detection.of(each_N6, image.original, self.spec).above(self._threshold) for image, each_N6 in found]
        if self.spec.task == "instance_segmentation":
            objects = zip(images, self._instances(images, batch_size), strict=True)
            return [Instances.of(each_N6, image.original, self.spec, masks) for image, (each_N6, masks) in objects]
        return [Classification.of(probabilities_K, self.class_names) for probabilities_K in self._run_whole(images)]

    def _masks(self, images: Sequence[Loaded], batch_size: int) -> Iterator[NDArray[np.uint8]]:
        spec = self.spec.input
        if spec.fit == "tile":
            for image in images:
                yield segment(image.pixels_HW3, spec, self.predict_canvases, batch_size=batch_size)
            return
        for image, probabilities_KHW in zip(images, self._run_whole(images), strict=True):
            yield mask_in_original(probabilities_KHW, image.original, spec)

    def _detections(self, images: Sequence[Loaded], batch_size: int) -> Iterator[NDArray[np.float32]]:
        spec = self.spec.input
        if spec.fit == "tile":
            for image in images:
                yield detect(image.pixels_HW3, spec, self.predict_canvases, batch_size=batch_size)
            return
        for image, detections_N6 in zip(images, self._run_whole(images), strict=True):
            yield boxes_in_original(detections_N6, image.original, spec)

    def _instances(
        self, images: Sequence[Loaded], batch_size: int
    ) -> Iterator[tuple[NDArray[np.float32], tuple[ObjectMask, ...]]]:
        # the threshold at once, since pixels are worked out for each object
        spec, least_K = self.spec.input, np.array(least_scores(self.spec, self._threshold), np.float32)
        if spec.fit == "tile":
            for image in images:
                yield detect_instances(
                    image.pixels_HW3, spec, self.predict_canvases, batch_size=batch_size, least_K=least_K
                )
            return
        for image, detections_NR in zip(images, self._run_whole(images), strict=True):
            yield instances_in_original(detections_NR, image.original, spec, least_K)

    def _run_whole(self, images: Sequence[Loaded]) -> NDArray[np.float32]:
        """Run the network on images that are a canvas each."""
        return self.predict_canvases(np.stack([image.pixels_HW3 for image in images]))
