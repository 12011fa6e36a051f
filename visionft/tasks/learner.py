"""What training asks of a task: its head, loss, final form of the outputs, and metrics.

Shape suffixes: B batch, H height, W width, C channels, 3 colours.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from visionft.batch import InstanceTargets
from visionft.data.records import Sample
from visionft.models.backbones import Backbone, DepthGroup
from visionft.spec import InputSpec
from visionft.tasks.base import Agreement, Evaluation, Meter, Runner


class TaskAdapter(Protocol):
    """One task: its head, loss, final form of the outputs, and metrics.

    Attributes:
        kind: the task's name.
        headline: the value of ``Meter.values`` that people look at first.
        one_embedding: whether ``features`` is a single tensor per image that is small enough to keep in memory.
        answers: what ``compare`` counts, such as images or pixels.
        min_agreement: share of the answers on which an exported file must agree with the network.
        max_difference: largest difference of a probability between the two. Both hold where the recipe says nothing.
    """

    kind: ClassVar[str]
    headline: ClassVar[str]
    one_embedding: ClassVar[bool]
    answers: ClassVar[str]
    min_agreement: ClassVar[float]
    max_difference: ClassVar[float]
    class_names: tuple[str, ...]

    def build_head(self, backbone: Backbone) -> nn.Module:
        """Return a fresh head for the backbone."""
        ...

    def groups(self, backbone: Backbone) -> Sequence[DepthGroup]:
        """Return the depth groups that ``features`` depends on, stem first."""
        ...

    def features(self, backbone: Backbone, images_BCHW: Tensor) -> Any:
        """Return what the head gets, for normalised images."""
        ...

    def blank_targets(self, images_BHW3: Tensor) -> Tensor | InstanceTargets:
        """Return targets of the right shape for a batch, to time a step with."""
        ...

    def loss(self, outputs: Any, targets: Any) -> Tensor:
        """Return the mean loss of a batch, a scalar."""
        ...

    def finalize(self, outputs: Any) -> Tensor:
        """Turn raw outputs into results; traced into the exported file."""
        ...

    def meter(self) -> Meter:
        """Return a fresh meter of results on canvases."""
        ...

    def evaluate(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        run: Runner,
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
        """Return what the exported file puts out, in the order of ``spec.OUTPUTS``; traced."""
        ...

    def compare(self, found: NDArray[np.float32], expected: NDArray[np.float32]) -> Agreement:
        """Say how far results of an exported file agree with the network's, of the same shape."""
        ...
