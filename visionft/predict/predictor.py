"""A model as a Python function.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, cast, overload

import numpy as np
from numpy.typing import NDArray

from visionft.cores import usable_cores
from visionft.errors import DataError
from visionft.imaging.inputs import Image, Loaded, is_one_image, load
from visionft.predict.engine import Engine, HasEngine, locate_exported, open_engine
from visionft.predict.object_tracker import ObjectTracker
from visionft.predict.pipeline import Batch, OnError, loaded_batches
from visionft.predict.sources import Frame, Frames, Source, open_source
from visionft.predict.spread import Spread
from visionft.results import Results
from visionft.spec import InputSpec, ModelSpec
from visionft.tasks import TASKS
from visionft.tasks.base import Prediction, TaskDefinition, TrackablePrediction

_BATCH = 16
_BEFORE_SPREADING = 4  # batches; opening the file once more would not pay for fewer

Found: TypeAlias = Generator[tuple[Frame, Prediction], None, None]
"""Images and what is in them, one after the other; closed, it lets go of what it reads."""


class Predictor:
    """Predicts for images with an exported file, on any machine, or with a network that has been trained here.

        predictor = Predictor("cells.onnx")
        predictor("cell.png").label
        [result.confidence for result in predictor(["a.png", "b.png"])]

        Predictor("roads.onnx")("street.jpg").save("street-mask.png")

        for found in Predictor("blood.onnx", threshold=0.3)("smear.jpg").to_dict()["detections"]:
            print(found["label"], found["score"], found["box"])

        [mask.area for mask in Predictor("nuclei.onnx")("tissue.png").masks]

        Predictor(vft.open_run("runs/cells-001"))("cell.png").label  # the same, before anything is exported

    The model's task decides of what class the results are: its definition's ``prediction``. One predictor may be used
    from several threads, and can be pickled, as for a pool of processes: there it opens its file again.

    Args:
        model: the exported file, or the run folder that holds it; or a run, or its ``model``, of which the predictor
            keeps a copy as it is now.
        threads: CPU threads for one run of the file; None takes what suits the cores it may use.
        providers: what is to run the file, in order of preference: onnxruntime's execution providers; None is the
            CPU, which is where the export was verified.
        threshold: the least score of what is reported, in [0, 1]; None takes the model's own for each
            class, which was chosen on the validation images. A low one, such as 0.001, gives all that
            the network has found, for whoever chooses later with ``Detection.above``.
        value_range: the values that are black and white in images of more than 8 bits and in float arrays, such as
            (0, 4095) of a camera of 12 bits; None takes those that the model was trained with.

    Raises:
        CheckpointError: the file is missing, damaged, or not one that this visionft can run.
        DataError: a threshold out of range, or for a model that has none; a value range without extent; threads or
            providers for a network; or what is given is no model.
        UnknownName: a provider that the runtime does not have.
    """

    def __init__(
        self,
        model: str | Path | HasEngine,
        *,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
        threshold: float | None = None,
        value_range: tuple[float, float] | None = None,
    ) -> None:
        if threshold is not None and not 0 <= threshold <= 1:
            raise DataError(f"threshold: {threshold}; a score from 0 to 1 is needed")
        self._source = str(model) if isinstance(model, str | Path) else "a network"
        self._engine = _engine(model, threads, providers)
        self._one_thread: Engine | None = None
        self._path = locate_exported(Path(model).expanduser()).absolute() if isinstance(model, str | Path) else Path()
        fits = getattr(self._engine, "one_thread_scales", False) and threads is None and providers is None
        self._spreads = fits and usable_cores() > 1
        self._input = _with_range(self._engine.spec.input, value_range)
        self._task: type[TaskDefinition] = TASKS[self.spec.task]
        self._threshold = threshold
        if threshold is not None and not self._task.takes_threshold:
            able = " and ".join(kind for kind in TASKS if TASKS[kind].takes_threshold)
            raise DataError(f"threshold: {self._source} does {self.spec.task}; only {able} have one; leave it out")

    def __repr__(self) -> str:
        spec = self.spec
        canvas = f"{spec.input.width} x {spec.input.height}, {spec.input.fit}"
        return f"Predictor({self._source}: {spec.task}, {len(spec.class_names)} classes, {canvas})"

    @property
    def spec(self) -> ModelSpec:
        """What the model is, as the exported file says, or the run."""
        return self._engine.spec

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
            image: a path, the bytes of an image file, a file opened for reading bytes, or pixels as
                ``visionft.imaging.python_images`` reads them: a uint8 array, RGB (H, W, 3) or grey (H, W), an image of
                PIL, a tensor (3, H, W); or an iterable of these.
            batch_size: how many canvases go through the network at once.

        Returns:
            The result of one image, or a list in the order of the images.

        Raises:
            DataError: an image cannot be used; the message names it.
        """
        if is_one_image(image):
            return self._predict([load(cast("Image", image), self._input)], batch_size, self._threshold)[0]
        return list(self.stream(cast("Iterable[Image]", image), batch_size=batch_size))

    def stream(
        self, source: Source, *, batch_size: int | None = None, on_error: OnError | None = None
    ) -> Iterator[Prediction]:
        """Predict for any number of images; at most two batches are held in memory.

        Threads decode the next batch while the network runs on this one, which from the fifth batch on is shared out
        among the cores: a core that runs images of its own waits for no other. Where a model takes windows of an
        image (``fit: tile``), a batch is windows of one image.

            for result in predictor.stream("clip.mp4"):        # or a folder, "rtsp://...", 0 for the first camera
                print(result)

        Args:
            source: images as for a call, taken from the iterable as they are needed; a folder, images of its folders
                included; a video file; the number of a camera; the address of a stream. Of a camera or a stream it is
                always the newest frame that is taken, whatever has been missed since the last.
            batch_size: how many canvases go through the network at once, >= 1; None takes 16, and 1 of a camera or a
                stream, whose frames do not wait for each other.
            on_error: called with the ``Frame`` and the error where an image cannot be used, or a video breaks off;
                that one is then left out. None raises it.

        Yields:
            Results in the order of the images.

        Raises:
            DataError: an image cannot be used, or a video breaks off; what comes before it has been yielded.
        """
        return (prediction for _, prediction in self.watch(source, batch_size=batch_size, on_error=on_error))

    def watch(self, source: Source, *, batch_size: int | None = None, on_error: OnError | None = None) -> Found:
        """Predict as ``stream`` does, and give each image with what is in it.

            for frame, found in predictor.watch("clip.mp4"):
                found.save_overlay(frame.image, f"{frame.number:06}.jpg")

        Args:
            source: as for ``stream``.
            batch_size: as for ``stream``.
            on_error: as for ``stream``.

        Yields:
            The image, as RGB pixels where it is of a video, and its result.

        Raises:
            DataError: as ``stream``.
        """
        return self._watch(open_source(source), batch_size, on_error, self._threshold)

    def track(self, source: Source, *, batch_size: int | None = None, on_error: OnError | None = None) -> Found:
        """Predict as ``watch`` does, and tell which objects of a frame are those of the frames before (ByteTrack).

        The results have ``tracks_N``: a number for each object, which is the same in all frames of one source, and -1
        where it has been seen only once so far. Objects that score too low to count are looked at as well: they are
        reported where they continue a track.

        Args:
            source: as for ``stream``; images one by one are taken as the frames of a video.
            batch_size: as for ``stream``.
            on_error: as for ``stream``.

        Yields:
            The image and its result.

        Raises:
            DataError: as ``stream``; or the model finds no objects.
            MissingExtra: when the package ``trackers`` is not installed.
        """
        tracker = self._tracker()
        frames = open_source(source)
        tracker.begin(frames.rate)
        found = self._watch(frames, batch_size, on_error, tracker.lowest)
        return ((frame, tracker.follow(prediction)) for frame, prediction in found)

    def _tracker(self) -> ObjectTracker:
        if not issubclass(self._task.prediction, TrackablePrediction):
            able = [kind for kind in TASKS if issubclass(TASKS[kind].prediction, TrackablePrediction)]
            raise DataError(
                f"{self._source}: does {self.spec.task}, and what it finds has no place to be followed; models for "
                f"{' or '.join(able)} can be tracked"
            )
        return ObjectTracker(self._threshold)

    def _watch(
        self, source: Frames, batch_size: int | None, on_error: OnError | None, threshold: float | None
    ) -> Found:
        if batch_size is not None and batch_size < 1:
            raise DataError(f"batch_size: {batch_size}; 1 or more is needed")
        size = batch_size or (1 if source.live else _BATCH)
        at_once = 1 if self._input.fit == "tile" else size
        batches = loaded_batches(
            source.frames,
            partial(load, spec=self._input),
            at_once=at_once,
            ahead=0 if source.live else at_once,
            on_error=on_error,
        )
        return self._of_batches(batches, size, threshold, may_spread=at_once > 1)

    def _of_batches(
        self, batches: Generator[Batch, None, None], batch_size: int, threshold: float | None, *, may_spread: bool
    ) -> Found:
        here = partial(self._predict, batch_size=batch_size, threshold=threshold)
        predict: Callable[[Sequence[Loaded]], list[Prediction]] = here
        with closing(batches), ExitStack() as opened:
            for number, batch in enumerate(batches):
                if number == _BEFORE_SPREADING and may_spread and self._spreads:
                    predict = opened.enter_context(Spread(partial(here, engine=self._one_thread_engine())))
                predictions = predict([loaded for _, loaded in batch])
                yield from zip((frame for frame, _ in batch), predictions, strict=True)

    def _one_thread_engine(self) -> Engine:
        """Return what runs the file with one thread; several threads of ours may use it at once."""
        if self._one_thread is None:
            self._one_thread = open_engine(self._path, threads=1)
        return self._one_thread

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is opened when it is needed."""
        return {**self.__dict__, "_one_thread": None}

    def predict_canvases(self, images_BHW3: NDArray[np.uint8]) -> Results:
        """Run the network on images that are already fitted to its canvas.

        Args:
            images_BHW3: uint8 RGB of the spec's height and width; any B >= 1.

        Returns:
            The file's outputs by name, whatever the threshold: ``probabilities`` with the classes on axis 1; or
            ``boxes`` in pixels of the canvas, ``scores``, ``labels``, ``count`` and, where objects have them,
            ``masks``, by falling score, whose rows from ``count`` on mean nothing.

        Raises:
            DataError: the array is of another type or shape.
        """
        return self._engine.run(images_BHW3)

    def _predict(
        self, images: Sequence[Loaded], batch_size: int, threshold: float | None, engine: Engine | None = None
    ) -> list[Prediction]:
        run = (engine or self._engine).run
        return list(self._task.predict(images, self.spec, run, batch_size=batch_size, threshold=threshold))


def _with_range(spec: InputSpec, value_range: tuple[float, float] | None) -> InputSpec:
    if value_range is None:
        return spec
    low, high = map(float, value_range)
    if not low < high:
        raise DataError(f"value_range: {value_range}; two values are needed, black before white, such as (0, 4095)")
    return replace(spec, reading=replace(spec.reading, range=(low, high)))


def _engine(model: str | Path | HasEngine, threads: int | None, providers: Sequence[str] | None) -> Engine:
    if isinstance(model, str | Path):
        path = locate_exported(Path(model).expanduser())
        return open_engine(path, threads=threads, providers=providers)
    if not isinstance(model, HasEngine):
        raise DataError(
            f"Predictor: an object of type {type(model).__name__}; give the path of an exported file, a run, or the "
            "run's model"
        )
    if threads is not None or providers is not None:
        raise DataError("threads, providers: are for exported files; a network runs where it lies; leave them out")
    return model.engine()
