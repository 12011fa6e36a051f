"""What the report of every task shows. Whoever has a run fills it in; nothing here reads files or knows a recipe.

Shape suffixes: H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.metrics.score import Metrics
from visionft.report.headline import Headline


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """Where the images come from.

    Attributes:
        name: what people call the data set.
        source: where it came from; may be empty.
        licence: on which terms; left out of the page when empty, as when the source says it.
        images: number of usable images by split.
    """

    name: str
    source: str = ""
    licence: str = ""
    images: Mapping[Split, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What was fine-tuned.

    Attributes:
        backbone: the network's name.
        weights: which pretrained weights it started from.
        licence: the weights' licence; the page says so when it is empty.
        parameters: number of parameters of the whole model, head included.
        input: the input in words, such as ``224 × 224 pixels, centre crop``.
    """

    backbone: str
    weights: str
    licence: str = ""
    parameters: int
    input: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFacts:
    """What one stage did.

    Attributes:
        name: the stage's name.
        trainable: which parts learned, in words, such as ``head`` or ``head, blocks.5, blocks.6``.
        trainable_parameters: how many parameters learned.
        head_rate: peak learning rate of the head.
        backbone_rate: peak learning rate of the deepest trainable group; none when the backbone is frozen.
        epochs: passes over the training images that were run.
        best_epoch: epoch of the stage's best validation value, counted within the whole run; none without it.
        best_value: the selection metric in that epoch; none without one.
        seconds: wall-clock time.
        ended: why it ended, such as ``ran its 5 epochs``.
        depth: how deep it went and why, where that was left open; None where the recipe said it.
        setback: that its first epoch undid something of the stages before, and what helps; None where it did not.
    """

    name: str
    trainable: str
    trainable_parameters: int
    head_rate: float
    backbone_rate: float | None
    epochs: float
    best_epoch: float | None
    best_value: float | None
    seconds: float
    ended: str
    depth: str | None = None
    setback: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenImage:
    """A training image as it is and as the network got it.

    Attributes:
        id: the sample's id.
        label: name of its class; empty where it has none as a whole.
        pictures_HW3: name of each picture, and its uint8 RGB pixels at the size in which the page has them.
    """

    id: str
    label: str
    pictures_HW3: tuple[tuple[str, NDArray[np.uint8]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentationFacts:
    """What training saw in the stage that changed its images most.

    Attributes:
        stage: the stage's name.
        strength: how much could change.
        how: which flips, and how many images were mixed, in words.
        images: a few of them.
        problem: why there are none; empty when there are.
    """

    stage: str
    strength: str
    how: str
    images: tuple[SeenImage, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedPicture:
    """An image, or a part of one, with the class that was predicted for it.

    Attributes:
        id: the sample's id.
        image_HW3: uint8 RGB pixels of any size, upright.
        true: what it shows, such as the name of its class.
        predicted: name of the predicted class.
        confidence: probability of the predicted class, 0..1.
    """

    id: str
    image_HW3: NDArray[np.uint8]
    true: str
    predicted: str
    confidence: float


class PageSection(Protocol):
    """What one task has to show of an evaluation: the part of the page that other tasks do not have.

    Attributes:
        template: the file of the task's page; it extends ``report.html.j2`` and gets this object as ``section``.
    """

    template: ClassVar[Path]

    @property
    def metrics(self) -> Metrics:
        """The numbers; the first of its scores is drawn where the loss chose the best epoch."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """Text for class 0, 1, ..."""
        ...

    def headlines(self) -> tuple[Headline, ...]:
        """Return the numbers for the top of the page."""
        ...


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """An exported file that has passed its gate.

    Attributes:
        file: its name in the run folder.
        runtime: what it is for, as ``visionft export --to`` calls it.
        megabytes: its size, or that of all files of a folder.
        parity: what was measured, as ``Parity.to_dict`` gives it.
    """

    file: str
    runtime: str
    megabytes: float
    parity: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """What the report of one run shows.

    Attributes:
        title: the page's heading.
        dataset: where the images come from.
        model: what was fine-tuned.
        section: the evaluation, as its task shows it.
        split: the part of the data it was measured on.
        selection: name of the validation score that chose the best epoch, a key of a history row's ``val``.
        stages: in the order they ran.
        history: the training loop's rows in order, each with ``stage`` (0, 1, ...), ``stage_name``, ``epoch``
            (counted within the whole run) and, where measured, ``train_loss``, ``lr``, ``val`` (name -> score).
        augmentation: what training saw; none where no stage changed its images.
        problems: what was found wrong with the data.
        exported: the files that there are.
        recipe: the recipe's text.
        provenance: name and value of whatever is needed to repeat the run, such as versions, hardware, seed.
    """

    title: str
    dataset: DatasetFacts
    model: ModelFacts
    section: PageSection
    split: Split
    selection: str
    stages: tuple[StageFacts, ...]
    history: tuple[Mapping[str, Any], ...]
    augmentation: AugmentationFacts | None = None
    problems: tuple[Problem, ...] = ()
    exported: tuple[ExportFacts, ...] = ()
    recipe: str = ""
    provenance: Mapping[str, str] = field(default_factory=dict)
