"""What the page of a detector shows beside what all pages do. Shape suffixes: N detections; 6 box, score and class."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.data.records import Dataset, Example, Sample
from visionft.data.splits import Split
from visionft.data.targets.boxes import Boxes
from visionft.imaging import decode, line_palette
from visionft.imaging.palette import Colour
from visionft.metrics.score import find_scores
from visionft.report import PredictedPicture
from visionft.report.headline import Headline, headlines
from visionft.report.pictures import Picture
from visionft.report.precision_recall import PrecisionRecallChart, precision_recall_chart
from visionft.report.ranking import worst_and_others
from visionft.report.wording import css, percent
from visionft.tasks.objects.evaluation import ObjectEvaluation
from visionft.tasks.objects.metrics import ClassAP, DetectionMetrics
from visionft.tasks.objects.mistakes import MISTAKES, Detected, ImageMatch, Mistake, match_image
from visionft.tasks.objects.overlays import box_pictures, cut_mistake, draw_objects, object_legend, shrink_boxed
from visionft.tasks.objects.page_examples import WORDS, BoxExample
from visionft.tasks.view import TaskView

_CHARTS, _MISTAKES = 12, 24
_SIZES = ("small, below 32 × 32 pixels", "medium", "large, above 96 × 96 pixels")


@dataclass(frozen=True, slots=True)
class Tally:
    """What all detections of an evaluation are.

    Attributes:
        right: detections that find an object.
        wrong: number of detections by kind of mistake.
        missed: objects that nothing found.
    """

    right: int
    wrong: Mapping[Mistake, int]
    missed: int

    @classmethod
    def of(cls, matches: Sequence[ImageMatch]) -> "Tally":
        """Count over all images."""
        kinds = Counter(one.mistake for match in matches for one in match.wrong)
        return cls(
            sum(len(match.right) for match in matches),
            {kind: kinds[kind] for kind in MISTAKES},
            sum(len(match.missed) for match in matches),
        )


@dataclass(frozen=True, slots=True)
class TallyRow:
    """A line of the table of mistakes.

    Attributes:
        name: the kind.
        meaning: what it is, in a few words.
        count: how often it occurs.
        fraction: of all believed detections or, for what is missed, of all objects; none when there are none.
        bar: the same, of the most frequent kind's number.
    """

    name: str
    meaning: str
    count: int
    fraction: float | None
    bar: float


@dataclass(frozen=True, slots=True)
class BoxClassRow:
    """A line of the table of classes.

    Attributes:
        name: the class.
        colour: of its boxes, as CSS writes it.
        scores: how well its objects are found.
    """

    name: str
    colour: str
    scores: ClassAP


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionSection:
    """An evaluation of a detector; see ``visionft.report.data.PageSection``.

    Attributes:
        top: names of the scores at the top of the page.
        averages: what ``sizes`` are in.
        masked: whether objects have masks, and scores of these.
        metrics: the numbers.
        palette: colour (RGB, 0..255) of each class.
        tally: what the detections of all images are.
        worst: the images with the most mistakes, that one first.
        others: images to compare them with, by falling number of mistakes.
        mistakes: parts of images with wrong detections, the most confident first.
    """

    template: ClassVar[Path] = Path(__file__).parent / "page.html.j2"
    top: ClassVar[tuple[str, ...]] = ("map", "map50", "map75", "recall", "precision")
    averages: ClassVar[tuple[str, ...]] = ("Mean AP",)
    masked: ClassVar[bool] = False

    metrics: DetectionMetrics
    palette: Sequence[Colour]
    tally: Tally
    worst: tuple[BoxExample, ...] = ()
    others: tuple[BoxExample, ...] = ()
    mistakes: tuple[PredictedPicture, ...] = ()

    @property
    def class_names(self) -> tuple[str, ...]:
        """Text for class 0, 1, ..."""
        return tuple(self.metrics.per_class)

    def pictures(self, example: BoxExample) -> tuple[Picture, ...]:
        """Return what the page shows of an image."""
        return box_pictures(example, self.class_names, self.palette)

    def headlines(self) -> tuple[Headline, ...]:
        """Return the numbers for the top of the page."""
        return headlines(self.metrics, find_scores(self.top, self.metrics.scores))

    def classes(self) -> tuple[BoxClassRow, ...]:
        """Return the classes in label order."""
        return tuple(
            BoxClassRow(name, css(colour), scores)
            for (name, scores), colour in zip(self.metrics.per_class.items(), self.palette, strict=True)
        )

    def sizes(self) -> tuple[tuple[str, tuple[float | None, ...]], ...]:
        """Return the averages by the size of objects."""
        values = self.metrics.map_small, self.metrics.map_medium, self.metrics.map_large
        return tuple((name, (value,)) for name, value in zip(_SIZES, values, strict=True))

    def charts(self) -> tuple[PrecisionRecallChart, ...]:
        """Return precision and recall of at most twelve classes, the weakest first."""
        weakest = sorted(self.metrics.per_class.items(), key=lambda item: (item[1].ap50 or 0.0, item[0]))
        drawn = (_chart(f"pr-{place}", *item) for place, item in enumerate(weakest))
        return tuple(chart for chart in drawn if chart)[:_CHARTS]

    def errors(self) -> tuple[TallyRow, ...]:
        """Return what goes wrong: missed objects, then wrong detections by kind."""
        tally = self.tally
        detections, objects = tally.right + sum(tally.wrong.values()), tally.right + tally.missed
        most = max(1, tally.missed, *tally.wrong.values())
        missed = ("Missed", "an object that no detection finds", tally.missed, objects)
        kinds = ((WORDS[kind].name, WORDS[kind].meaning, count, detections) for kind, count in tally.wrong.items())
        return tuple(
            TallyRow(name, meaning, count, count / total if total else None, count / most)
            for name, meaning, count, total in (missed, *kinds)
        )


def _chart(key: str, name: str, scores: ClassAP) -> PrecisionRecallChart | None:
    average = f"AP50 {percent(scores.ap50)}"
    return precision_recall_chart(
        key, name, average, scores.curve, scores.threshold, precision=scores.precision, recall=scores.recall
    )


def object_section(
    section: type[DetectionSection], evaluation: ObjectEvaluation, samples: Sequence[Sample], palette: Sequence[Colour]
) -> DetectionSection:
    """Show the images with most mistakes, others to compare, and the most confident wrong detections.

    Args:
        section: whose section it is.
        evaluation: the numbers, and the detections of each image.
        samples: what was evaluated.
        palette: colour (RGB, 0..255) of each class.
    """
    metrics, masks = evaluation.metrics, evaluation.masks
    names = tuple(metrics.per_class)
    matches = [
        match_image(detections_N6, Boxes.of(sample), thresholds=metrics.thresholds)
        for detections_N6, sample in zip(evaluation.detections, samples, strict=True)
    ]
    worst_first = sorted(range(len(samples)), key=lambda index: -matches[index].badness)

    def example(rank: int) -> BoxExample:
        index = worst_first[rank]
        sample, match = samples[index], matches[index]
        image_HW3 = decode(sample.image, sample.reading)
        return BoxExample(
            id=sample.id,
            rank=rank + 1,
            image_HW3=shrink_boxed(image_HW3),
            size=(image_HW3.shape[1], image_HW3.shape[0]),
            boxes=Boxes.of(sample),
            match=match,
            masks=tuple(masks[index][one.row] for one in match.detected) if masks is not None else None,
        )

    def cut(index: int, one: Detected) -> PredictedPicture:
        sample = samples[index]
        return cut_mistake(decode(sample.image, sample.reading), one, Boxes.of(sample), names, sample.id)

    wrong = ((index, one) for index, match in enumerate(matches) for one in match.wrong)
    surest = nlargest(_MISTAKES, wrong, key=lambda pair: pair[1].score)
    worst, others = worst_and_others(len(samples))
    return section(
        metrics=metrics,
        palette=palette,
        tally=Tally.of(matches),
        worst=tuple(map(example, worst)),
        others=tuple(map(example, others)),
        mistakes=tuple(cut(index, one) for index, one in surest),
    )


class ObjectView(TaskView):
    """Metrics, mistakes by kind, and the worst images; images are shown with their objects."""

    shown: ClassVar[type[DetectionSection]] = DetectionSection
    augmentation_note: ClassVar[str] = (
        "objects of which too little is left are neither learned nor held against the model (grey)"
    )

    @classmethod
    def section(cls, evaluation: ObjectEvaluation, dataset: Dataset, split: Split) -> DetectionSection:
        """Return what the page shows; see the base class."""
        return object_section(cls.shown, evaluation, dataset.split(split), cls.palette(dataset))

    @classmethod
    def palette(cls, dataset: Dataset) -> tuple[Colour, ...]:
        """Return colours that show on lines, so that none is black unless the data's own are."""
        return dataset.palette or line_palette(len(dataset.class_names))

    @classmethod
    def draw(cls, example: Example, palette: tuple[Colour, ...], long_side: int) -> NDArray[np.uint8]:
        """Return the canvas with its boxes and, where they are known, the pixels of its objects; see the base class."""
        return draw_objects(example, palette, long_side)

    @classmethod
    def legend(
        cls, examples: Iterable[Example], class_names: tuple[str, ...], palette: tuple[Colour, ...]
    ) -> list[tuple[str, Colour]]:
        """Return the classes of objects, with their colours, and that of objects that are left out."""
        return object_legend(examples, class_names, palette)
