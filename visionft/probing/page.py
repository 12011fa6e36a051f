"""The page of a probe: one HTML file that needs nothing else.

Shape suffixes: H height, W width, 3 colour channels (RGB).
"""

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.atomic import write_text
from visionft.data.records import Dataset, Sample
from visionft.imaging import decode
from visionft.probing.curve import LearningCurve
from visionft.probing.result import DuplicatePair, ProbeResult, SuspectLabel
from visionft.report import charts
from visionft.report.render import environment

_MOST_ERRORS, _MOST_PAIRS = 48, 24
_PART = 0.3  # of the long side around a point
_LEAST_PART = 96  # pixels
_MARK = (255, 90, 0)


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A label to look at, with its image."""

    error: SuspectLabel
    image_HW3: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _ShownPair:
    """Two images that are almost the same."""

    pair: DuplicatePair
    images_HW3: tuple[NDArray[np.uint8], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class _CurveChart:
    """Where everything of a learning curve goes: points that were measured, and the one that is expected."""

    x_ticks: tuple[charts.Tick, ...]
    y_ticks: tuple[charts.Tick, ...]
    points: tuple[charts.Point, ...]
    expected: charts.Point
    low: float
    high: float


def write_page(result: ProbeResult, dataset: Dataset, path: Path) -> None:
    """Write the page, whole or not at all.

    Args:
        result: what was found.
        dataset: the images that it names.
        path: the file.

    Raises:
        DataError: naming the file, when an image cannot be read any more.
    """
    template = environment(Path(__file__).parent).get_template("page.html.j2")
    samples = {sample.id: sample for sample in dataset.samples}
    errors, pairs = result.label_errors[:_MOST_ERRORS], result.duplicates[:_MOST_PAIRS]
    bar = _bar(result)
    page = template.render(
        result=result,
        noun=dataset.target.named[1],
        suspects=[_Suspect(error, _shown(samples[error.image], error.place)) for error in errors],
        pairs=[_ShownPair(pair, (_shown(samples[pair.images[0]]), _shown(samples[pair.images[1]]))) for pair in pairs],
        chart=None if result.curve is None else _curve_chart(result.curve, percent=result.score.percent),
        frame=charts,
        bar=bar,
        place=lambda value: 100 * min(1.0, max(0.0, (value - bar[0]) / (bar[1] - bar[0]))),
    )
    write_text(path, page.encode("utf-8", "backslashreplace").decode("utf-8"))


def _shown(sample: Sample, place: tuple[float, float] | None = None) -> NDArray[np.uint8]:
    """Return an image, or the part around a point of it with a mark."""
    image_HW3 = decode(sample.image, sample.reading)
    if place is None:
        return image_HW3
    height, width = image_HW3.shape[:2]
    side = min(max(_LEAST_PART, round(_PART * max(height, width))), height, width)
    x, y = place
    left, top = (int(min(max(0, at - side / 2), whole - side)) for at, whole in ((x, width), (y, height)))
    part_HW3 = np.ascontiguousarray(image_HW3[top : top + side, left : left + side])
    cv2.circle(part_HW3, (int(x) - left, int(y) - top), max(4, side // 24), _MARK, max(1, side // 96))
    return part_HW3


def _bar(result: ProbeResult) -> tuple[float, float]:
    """Return the ends of the bars' axis: from a little below the least score to 1."""
    lows = [row.interval[0] for row in result.rows if row.interval is not None]
    return min(0.9, max(0.0, math.floor(10 * min(lows, default=0.0)) / 10)), 1.0


def _curve_chart(curve: LearningCurve, *, percent: bool) -> _CurveChart:
    sizes = (*curve.images, 2 * curve.images[-1])
    low, high = curve.doubled - curve.gain + curve.interval[0], curve.doubled - curve.gain + curve.interval[1]
    axis = (charts.percent_axis if percent else charts.decimal_axis)(
        (*curve.scores, curve.doubled, low, min(1.0, high))
    )
    first, last = math.log(sizes[0]), math.log(sizes[-1])

    def across(size: float) -> float:
        return charts.LEFT + 8 + (charts.RIGHT - charts.LEFT - 16) * (math.log(size) - first) / (last - first)

    return _CurveChart(
        tuple(charts.Tick(across(size), str(size)) for size in sizes),
        axis.ticks(),
        tuple((across(size), axis.place(score)) for size, score in zip(curve.images, curve.scores, strict=True)),
        (across(sizes[-1]), axis.place(curve.doubled)),
        axis.place(low),
        axis.place(min(1.0, high)),
    )
