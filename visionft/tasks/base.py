"""What the rest of the house asks of a task, without torch.

Shape suffixes: B batch, H height, W width, 3 colours, N detections. Results are probabilities with the classes K on
axis 1; or detections_BN6 (xyxy in pixels of the canvas, score, class; zeros in rows without one); or detections_BNR,
which go on with the probabilities of the ``MASK_SIDE`` x ``MASK_SIDE`` cells of the box, row by row.
"""

from abc import ABC
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from visionft.data.records import Dataset
from visionft.data.targets.base import Target

Runner: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""images_BHW3, canvases -> results: a network, or an exported file, whichever is to be measured."""


class Prediction(Protocol):
    """What a model says about one image."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        ...


class Meter(Protocol):
    """Collects results on canvases, and says how good they were."""

    def update(self, results: NDArray[np.float32], targets: Any) -> None:
        """Take in a batch; the targets are those of ``Batch`` as arrays."""
        ...

    def values(self) -> dict[str, float]:
        """Return the values that model selection looks at; one that is not defined is left out."""
        ...


class Metrics(Protocol):
    """What was measured, for people and machines."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
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


@dataclass(frozen=True, slots=True)
class Score:
    """One number that a task is measured by.

    Attributes:
        name: its key in metrics and histories, such as ``macro_f1``.
        title: what people call it, such as ``macro F1``.
        percent: whether it is read as a percentage, and not as a decimal.
    """

    name: str
    title: str
    percent: bool = True


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

    def learner_arguments(self, dataset: Dataset) -> dict[str, Any]:  # noqa: ARG002  # other tasks ask for class counts
        """Return what the task's learner is made with beside the class names, given the data that it learns from."""
        return {} if self.head is None else {"head": self.head}


Augmentation = Literal["images", "boxes", "polygons"]


class TaskDefinition(ABC):
    """What the house must know of a task before anything is learned; needs no torch. An entry of ``TASKS``.

    Attributes:
        kind: the task's name in recipes and exported files.
        learner: ``"module:Class"`` of what learns it, which needs torch.
        options: what its section of a recipe may say.
        target: what is to be learned from each image.
        counted: what its classes are counted in, such as ``image`` or ``pixel``; one word, singular.
        scores: what it is measured by, in the order in which people are told.
        selections: what may pick the best weights of a stage, ``last`` among them; the first is the default.
        augmentation: what moves with the pixels of a training image: no more than a mask (``images``), boxes, or
            polygons. Images with objects have ranges of their own, and are mixed before they are augmented, never in
            the last stage; others are mixed in their batch.
        mixing: which of ``mosaic``, ``mixup`` and ``cutmix`` make one training image of several.
        default_recipe: the shipped recipe that holds its defaults; None where the sections' own defaults do.
        offer: what data that hold its targets are told to be good for, where the recipe makes less of them; empty for
            nothing.
        offered_to: kinds of the tasks that make less of such data.
        sees_whole_images: whether no part of an image may be cut away to fit it to the canvas, whose size then follows
            the images and not the pretrained weights.
    """

    kind: ClassVar[str]
    learner: ClassVar[str]
    options: ClassVar[type[TaskOptions]]
    target: ClassVar[type[Target]]
    counted: ClassVar[str]
    scores: ClassVar[tuple[Score, ...]]
    selections: ClassVar[tuple[str, ...]]
    augmentation: ClassVar[Augmentation] = "images"
    mixing: ClassVar[tuple[str, ...]] = ()
    default_recipe: ClassVar[str | None] = None
    offer: ClassVar[str] = ""
    offered_to: ClassVar[tuple[str, ...]] = ()
    sees_whole_images: ClassVar[bool] = True
