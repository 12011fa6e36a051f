"""Draws accuracy over seconds as SVG, which follows the reader's light or dark scheme."""

import math
import statistics
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from visionft.report.charts import nice_ticks

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 300, 210, 44, 58, 26
_COLOURS = {"visionft": ("#1f6fb2", "#8fc1e9"), "plain loop": ("#b3541e", "#f0a36b"), "fastai": ("#4a7d2c", "#9ccf7a")}
Run = Sequence[Mapping[str, float]]


def draw(results: Mapping[str, Any]) -> str:
    """Return the picture: a panel for each data set, a line for each tool.

    Args:
        results: data set -> ``curves``: tool -> seed -> epochs with ``seconds`` and ``accuracy``.
    """
    width = len(results) * (_LEFT + _WIDTH + _GAP)
    tools = list(dict.fromkeys(tool for found in results.values() for tool in found["curves"]))
    panels = "".join(
        _panel(name, found["curves"], number * (_LEFT + _WIDTH + _GAP) + _LEFT)
        for number, (name, found) in enumerate(results.items())
    )
    legend = "".join(
        f'<g transform="translate({_LEFT + 120 * number} 14)"><path class="{_class(tool)}" d="M0 0h22"/>'
        f'<text x="28" y="4">{escape(tool)}</text></g>'
        for number, tool in enumerate(tools)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_TOP + _HEIGHT + 44}" role="img" '
        f'aria-label="{escape(_in_words(results))}">{_style(tools)}{legend}{panels}</svg>\n'
    )


def middle(runs: Sequence[Run]) -> list[tuple[float, float]]:
    """Return the medians over the seeds of seconds and accuracy, epoch by epoch, as far as half of them go."""
    longest = sorted(len(run) for run in runs)[(len(runs) - 1) // 2]
    points = []
    for epoch in range(longest):
        there = [run[epoch] for run in runs if epoch < len(run)]
        points.append(tuple(statistics.median(point[key] for point in there) for key in ("seconds", "accuracy")))
    return [(seconds, accuracy) for seconds, accuracy in points]


def _panel(name: str, curves: Mapping[str, Sequence[Run]], left: float) -> str:
    lines = {tool: middle(runs) for tool, runs in curves.items()}
    seconds = [point[0] for line in lines.values() for point in line]
    accuracies = [point[1] for line in lines.values() for point in line]
    low, high = math.log10(min(seconds)) - 0.05, math.log10(max(seconds)) + 0.05
    bottom = max(0.0, min(accuracies) - 0.02)
    top = min(1.0, max(accuracies) + 0.02)

    def place(point: tuple[float, float]) -> str:
        x = left + _WIDTH * (math.log10(point[0]) - low) / (high - low)
        y = _TOP + _HEIGHT * (top - point[1]) / (top - bottom)
        return f"{x:.1f} {y:.1f}"

    parts = [f'<text class="title" x="{left}" y="{_TOP - 14}">{escape(name)}</text>']
    for tick in (tick for tick in nice_ticks(bottom, top) if bottom <= tick <= top):
        y = place((10**low, tick)).split()[1]
        parts.append(f'<path class="grid" d="M{left} {y}h{_WIDTH}"/>')
        parts.append(f'<text class="tick" text-anchor="end" x="{left - 6}" y="{float(y) + 4}">{100 * tick:g} %</text>')
    for tick in (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000):
        if low <= math.log10(tick) <= high:
            x = place((tick, bottom)).split()[0]
            parts.append(f'<path class="grid" d="M{x} {_TOP}v{_HEIGHT}"/>')
            parts.append(f'<text class="tick" text-anchor="middle" x="{x}" y="{_TOP + _HEIGHT + 18}">{tick} s</text>')
    for tool, line in lines.items():
        places = [place(point) for point in line]
        parts.append(f'<path class="{_class(tool)}" d="M{"L".join(places)}"/>')
        parts += [
            f'<circle class="{_class(tool)}" r="2.5" cx="{at.split()[0]}" cy="{at.split()[1]}"/>' for at in places
        ]
    return "".join(parts)


def _style(tools: Sequence[str]) -> str:
    light, dark = (
        "".join(f".{_class(tool)}{{stroke:{_COLOURS[tool][scheme]};fill:none;stroke-width:2}}" for tool in tools)
        for scheme in (0, 1)
    )
    return (
        "<style>text{font:13px sans-serif;fill:#333}.title{font-weight:600}.tick{font-size:11px;fill:#666}"
        f".grid{{stroke:#8884;fill:none}}{light}"
        f"@media(prefers-color-scheme:dark){{text{{fill:#ddd}}.tick{{fill:#aaa}}{dark}}}</style>"
    )


def _class(tool: str) -> str:
    return tool.replace(" ", "-")


def _in_words(results: Mapping[str, Any]) -> str:
    said = [
        f"{name}: " + ", ".join(f"{tool} {100 * last:.0f} % after {seconds:.0f} s" for tool, (seconds, last) in ends)
        for name, found in results.items()
        for ends in [[(tool, middle(runs)[-1]) for tool, runs in found["curves"].items()]]
    ]
    return "Accuracy on held-out images over seconds since the start of the process. " + "; ".join(said)
