"""Where everything in a chart goes. The template draws what is computed here; nothing here knows SVG.

Drawn by hand rather than by a plotting library, so that the charts follow the reader's light or dark theme,
their text can be selected and read aloud, and the page stays small. Coordinates are pixels of the drawing,
y down.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from visionft.report.wording import decimal, percent, rate, short

Point = tuple[float, float]

WIDTH, HEIGHT = 360, 220
LEFT, RIGHT, TOP, BOTTOM = 46, 352, 24, 184
_LETTER = 6.2  # mean width of a letter of a band's label
_MARKED_POINTS = 40  # with more points than this, marks would hide the line


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Band:
    """The stretch of a chart that belongs to one stage."""

    x: float
    width: float
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """One measured quantity; ``role`` picks its colour and dash."""

    name: str
    role: str
    points: tuple[Point, ...]
    marked: bool


@dataclass(frozen=True, slots=True)
class LineChart:
    """A drawing of one or two quantities over the epochs of a run."""

    key: str
    title: str
    summary: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    bands: tuple[Band, ...]
    lines: tuple[Line, ...]
    best: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """Values by epoch, in order, for one line of a chart."""

    name: str
    role: str
    values: Mapping[float, float]


@dataclass(frozen=True, slots=True)
class Span:
    """The first and last epoch of a stage; ``number`` is its place in the stage table, from 1."""

    number: int
    name: str
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Axis:
    """A vertical axis: its range, how values are written, and whether it is logarithmic."""

    low: float
    high: float
    write: Callable[[float], str]
    log: bool = False

    def place(self, value: float) -> float:
        """Return the height of a value in the drawing."""
        low, high, at = (math.log(x) if self.log else x for x in (self.low, self.high, value))
        return BOTTOM - (BOTTOM - TOP) * (at - low) / (high - low)

    def ticks(self) -> tuple[Tick, ...]:
        """Return round values in the range."""
        values = log_ticks(self.low, self.high) if self.log else nice_ticks(self.low, self.high)
        return tuple(Tick(self.place(value), self.write(value)) for value in values)


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return at most ``most`` + 1 multiples of 1, 2 or 5 times a power of ten that lie in [low, high]."""
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(power * factor for factor in (1, 2, 5, 10) if (high - low) / (power * factor) <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return the powers of ten in [low, high]; with fewer than two of them, also their 2- and 5-fold."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1,), (1, 2, 5)):
        values = [factor * 10.0**exponent for exponent in exponents for factor in factors]
        inside = [value for value in values if low <= value <= high]
        if len(inside) >= 2:
            break
    return inside


def loss_axis(values: Sequence[float]) -> Axis:
    """Return an axis from 0 to a little above the largest loss."""
    high = max(1.05 * max(values), 1e-3)
    digits = max(1, 1 - math.floor(math.log10(high)))
    return Axis(0.0, high, lambda loss: decimal(loss, digits))


def percent_axis(values: Sequence[float]) -> Axis:
    """Return an axis in per cent around values in 0..1, at least five points high."""
    return _around(values, lambda fraction: percent(fraction, 0))


def decimal_axis(values: Sequence[float]) -> Axis:
    """Return an axis in decimals around values of at most 1, such as areas under the ROC curve; R2 may be negative."""
    return _around(values, lambda value: decimal(value, 2))


def _around(values: Sequence[float], write: Callable[[float], str]) -> Axis:
    """Leave some room about the values, but none beyond 0 and 1 where no value lies beyond."""
    lowest, highest = min(values), max(values)
    margin = max(0.05, 0.1 * (highest - lowest))
    return Axis(max(min(0.0, lowest), lowest - margin), min(max(1.0, highest), highest + margin), write)


def rate_axis(values: Sequence[float]) -> Axis:
    """Return a logarithmic axis around positive learning rates, wide enough to hold a tick."""
    return Axis(min(values) / 2, max(values) * 2, rate, log=True)


def line_chart(
    key: str,
    title: str,
    series: Sequence[Series],
    spans: Sequence[Span],
    axis_for: Callable[[Sequence[float]], Axis],
    best_epochs: Sequence[float] = (),
) -> LineChart | None:
    """Place lines over the epochs of a run.

    Args:
        key: unique on the page.
        title: what is drawn.
        series: the lines; those without values are left out.
        spans: the stages, in order.
        axis_for: makes the vertical axis for all values.
        best_epochs: epochs of the last line to point out.

    Returns:
        The chart, or none when there is nothing to draw.
    """
    series = [one for one in series if one.values]
    if not series:
        return None
    axis = axis_for([value for one in series for value in one.values.values()])
    first, last = spans[0].first - 0.5, spans[-1].last + 0.5

    def across(epoch: float) -> float:
        return LEFT + (RIGHT - LEFT) * (epoch - first) / (last - first)

    def points(one: Series) -> tuple[Point, ...]:
        return tuple((across(epoch), axis.place(value)) for epoch, value in one.values.items())

    edges = [first, *(span.first - 0.5 for span in spans[1:]), last]
    bands = tuple(
        _band(across(start), across(end), span) for start, end, span in zip(edges[:-1], edges[1:], spans, strict=True)
    )
    chosen = {epoch: value for epoch, value in series[-1].values.items() if epoch in best_epochs}
    return LineChart(
        key,
        title,
        "; ".join(_in_words(one, axis) for one in series),
        tuple(Tick(across(epoch), short(epoch)) for epoch in nice_ticks(first, last, 6) if epoch == int(epoch)),
        axis.ticks(),
        bands,
        tuple(Line(one.name, one.role, points(one), len(one.values) <= _MARKED_POINTS) for one in series),
        tuple((across(epoch), axis.place(value)) for epoch, value in chosen.items()),
    )


def _band(start: float, end: float, span: Span) -> Band:
    """Label a stage with its name, or with its number where the name is too long."""
    for label in (span.name, str(span.number)):
        if len(label) * _LETTER < end - start:
            return Band(start, end - start, label)
    return Band(start, end - start, "")


def _in_words(one: Series, axis: Axis) -> str:
    points = list(one.values.items())
    (first, start), (last, end) = points[0], points[-1]
    return f"{one.name}: {axis.write(start)} in epoch {short(first)}, {axis.write(end)} in epoch {short(last)}"
