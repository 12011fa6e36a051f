"""What the rest of the house asks of a task, without torch.

Shape suffixes: B batch, H height, W width, 3 colours, N detections. Results are probabilities with the classes K on
axis 1; or detections_BN6 (xyxy in pixels of the canvas, score, class; zeros in rows without one); or detections_BNR,
which go on with the probabilities of the ``MASK_SIDE`` x ``MASK_SIDE`` cells of the box, row by row.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from visionft.metrics.score import Metrics, Score
from visionft.sample import Dataset, Example, Sample, Split

if TYPE_CHECKING:
    from visionft.imaging.palette import Colour
    from visionft.report import PageSection

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


class TaskDefinition(ABC):
    """What the house must know of a task before anything is learned; needs no torch. An entry of ``TASKS``.

    Attributes:
        kind: the task's name in recipes and exported files.
        learner: ``"module:Class"`` of what learns it, which needs torch.
        counted: what its classes are counted in, such as ``image`` or ``pixel``; one word, singular.
        scores: what it is measured by, in the order in which people are told.
        selections: what may pick the best weights of a stage, ``last`` among them; the first is the default.
        mixing: which of ``mosaic``, ``mixup`` and ``cutmix`` make one training image of several.
        default_recipe: the shipped recipe that holds its defaults; None where the sections' own defaults do.
        augmentation_note: what a page says of augmented images beside what it says of every task's; may be empty.
        sees_whole_images: whether no part of an image may be cut away to fit it to the canvas, whose size then follows
            the images and not the pretrained weights.
    """

    kind: ClassVar[str]
    learner: ClassVar[str]
    counted: ClassVar[str]
    scores: ClassVar[tuple[Score, ...]]
    selections: ClassVar[tuple[str, ...]]
    mixing: ClassVar[tuple[str, ...]] = ()
    default_recipe: ClassVar[str | None] = None
    augmentation_note: ClassVar[str] = ""
    sees_whole_images: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def page(cls, evaluation: Any, dataset: Dataset, split: Split) -> "PageSection":
        """Return what the page of a run shows of an evaluation.

        Args:
            evaluation: what the task's learner returned, in the order of the data set.
            dataset: what was evaluated.
            split: which part of it.

        Raises:
            DataError: naming the file, when an image cannot be read any more.
        """

    @classmethod
    def palette(cls, dataset: Dataset) -> "tuple[Colour, ...]":
        """Return the colour (RGB, 0..255) in which pictures show class 0, 1, ...: the data's own, else ours."""
        from visionft.imaging import default_palette  # OpenCV: importing a definition stays cheap

        return dataset.palette or default_palette(dataset.class_names)

    @classmethod
    def caption(cls, sample: Sample, class_names: tuple[str, ...]) -> str:  # noqa: ARG003  # for those that have one
        """Return what a picture of a sample is labelled with beside its id, such as its class; empty for nothing."""
        return ""

    @classmethod
    def draw(cls, example: Example, palette: "tuple[Colour, ...]", long_side: int) -> NDArray[np.uint8]:  # noqa: ARG003
        """Return a canvas at a size to look at, with its target, as uint8 RGB.

        Args:
            example: the canvas.
            palette: colour (RGB, 0..255) of class 0, 1, ...
            long_side: most pixels of a side.
        """
        from visionft.report.pictures import fit  # OpenCV: importing a definition stays cheap

        return fit(example.image_HW3, long_side)

    @classmethod
    def legend(
        cls,
        examples: Iterable[Example],  # noqa: ARG003  # by default there is nothing to explain
        class_names: tuple[str, ...],  # noqa: ARG003
        palette: "tuple[Colour, ...]",  # noqa: ARG003
    ) -> "list[tuple[str, Colour]]":
        """Return the names and colours of what ``draw`` shows of some canvases.

        Args:
            examples: the canvases.
            class_names: text for class 0, 1, ...
            palette: colour (RGB, 0..255) of class 0, 1, ...
        """
        return []
