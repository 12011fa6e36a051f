"""Speed over accuracy of exported files, as SVG that follows the reader's light or dark scheme."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from visionft.bench.result import BenchResult, BenchRow
from visionft.report.charts import nice_ticks

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 500, 46, 360
_STYLE = """
  :root { color-scheme: light dark; --ink: #1b1f24; --muted: #57606a; --line: #d8dee4; --page: #ffffff;
    --0: #1f5fa8; --1: #a94a16; --2: #1a7f37; --3: #8250df; --4: #9a6700; --5: #0f766e; --6: #be185d; --7: #57606a; }
  @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --muted: #9da7b1; --line: #333a42; --page: #14171b;
    --0: #74b3f3; --1: #f0955c; --2: #56d364; --3: #c49bff; --4: #e3b341; --5: #4fd1c5; --6: #f472b6; --7: #9da7b1; } }
  text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--muted); }
  .title { font-size: 15px; font-weight: 600; fill: var(--ink); } .name { fill: var(--ink); }
  .page { fill: var(--page); } .grid { stroke: var(--line); } .trace { fill: none; stroke-width: 1.2; opacity: .6; }
"""
_COLOURS = 8
_WORDS_WIDE, _WORDS_HIGH = 130, 14  # pixels of the text beside a mark


def picture(result: BenchResult) -> str:
    """Draw images per second (upwards) over the metric (to the right); a file's batches and threads are connected.

    Args:
        result: with a metric of at least one file.

    Returns:
        SVG.
    """
    rows = [row for row in result.rows if row.seconds and result.metric in (row.metrics or {})]
    across = _Axis([_metric(row, result) for row in rows], _LEFT, _RIGHT)
    up = _Axis([0.0, *(row.images_per_second for row in rows)], _BOTTOM, _TOP)
    title = f"Speed over {result.metric_title or result.metric}"
    words = "; ".join(
        f"{_label(row)}: {row.images_per_second:.1f} images/s at {_metric(row, result):.4f}" for row in rows
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'aria-labelledby="bench-title bench-desc">',
        f'<title id="bench-title">{escape(title)}</title><desc id="bench-desc">{escape(words)}</desc>',
        f'<style>{_STYLE}</style><rect class="page" width="{_WIDTH}" height="{_HEIGHT}"/>',
        f'<text class="title" x="{_LEFT}" y="24">{escape(title)}</text>',
        *_axes(across, up),
        f'<text x="{_LEFT}" y="{_TOP - 6}">images per second</text>',
        f'<text x="{_RIGHT}" y="{_BOTTOM + 36}" text-anchor="end">{escape(title.removeprefix("Speed over "))}</text>',
    ]
    models = list(dict.fromkeys(row.model for row in rows))
    named: list[tuple[float, float]] = []
    for place, model in enumerate(models):
        points = [
            (across.at(_metric(row, result)), up.at(row.images_per_second), row) for row in rows if row.model == model
        ]
        parts += _points(points, f"var(--{place % _COLOURS})", named)
        at = _TOP + 6 + 20 * place
        parts.append(f'<circle cx="{_RIGHT + 28}" cy="{at}" r="5" fill="var(--{place % _COLOURS})"/>')
        parts.append(f'<text class="name" x="{_RIGHT + 40}" y="{at + 4}">{escape(_short(model, models))}</text>')
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """Where values are between two places."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        low, high = min(values), max(values)
        margin = (high - low) * 0.08 or max(abs(high) * 0.01, 0.005)
        self._low, self._high = (low if low == 0 else low - margin), high + margin
        self._start, self._end = start, end
        self.ticks = [tick for tick in nice_ticks(self._low, self._high) if self._low <= tick <= self._high]

    def at(self, value: float) -> float:
        return self._start + (self._end - self._start) * (value - self._low) / (self._high - self._low)


def _axes(across: _Axis, up: _Axis) -> list[str]:
    parts = []
    for tick in up.ticks:
        y = f"{up.at(tick):.1f}"
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{up.at(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    below = _BOTTOM + 18
    return parts + [
        f'<text x="{across.at(tick):.1f}" y="{below}" text-anchor="middle">{tick:g}</text>' for tick in across.ticks
    ]


def _points(
    points: Sequence[tuple[float, float, BenchRow]], colour: str, named: list[tuple[float, float]]
) -> list[str]:
    """Return the marks of a file; those too near to the ones in ``named``, which grows, have no text beside them."""
    parts = []
    if len(points) > 1:
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
        parts.append(f'<polyline class="trace" stroke="{colour}" points="{line}"/>')
    for x, y, row in points:
        words = f"{escape(_label(row))}: {row.images_per_second:.1f} images/s"
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"><title>{words}</title></circle>')
        if all(abs(x - other_x) > _WORDS_WIDE or abs(y - other_y) > _WORDS_HIGH for other_x, other_y in named):
            parts.append(f'<text x="{x + 9:.1f}" y="{y + 4:.1f}">batches of {row.batch}{_threads(row)}</text>')
            named.append((x, y))
    return parts


def _metric(row: BenchRow, result: BenchResult) -> float:
    return (row.metrics or {})[result.metric]


def _label(row: BenchRow) -> str:
    return f"{row.model}, batches of {row.batch}{_threads(row)}"


def _threads(row: BenchRow) -> str:
    return "" if row.threads is None else f", {row.threads} thread{'s' * (row.threads > 1)}"


def _short(model: str, models: Sequence[str]) -> str:
    """Return a file's name, with its folder where another has the same name."""
    path = Path(model)
    alone = sum(Path(other).name == path.name for other in models) == 1
    return path.name if alone else f"{path.parent.name}/{path.name}"
