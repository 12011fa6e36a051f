"""What the rest of the house asks of a task, without torch.

Shape suffixes: B batch, H height, W width, 3 colours, K classes.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from visionft.catalog import IN_MEMORY
from visionft.data.listing import Listing
from visionft.data.records import Dataset, Problem
from visionft.errors import RecipeError
from visionft.imaging.inputs import Image, Loaded
from visionft.metrics.score import Metrics, Score
from visionft.results import CanvasRunner, Output, Results
from visionft.spec import Fit, InputSpec, ModelSpec


class Prediction(Protocol):
    """What a model says about one image, in its original frame; ``str`` gives the line that people read.

    Attributes:
        endings: of the files that ``save`` and ``save_overlay`` write; empty where there is nothing to draw, and then
            these methods and ``overlay`` are not needed.
    """

    endings: ClassVar[tuple[str, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        ...


@runtime_checkable
class DrawablePrediction(Prediction, Protocol):
    """A prediction that is more than a line of text."""

    def save(self, path: str | Path) -> None:
        """Write what was predicted, for programs."""
        ...

    def overlay(self, image: Image) -> NDArray[np.uint8]:
        """Return the image with what was predicted drawn over it, uint8 RGB."""
        ...

    def save_overlay(self, image: Image, path: str | Path) -> None:
        """Write the image with what was predicted drawn over it, as JPEG."""
        ...


@runtime_checkable
class TrackablePrediction(Protocol):
    """A prediction of objects, which can be followed through the frames of a video."""

    def counting(self, threshold: float | None = None) -> NDArray[np.bool_]:
        """Return which objects score at least a threshold; None takes the model's own for each class."""
        ...

    def to_supervision(self) -> Any:
        """Return ``supervision.Detections``."""
        ...

    def with_tracks(self, rows_M: NDArray[np.int64], tracks_M: NDArray[np.int64]) -> Prediction:
        """Return some of the objects, with the number of the track of each; -1 for none."""
        ...


class Meter(Protocol):
    """Collects results on canvases, and says how good they were."""

    def update(self, results: Results, targets: Any) -> None:
        """Take in a batch; the targets are those of ``Batch`` as arrays."""
        ...

    def values(self) -> dict[str, float]:
        """Return the values that model selection looks at; one that is not defined is left out."""
        ...


class Evaluation(Protocol):
    """Metrics, and what the report needs to show what they mean."""

    @property
    def metrics(self) -> Metrics:
        """Every metric with its interval."""
        ...


class Agreement(NamedTuple):
    """How far results of an exported file are those of the network.

    Attributes:
        same: answers that are the same.
        compared: answers compared.
        difference: largest difference of a probability or score; NaN when either gave one.
    """

    same: int
    compared: int
    difference: float


def same_class(found: NDArray[np.float32], expected: NDArray[np.float32]) -> Agreement:
    """Compare probabilities with the classes on axis 1."""
    same = found.argmax(axis=1) == expected.argmax(axis=1)
    with np.errstate(invalid="ignore"):  # inf - inf is NaN, which no limit allows
        difference = float(np.abs(found.astype(np.float64) - expected).max())
    return Agreement(int(same.sum()), same.size, difference)


@dataclass(frozen=True, kw_only=True)
class TaskOptions:
    """The section ``task`` of a recipe: every key, its type, its range and its default.

    Each task has its own; the docstrings of the attributes are the documentation, and go into the schema.
    """

    # pydantic reads this when it validates a recipe; nothing here depends on pydantic
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "use_attribute_docstrings": True}

    kind: str = ""
    """The task."""
    head: str | None = None
    """The head put on the backbone; none takes the task's own."""

    @property
    def has_own_loss(self) -> bool:
        """Whether the program hands over a loss."""
        return IN_MEMORY in (getattr(self, "loss", None), *(getattr(self, "losses", None) or ()))

    def own_loss(self) -> dict[str, Any]:
        """Return the keys of a recipe that say that the program hands over its loss, the only one unless they say more.

        Raises:
            RecipeError: where the losses are the head's.
        """
        if hasattr(self, "losses"):
            return {"task.losses": self.losses if self.has_own_loss else {IN_MEMORY: 1.0}}
        if hasattr(self, "loss"):
            return {"task.loss": IN_MEMORY}
        raise RecipeError(f"loss: the losses of {self.kind} are its head's; hand over a head that has others, head=...")

    def screen(self, listing: Listing) -> Listing:
        """Return what the section lets pass of labelled files, whose labels may be made for another task.

        What does not pass is named in the listing's problems. No image has been opened yet.

        Args:
            listing: what a data format has found.

        Raises:
            RecipeError: when the section speaks of something that the files do not have.
        """
        return listing

    def mistakes(self) -> Mapping[str, str]:
        """Return what is wrong with single keys beside the others: key -> what a person is told, with what to do.

        A key within a key is written ``loss_options.gamma``.
        """
        return {}

    def learner_arguments(self, dataset: Dataset) -> dict[str, Any]:  # noqa: ARG002  # other tasks ask for class counts
        """Return what the task's learner is made with beside the class names, given the data that it learns from."""
        return {} if self.head is None else {"head": self.head}

    def measured_arguments(self, dataset: Dataset, canvas: InputSpec) -> dict[str, int]:  # noqa: ARG002
        """Return arguments of the learner that data and canvas decide; a run writes them down when it begins."""
        return {}

    def suited_canvas(self, dataset: Dataset, usual: "Canvas", *, fit_is_open: bool) -> "Canvas":  # noqa: ARG002
        """Return the canvas that suits the data, where the recipe leaves its size to them.

        Args:
            dataset: the data.
            usual: the canvas that the images' sizes suggest.
            fit_is_open: whether the recipe leaves the fit to the data as well.
        """
        return usual

    def remarks(
        self,
        dataset: Dataset,  # noqa: ARG002
        canvas: InputSpec,  # noqa: ARG002
        arguments: Mapping[str, int],  # noqa: ARG002
    ) -> tuple[Problem, ...]:
        """Return what a person should know of the data on their canvas.

        Args:
            dataset: the data.
            canvas: that of the finished model.
            arguments: what ``measured_arguments`` returned.
        """
        return ()


