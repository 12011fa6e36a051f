"""What a probe has found, for people, programs and the page."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

from visionft.metrics.bootstrap import Interval
from visionft.metrics.score import Score
from visionft.probing.curve import LearningCurve


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """One network.

    Attributes:
        backbone: its name, with its weights where they are not the library's.
        problem: why it could not be probed; empty where it was, and all else is empty where it was not.
        weights: where they come from.
        licence: of the weights; ``unknown`` where nobody says.
        parameters: of the network without its classifier.
        canvas: (height, width) in pixels.
        milliseconds: of one image in the exported file, see ``ProbeResult.timed``; None where it cannot be exported.
        score: of the linear layer, on images that it has not learned from.
        interval: 95 % bootstrap interval of the score.
        behind: 95 % interval of how far the score lies below the best, over the same resamples; None of the best.
        neighbours: the score of the ten nearest neighbours.
        seconds: that its features took; 0 where they were there.
    """

    backbone: str
    problem: str = ""
    weights: str = ""
    licence: str = ""
    parameters: int | None = None
    canvas: tuple[int, int] | None = None
    milliseconds: float | None = None
    score: float | None = None
    interval: Interval | None = None
    behind: Interval | None = None
    neighbours: float | None = None
    seconds: float | None = None

    @property
    def short(self) -> str:
        """The name, with no more than the file of its weights: ``resnet18:mine.pth``."""
        name, colon, weights = self.backbone.rpartition(":")
        return f"{name}:{PurePath(weights).name}" if colon and "/" in weights and "/" not in name else self.backbone

    @property
    def ties(self) -> bool:
        """Whether the images do not tell it from the best."""
        return self.behind is not None and self.behind[0] <= 0


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two images that are almost the same.

    Attributes:
        images: their ids.
        splits: which part of the data each is in.
        likeness: correlation of their thumbnails, at most 1.
        same_target: whether their labels agree.
    """

    images: tuple[str, str]
    splits: tuple[str, str]
    likeness: float
    same_target: bool


@dataclass(frozen=True, slots=True)
class SuspectLabel:
    """An image whose label is likely wrong.

    Attributes:
        image: its id.
        split: which part of the data it is in.
        given: what the data say.
        found: what the probe says, which has not learned from the image.
        certainty: how sure that is, to put them in order: a difference of probabilities; of points of an image their
            sum; of numbers a multiple of the usual error.
        points: how many points of the image say so; 1 where whole images are probed.
        place: (x, y) in pixels of the surest of these points; None where whole images are probed.
    """

    image: str
    split: str
    given: str
    found: str
    certainty: float
    points: int = 1
    place: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """How good the features of several networks are for some data, and what they say of the data.

    Attributes:
        data: name of the data set.
        task: what is learned.
        classes: their names.
        images: number of images in each part; test images are never learned from and not measured on.
        score: what the networks are ranked by.
        timed: what ``milliseconds`` of the rows are of.
        rows: the networks, the best first, those that could not be probed last.
        duplicates: pairs of images that are almost the same, by the features of the best network.
        leaks: validation and test images that are almost the same as one of another part.
        label_errors: images whose labels are likely wrong, the surest first, by the features of the best network.
        curve: what more labels would bring to the best network; None where there are too few images.
        page: the HTML file, where one was written.
    """

    data: str
    task: str
    classes: tuple[str, ...]
    images: Mapping[str, int]
    score: Score
    timed: str
    rows: tuple[ProbeRow, ...]
    duplicates: tuple[DuplicatePair, ...]
    leaks: int
    label_errors: tuple[SuspectLabel, ...]
    curve: LearningCurve | None
    page: Path | None = None

    @property
    def best(self) -> ProbeRow:
        """The first network."""
        return self.rows[0]

    def __repr__(self) -> str:
        best = f"best {self.best.backbone}, {self.score.title} {self.write(self.best.score)}"
        lines = [f"ProbeResult({self.data}: {best})", *map(self._line, self.rows), *self.findings()]
        return "\n".join(lines)

    def _line(self, row: ProbeRow) -> str:
        if row.problem:
            return f"  {row.backbone}: {row.problem}"
        return f"  {row.backbone}: {self.write(row.score)}{' (as good as the best)' if row.ties else ''}"

    def write(self, value: float | None) -> str:
        """Return a value of the score as it is read."""
        return "-" if value is None else f"{value:.3f}"

    def findings(self) -> list[str]:
        """Return what the features say of the data, a line each."""
        lines = []
        if self.curve is not None:
            images, gain, spread = self.curve.images[-1], self.curve.gain, self.curve.spread
            by = (
                f"{100 * gain:+.1f} ± {100 * spread:.1f} points"
                if self.score.percent
                else f"{gain:+.3f} ± {spread:.3f}"
            )
            lines.append(
                f"twice the labels ({2 * images} images to learn from instead of {images}): {by} of {self.score.title}"
            )
        if self.duplicates:
            across = f", {self.leaks} validation or test images like one of another part" if self.leaks else ""
            lines.append(f"{_counted(len(self.duplicates), 'pair')} of images that are almost the same{across}")
        if self.label_errors:
            lines.append(
                f"{_counted(len(self.label_errors), 'label')} to look at: a probe that has not seen them disagrees"
            )
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "data": self.data,
            "task": self.task,
            "classes": list(self.classes),
            "images": dict(self.images),
            "score": self.score.name,
            "timed": self.timed,
            "rows": [asdict(row) for row in self.rows],
            "duplicates": [asdict(pair) for pair in self.duplicates],
            "leaks": self.leaks,
            "label_errors": [asdict(error) for error in self.label_errors],
            "curve": None if self.curve is None else self.curve.to_dict(),
            "page": None if self.page is None else str(self.page),
        }


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
