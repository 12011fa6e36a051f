"""From ``ReportData`` to one HTML file."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visionft.atomic import write_text
from visionft.metrics.score import LOSS, find_scores
from visionft.report import charts, confusion, wording
from visionft.report.data import ReportData

if TYPE_CHECKING:
    from jinja2 import Environment

_RATE_RANGE = 1000  # a schedule that ends near zero would squeeze everything else together


def render_report(data: ReportData) -> str:
    """Return the page; the same data give the same text.

    It loads nothing and runs no script, whatever names the data hold.
    """
    template, scores = data.section.template, data.section.metrics.scores
    page = (
        environment(template.parent)
        .get_template(template.name)
        .render(
            data=data,
            section=data.section,
            part=wording.PARTS[data.split],
            curves=training_curves(data),
            selection=find_scores([data.selection], scores)[0],
            scores=find_scores(_score_names(data), scores),
            frame=charts,
            largest_matrix=confusion.LARGEST_MATRIX,
        )
    )
    # file names may hold bytes that are no text; they are shown escaped
    return page.encode("utf-8", "backslashreplace").decode("utf-8")


def write_report(data: ReportData, path: Path) -> Path:
    """Write the page to a file, whole or not at all, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, render_report(data))
    return path


@cache
def environment(folder: Path) -> "Environment":
    """Return what renders the templates of a folder, and those that all pages share."""
    # here and not above: only a report needs it
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from visionft.report.pictures import jpeg_uri, thumbnail_uri

    environment = Environment(
        loader=FileSystemLoader([folder, Path(__file__).parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=wording.percent,
        decimal=wording.decimal,
        whole=wording.whole,
        short=wording.short,
        rate=wording.rate,
        duration=wording.duration,
        score=wording.score,
        jpeg_uri=jpeg_uri,
        thumbnail_uri=thumbnail_uri,
    )
    return environment


def training_curves(data: ReportData) -> tuple[charts.LineChart, ...]:
    """Return the charts of the losses, the score that chose the best epoch, and the learning rate."""
    if not data.history:
        return ()
    spans = _spans(data.history)
    best = [stage.best_epoch for stage in data.stages if stage.best_epoch is not None]
    measured = data.section.metrics.scores
    by_loss = data.selection == LOSS.name
    score = measured[0] if by_loss else find_scores([data.selection], measured)[0]
    losses = [
        charts.Series("training", "train", _values(data.history, "train_loss")),
        charts.Series("validation", "val", _values(data.history, "val", LOSS.name)),
    ]
    scores = [charts.Series("validation", "val", _values(data.history, "val", score.name))]
    rates = _values(data.history, "lr")
    floor = max(rates.values(), default=0.0) / _RATE_RANGE
    drawn = {epoch: value for epoch, value in rates.items() if value > floor}
    score_axis = charts.percent_axis if score.percent else charts.decimal_axis
    found = (
        charts.line_chart("loss", "Loss", losses, spans, charts.loss_axis, best if by_loss else ()),
        charts.line_chart("score", score.capitalized, scores, spans, score_axis, () if by_loss else best),
        charts.line_chart("rate", "Learning rate", [charts.Series("head", "train", drawn)], spans, charts.rate_axis),
    )
    return tuple(chart for chart in found if chart)


def _score_names(data: ReportData) -> list[str]:
    """Return the names of all validation scores in the order they first appear."""
    return list(dict.fromkeys(name for row in data.history for name in row.get("val") or ()))


def _values(history: Sequence[Mapping[str, Any]], *keys: str) -> dict[float, float]:
    values = {}
    for row in history:
        value: Any = row
        for key in keys:
            value = value.get(key) if value else None
        if wording.finite(value) is not None:
            values[row["epoch"]] = value
    return values


def _spans(history: Sequence[Mapping[str, Any]]) -> list[charts.Span]:
    epochs: dict[int, list[float]] = {}
    names = {}
    for row in history:
        epochs.setdefault(row["stage"], []).append(row["epoch"])
        names[row["stage"]] = row["stage_name"]
    return [charts.Span(stage + 1, names[stage], min(found), max(found)) for stage, found in epochs.items()]
