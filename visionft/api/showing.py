"""What a notebook shows of a run: a line, a small table, rows of the history."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from visionft.data.naming import counted, some
from visionft.metrics import Score
from visionft.report import wording

_SHOWN = 3  # scores in a line


def run_line(
    path: Path, task: str, info: Mapping[str, Any], measured: Mapping[str, Any], scores: Sequence[Score]
) -> str:
    """Return a run in one line.

    Args:
        path: its folder.
        task: what it does.
        info: what run.json says.
        measured: what metrics.json says; empty before it was evaluated.
        scores: the numbers of the task, in order.
    """
    defined = [score for score in scores if measured.get(score.name) is not None][:_SHOWN]
    numbers = ", ".join(f"{score.title} {wording.score(measured[score.name], score)}" for score in defined)
    told = f"{measured['split']}: {numbers}" if numbers else "not evaluated yet"
    epochs = counted(len(info["history"]), "epoch", "epochs")
    return f"Run({path}: {task} of {some(info['data']['classes'])}; {epochs}; {told})"


def run_table(line: str, measured: Mapping[str, Any], scores: Sequence[Score]) -> str:
    """Return the scores of a run with their intervals as HTML; arguments as of ``run_line``."""
    rows = []
    for score in (score for score in scores if score.name in measured):
        low, high = measured["intervals"].get(score.name, (0.0, 0.0))
        extent = "" if round(low, 4) == round(high, 4) else wording.interval(low, high, score)
        cells = (score.title, wording.score(measured[score.name], score), extent, score.meaning)
        rows.append("".join(f"<td>{escape(cell)}</td>" for cell in cells))
    if not rows:
        return f"<p>{escape(line)}</p>"
    images = f"{measured['n']} {wording.PARTS[measured['split']]} images"
    head = "".join(f"<th>{escape(title)}</th>" for title in (images, "", "95 % interval", ""))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<p>{escape(line)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def history_rows(history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row per epoch with plain cells: the validation value ``accuracy`` stands under ``val_accuracy``."""
    rows = []
    for epoch in history:
        row = {name: value for name, value in epoch.items() if name != "val"}
        rows.append(row | {f"val_{name}": value for name, value in epoch["val"].items()})
    return rows
