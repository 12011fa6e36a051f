"""What training asks of a task: its head, and metrics.

Shape suffixes: B batch, H height, W width, 3 colours.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from visionft.data.records import Sample
from visionft.loading.loader import Loader
from visionft.models.backbones import Backbone
from visionft.models.heads.base import Head
from visionft.results import CanvasRunner, Results
from visionft.spec import InputSpec
from visionft.tasks import TASKS
from visionft.tasks.base import Agreement, Evaluation, Meter


class Learner(Protocol):
    """One task: its head, and how its results are measured.

    Attributes:
        kind: the task's name.
        headline: the value of ``Meter.values`` that people look at first.
        answers: what ``compare`` counts, such as images or pixels.
        min_agreement: fraction of the answers on which an exported file must agree with the network.
        max_difference: largest difference of a probability between the two. Both hold where the recipe says nothing.
    """

    kind: ClassVar[str]
    headline: ClassVar[str]
    answers: ClassVar[str]
    min_agreement: ClassVar[float]
    max_difference: ClassVar[float]
    class_names: tuple[str, ...]

    def build_head(self, backbone: Backbone) -> Head:
        """Return a fresh head for the backbone, which knows the task's losses."""
        ...

    def meter(self) -> Meter:
        """Return a fresh meter of results on canvases."""
        ...

    def evaluate(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        run: CanvasRunner,
        *,
        batch_size: int,
        bootstrap: int,
        seed: int,
        thresholds: Sequence[float] = (),
        on_done: Callable[[int], None] | None = None,
    ) -> Evaluation:
        """Measure from files to final results, by the code that the predictor runs.

        Args:
            samples: at least one.
            spec: the canvas.
            run: the network or the exported file.
            batch_size: canvases that go through it at once.
            bootstrap: resamples behind the 95 % intervals.
            seed: of the resampling.
            thresholds: confidence from which on each class is believed, where the task has one: the spec's.
            on_done: called with the number of images done.
        """
        ...

    def outputs(self, results: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs of the exported file, in the order of the definition's ``outputs``; traced."""
        ...

    def derived(self, results: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs of the exported file that follow from the others; traced."""
        ...

    def compare(self, actual: Results, expected: Results) -> Agreement:
        """Compare results of an exported file with the network's, of the same shapes."""
        ...


class ChosenThresholds(NamedTuple):
    """From which confidence on classes are believed.

    Attributes:
        values: one for each class.
        notices: what a person should know about them.
    """

    values: tuple[float, ...]
    notices: tuple[str, ...] = ()


@runtime_checkable
class ChoosesThresholds(Protocol):
    """A learner whose classes are believed from a confidence on that validation images choose."""

    def thresholds(
        self, samples: Sequence[Sample], spec: InputSpec, run: CanvasRunner, *, batch_size: int
    ) -> ChosenThresholds:
        """Choose a threshold for each class.

        Args:
            samples: validation images.
            spec: the canvas.
            run: the network.
            batch_size: canvases that go through it at once.
        """
        ...

    def compare(self, actual: Results, expected: Results, thresholds: Sequence[float] = ()) -> Agreement:
        """Compare results as ``Learner.compare`` does.

        Args:
            actual: results of the exported file.
            expected: the network's.
            thresholds: the spec's.
        """
        ...


def run_on_canvases(
    samples: Sequence[Sample],
    spec: InputSpec,
    run: CanvasRunner,
    *,
    batch_size: int,
    on_done: Callable[[int], None] | None = None,
) -> Results:
    """Return the results of samples whose image is one canvas, in their order; arguments as of ``Learner.evaluate``."""
    parts: list[Results] = []
    done = 0
    with Loader(samples, spec, batch_size) as loader:
        for batch in loader.evaluation():
            parts.append(run(batch.images_BHW3.numpy()))
            done += len(batch)
            if on_done:
                on_done(done)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def named_outputs(kind: str, outputs: Iterable[Tensor]) -> Results:
    """Return the outputs of a network as arrays by name.

    Args:
        kind: the network's task.
        outputs: in the order of the task's definition; those that follow from others are left out, and may be missing.
    """
    named = zip(TASKS[kind].outputs, outputs, strict=False)
    return {output.name: tensor.cpu().numpy() for output, tensor in named if not output.derived}
