"""From ``ReportData`` to one HTML file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visionft.report import charts, confusion, wording
from visionft.report.data import ReportData

if TYPE_CHECKING:
    from jinja2 import Template

_MOST_MISTAKES = 24
_MOST_UNSURE = 12
_RATE_RANGE = 1000  # a schedule that ends near zero would squeeze everything else together


@dataclass(frozen=True, slots=True)
class Headline:
    """One of the numbers at the top."""

    name: str
    value: str
    interval: str
    meaning: str


def render_report(data: ReportData) -> str:
    """Return the page; the same data give the same text.

    It loads nothing and runs no script, whatever names the data hold.
    """
    metrics, names = data.metrics, tuple(data.metrics.per_class)
    small = len(names) <= confusion.LARGEST_MATRIX
    weakest_first = sorted(
        metrics.per_class.items(), key=lambda item: (item[1].support == 0, item[1].f1 or 0.0, item[0])
    )
    page = _template().render(
        data=data,
        metrics=metrics,
        headlines=_headlines(data),
        majority=max(sum(row) for row in metrics.confusion) / metrics.n,
        right=sum(row[label] for label, row in enumerate(metrics.confusion)),
        names=names,
        matrix=confusion.matrix_rows(metrics.confusion, names) if small else (),
        pairs=() if small else confusion.most_confused(metrics.confusion, names),
        per_class=weakest_first,
        curves=training_curves(data),
        frame=charts,
        scores=_score_names(data),
        reliability=charts.reliability_diagram(metrics.reliability),
        mistakes=data.mistakes[:_MOST_MISTAKES],
        unsure=data.unsure[:_MOST_UNSURE],
    )
    # file names may hold bytes that are no text; they are shown escaped
    return page.encode("utf-8", "backslashreplace").decode("utf-8")


def write_report(data: ReportData, path: Path) -> Path:
    """Write the page to a file, whole or not at all, and return its path."""
    # here and not above: the module imports torch
    from visionft.checkpoint import write_text

    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, render_report(data))
    return path


@cache
def _template() -> "Template":
    # here and not above: only a report needs it
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from visionft.report.pictures import jpeg_uri

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
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
        score_name=wording.score_name,
        jpeg_uri=jpeg_uri,
    )
    return environment.get_template("report.html.j2")


def _headlines(data: ReportData) -> tuple[Headline, ...]:
    metrics = data.metrics

    def interval(name: str) -> str:
        low, high = metrics.intervals.get(name, (0.0, 0.0))
        if low == high:  # no interval, or all resamples alike: that says nothing about other samples
            return ""
        return wording.interval(low, high, shares=name != "auroc")

    return (
        Headline("Accuracy", wording.percent(metrics.accuracy), interval("accuracy"), "share of right answers"),
        Headline(
            "Balanced accuracy",
            wording.percent(metrics.balanced_accuracy),
            interval("balanced_accuracy"),
            "mean recall of the classes",
        ),
        Headline("Macro F1", wording.percent(metrics.macro_f1), interval("macro_f1"), "mean F1 of the classes"),
        Headline("AUROC", wording.decimal(metrics.auroc), interval("auroc"), "ranking quality; 0.5 is chance"),
        Headline(
            "Calibration error",
            wording.percent(metrics.calibration_error),
            "",
            "mean gap of confidence and accuracy; lower is better",
        ),
    )


def training_curves(data: ReportData) -> tuple[charts.LineChart, ...]:
    """Return the charts of the losses, the score that chose the best epoch, and the learning rate."""
    if not data.history:
        return ()
    spans = _spans(data.history)
    best = [stage.best_epoch for stage in data.stages if stage.best_epoch is not None]
    by_loss = data.selection == "loss"
    score = "accuracy" if by_loss else data.selection
    name = wording.score_name(score)
    losses = [
        charts.Series("training", "train", _values(data.history, "train_loss")),
        charts.Series("validation", "val", _values(data.history, "val", "loss")),
    ]
    scores = [charts.Series("validation", "val", _values(data.history, "val", score))]
    rates = _values(data.history, "lr")
    floor = max(rates.values(), default=0.0) / _RATE_RANGE
    drawn = {epoch: value for epoch, value in rates.items() if value > floor}
    score_axis = charts.area_axis if score == "auroc" else charts.share_axis
    found = (
        charts.line_chart("loss", "Loss", losses, spans, charts.loss_axis, best if by_loss else ()),
        charts.line_chart("score", name[0].upper() + name[1:], scores, spans, score_axis, () if by_loss else best),
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
