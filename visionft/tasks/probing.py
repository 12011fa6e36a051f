"""What a linear probe of features that do not change learns of a task, and how its answers are measured.

A definition names its probe and does not import it, as for the learner.

Shape suffixes: N images, M rows (images, or points of images), K outputs, P points, R resamples, 2 x and y.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from visionft.catalog import imported
from visionft.data.records import Dataset, Sample
from visionft.errors import RecipeError
from visionft.metrics.score import Score
from visionft.metrics.scores import Floats, Ints
from visionft.models.linear_fit import LinearLoss
from visionft.spec import InputSpec
from visionft.tasks import TASKS


class Suspicion(NamedTuple):
    """A row whose target is likely wrong.

    Attributes:
        row: its index.
        given: what the data say.
        found: what the probe says, which has not seen that.
        certainty: how sure that is, to put them in order.
    """

    row: int
    given: str
    found: str
    certainty: float


class Points(NamedTuple):
    """Places of a canvas whose features are probed.

    Attributes:
        xy_P2: float32, in pixels of the canvas.
        labels_P: int64, what is there.
    """

    xy_P2: NDArray[np.float32]
    labels_P: Ints


class TaskProbe(ABC):
    """A linear layer on frozen features, for one task.

    Args:
        dataset: the data whose features are probed.

    Attributes:
        loss: what it learns by.
        score: what it is measured by; more is better, and 1 is perfect.
        outputs: how many outputs it has.
    """

    loss: ClassVar[LinearLoss]
    score: ClassVar[Score]

    def __init__(self, dataset: Dataset) -> None:
        self.class_names = dataset.class_names
        self.outputs = len(dataset.class_names)

    def answers(self, raw_MK: Tensor) -> Floats:
        """Return probabilities, or numbers, for the raw outputs of the layer."""
        match self.loss:
            case "softmax":
                raw_MK = raw_MK.softmax(1)
            case "sigmoid":
                raw_MK = raw_MK.sigmoid()
        answers_MK: Floats = raw_MK.double().numpy()
        return answers_MK

    @abstractmethod
    def scores(self, answers_MK: Floats, targets: NDArray[Any], image_M: Ints, counts_RN: Floats) -> Floats:
        """Return values_R of the score, NaN where it is not defined.

        Args:
            answers_MK: what ``answers`` returned.
            targets: of the same rows.
            image_M: the image of each row, 0..N-1.
            counts_RN: how often each image is drawn in each resample.
        """

    @abstractmethod
    def suspicions(self, answers_MK: Floats, targets: NDArray[Any]) -> list[Suspicion]:
        """Return the rows whose targets are likely wrong, the surest first; arguments as of ``scores``."""


class ImageProbe(TaskProbe):
    """A probe of whole images: a row of features each."""

    @abstractmethod
    def targets(self, samples: Sequence[Sample]) -> Tensor:
        """Return what ``fit_linear`` learns, a row for each sample."""


class PatchProbe(TaskProbe):
    """A probe of points of images, of one class each.

    Attributes:
        drawn: number of the way in which ``points`` chooses; kept features of other points are not taken.
    """

    loss: ClassVar[LinearLoss] = "softmax"
    drawn: ClassVar[int] = 1

    @abstractmethod
    def points(
        self, targets: Any, shown: tuple[int, int, int, int], spec: InputSpec, generator: np.random.Generator, most: int
    ) -> Points:
        """Choose points of an image.

        Args:
            targets: of a batch that has nothing but the image, as arrays.
            shown: (left, top, right, bottom) of the canvas's part that shows the image.
            spec: the canvas.
            generator: decides where there are more than enough.
            most: points of an image.
        """


def probe_of(kind: str, dataset: Dataset) -> TaskProbe:
    """Return the probe of a task for some data.

    Raises:
        RecipeError: when the task has none.
    """
    if not TASKS[kind].probe:
        able = ", ".join(name for name in TASKS if TASKS[name].probe)
        raise RecipeError(f"task.kind: {kind} has no probe; these tasks have one: {able}")
    probe: TaskProbe = imported(TASKS[kind].probe)(dataset)
    return probe
