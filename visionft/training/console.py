"""Progress on a terminal: a live bar there, plain lines anywhere else, notebooks included. Always on stderr."""

import os
from collections.abc import Sequence
from typing import IO, Any, cast

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from visionft.training.events import (
    EpochDone,
    Event,
    Notice,
    RunPlanned,
    StageEnded,
    StageStarted,
    StepDone,
    Working,
)
from visionft.training.stream import SafeStream

_HEADINGS = ("stage", "trains", "params", "head lr", "body lr", "norm", "augment", "px", "epochs", "time")
_PLAIN_WIDTH = 120  # where there is no terminal to ask


class Console:
    """A sink that prints.

    Args:
        output: where to; none is stderr.
    """

    def __init__(self, output: RichConsole | None = None) -> None:
        # in a notebook rich would make a piece of HTML of every line, and widgets of bars
        self._out = output or RichConsole(file=cast("IO[str]", SafeStream()), highlight=False, force_jupyter=False)
        if not self._out.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
            self._out.width = _PLAIN_WIDTH
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._work = ""  # that is under way

    def __call__(self, event: Event) -> None:
        """Print an event."""
        match event:
            case Working():
                self._show_work(event)
            case StepDone():
                loss = "" if event.loss is None else f"loss {event.loss:.4f}  "
                what = f"{event.stage}, epoch {event.epoch}"
                self._show_bar(what, event.step, event.steps, f"{loss}{event.images_per_second:.1f} images/s")
            case RunPlanned():
                self._print_plan(event)
            case StageStarted():
                self._line(f"stage {event.index + 1} of {event.stages}: {event.stage}")
            case EpochDone():
                self._print_epoch(event)
            case StageEnded():
                self._print_result(event.result)
            case Notice():
                self._line(event.text, style="yellow")

    def _line(self, text: str, style: str = "") -> None:
        # Text, because names from recipes and folders may contain what rich reads as markup
        self._out.print(Text(text, style=style), soft_wrap=True)

    def _show_work(self, event: Working) -> None:
        """Show a bar, or where there is no terminal a line when a kind of work begins."""
        if not self._out.is_terminal and event.what != self._work:
            self._line(f"{event.what}: {event.total} {'image' if event.total == 1 else 'images'}")
        self._work = event.what if event.done < event.total else ""
        self._show_bar(event.what, event.done, event.total, "")

    def _show_bar(self, what: str, done: int, total: int, note: str) -> None:
        if not self._out.is_terminal:
            return
        if self._bar is None:
            columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
            note_column = TextColumn("{task.fields[note]}", markup=False)
            self._bar = Progress(*columns, note_column, TimeRemainingColumn(), console=self._out, transient=True)
            self._bar.start()
            self._task = self._bar.add_task(what, total=total, note=note)
        if self._task is not None:
            self._bar.update(self._task, description=what, completed=done, total=total, note=note)
        if done >= total:
            self.close()

    def close(self) -> None:
        """Take the bar off the terminal."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._task = None

    def _print_plan(self, event: RunPlanned) -> None:
        for name, text in event.facts.items():
            if text:
                self._line(f"{name:>9}  {text}")
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in _HEADINGS:
            words = heading in ("stage", "trains", "norm", "augment")
            table.add_column(heading, justify="left" if words else "right", no_wrap=heading != "trains")
        for row in event.rows:
            table.add_row(*(Text(cell) for cell in _cells(row)))
        if self._out.measure(table, options=self._out.options.update(max_width=1000)).minimum <= self._out.width:
            self._out.print(table)
        else:
            self._print_rows(event.rows)
        for key, usual in (("schedule", "cosine"), ("sampling", "natural")):
            unusual = [f"{row['stage']} {row[key]}" for row in event.rows if row[key] != usual]
            if unusual:
                self._line(f"{key:>9}  {', '.join(unusual)}")
        after = f"; evaluation, page and export: {_duration(event.seconds_after)}" if event.seconds_after else ""
        self._line(f"estimated training time: {_duration(sum(row['seconds'] for row in event.rows))}{after}")

    def _print_rows(self, stages: Sequence[dict[str, Any]]) -> None:
        """Print a line for each cell, where a table has no room."""
        for number, row in enumerate(stages, start=1):
            self._line(f"stage {number} of {len(stages)}: {row['stage']}", style="bold")
            for heading, cell in list(zip(_HEADINGS, _cells(row), strict=True))[1:]:
                self._line(f"{heading:>9}  {cell}")

    def _print_epoch(self, event: EpochDone) -> None:
        self.close()
        row = event.row
        loss = "-" if row["train_loss"] is None else f"{row['train_loss']:.4f}"
        val = "  ".join(f"{name} {value:.4f}" for name, value in row["val"].items() if value is not None)
        mark = "  *" if event.best else ""
        speed = f"{row['images_per_second']:.1f} images/s"
        self._line(
            f"  epoch {row['epoch']:>3}  train loss {loss}  |  {val}  |  {speed}  {_duration(row['seconds'])}{mark}"
        )

    def _print_result(self, result: dict[str, Any]) -> None:
        self.close()
        best = f"best epoch {result['best_epoch']}" if result["best_epoch"] else "no epoch"
        self._line(f"  {result['name']} ended after {_duration(result['seconds'])}: {result['ended']}; {best}")


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    rates = row["backbone_lr"]
    backbone = "-" if rates is None else f"{rates[1]:g}" if rates[0] == rates[1] else f"{rates[0]:.0e}..{rates[1]:.0e}"
    return (
        row["stage"],
        row["trains"],
        _short(row["parameters"]),
        f"{row['head_lr']:g}",
        backbone,
        row["norm"],
        row["augment"],
        _canvas(*row["canvas"]),
        f"{row['epochs']:g}",
        _duration(row["seconds"]),
    )


def _short(number: int) -> str:
    return f"{number / 1e6:.1f}M" if number >= 1e6 else f"{number / 1e3:.0f}k" if number >= 1e4 else str(number)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _canvas(width: int, height: int) -> str:
    return str(width) if width == height else f"{width} x {height}"