class Canvas(NamedTuple):
    """A canvas that nobody chose.

    Attributes:
        height: in pixels.
        width: in pixels.
        fit: how images are put on it.
        why: a line for people; empty where it is the usual one.
    """

    height: int
    width: int
    fit: Fit
    why: str = ""


Augmentation = Literal["images", "boxes", "polygons"]


class TaskDefinition(ABC):
    """What the house must know of a task before anything is learned; needs no torch. An entry of ``TASKS``.

    Attributes:
        kind: the task's name in recipes and exported files.
        learner: ``"module:Class"`` of what learns it, which needs torch.
        view: ``"module:Class"`` of what people see of it, a ``TaskView``.
        options: ``"module:Class"`` of what its section of a recipe may say, of ``TaskOptions``; not needed to predict.
        probe: ``"module:Class"`` of what is learned of it from features that do not change, a ``TaskProbe``; empty
            where nothing is.
        browser: ``"package:file.js"`` of what a page in a browser makes of its outputs, a module with ``predict``,
            ``told`` and, where there is something to draw, ``draw``; empty where no page is written.
        predicts: what its heads give, as the ``predicts`` of those in ``HEADS`` says.
        target: ``"module:Class"`` of what is to be learned from each image, of ``Target``; not needed to predict.
        scores: what it is measured by, in the order in which people are told.
        selections: what may pick the best weights of a stage, ``last`` among them; the first is the default.
        augmentation: what moves with the pixels of a training image: no more than a mask (``images``), boxes, or
            polygons. Images with objects have ranges of their own, and are mixed before they are augmented, never in
            the last stage; others are mixed in their batch.
        mixing: which of ``mosaic``, ``mixup`` and ``cutmix`` make one training image of several.
        default_recipe: the recipe that holds its defaults: one that ships by its name, that of another package by its
            path; None where the sections' own defaults do.
        outputs: what an exported file puts out, in order; those that are derived come last.
        prediction: the class of its predictions.
        takes_threshold: whether its predictions are what reaches a score that the caller may choose.
        offer: what data that hold its targets are told to be good for, where the recipe makes less of them; empty for
            nothing.
        offered_to: kinds of the tasks that make less of such data.
        sees_whole_images: whether no part of an image may be cut away to fit it to the canvas, whose size then follows
            the images and not the pretrained weights.
        takes_windows: whether ``predict`` puts together what windows of an image say, with which ``fit: tile`` covers
            it; else it gets images that are one canvas each.
    """

    kind: ClassVar[str]
    learner: ClassVar[str]
    view: ClassVar[str]
    options: ClassVar[str]
    probe: ClassVar[str] = ""
    browser: ClassVar[str] = ""
    predicts: ClassVar[str]
    target: ClassVar[str]
    scores: ClassVar[tuple[Score, ...]]
    selections: ClassVar[tuple[str, ...]]
    augmentation: ClassVar[Augmentation] = "images"
    mixing: ClassVar[tuple[str, ...]] = ()
    default_recipe: ClassVar[str | None] = None
    offer: ClassVar[str] = ""
    offered_to: ClassVar[tuple[str, ...]] = ()
    sees_whole_images: ClassVar[bool] = True
    takes_windows: ClassVar[bool] = False
    outputs: ClassVar[tuple[Output, ...]]
    prediction: ClassVar[type[Prediction]]
    takes_threshold: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def predict(
        cls,
        images: Sequence[Loaded],
        spec: ModelSpec,
        run: CanvasRunner,
        *,
        batch_size: int,
        threshold: float | None = None,
    ) -> Iterator[Prediction]:
        """Predict for images that have been loaded for the model.

        Images that are a canvas each go through the network together; windows are taken of one image after the other.

        Args:
            images: at least one, as ``imaging.inputs.load`` gives them for the spec.
            spec: the model.
            run: the network, or the exported file.
            batch_size: windows of an image that go through the network at once.
            threshold: least score of what is reported, in [0, 1]; None takes the model's own for each class, and
                is all there is where the task takes none.

        Yields:
            What the model says about each image, in its original frame.
        """
