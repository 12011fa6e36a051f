"""Results on stdout, for people or, as JSON, for machines."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

from visionft.errors import OutputError, VisionftError
from visionft.tasks import TASKS

if TYPE_CHECKING:
    from visionft.api.checking import Check
    from visionft.api.converting import Converted
    from visionft.api.foresight import Foresight
    from visionft.metrics import Score


class AlreadyPrinted(Exception):
    """Carries a failure of which stdout has told already.

    Args:
        error: the failure.
    """

    def __init__(self, error: VisionftError) -> None:
        self.error = error


def print_lines(*lines: str) -> None:
    """Print lines; what the output's encoding lacks, or a file name that is no text, is escaped."""
    if sys.stdout is None:
        raise OutputError("standard output: is closed")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        for line in lines:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()  # a reader that has gone, as with `| head`, must show here and not when Python ends
    except BrokenPipeError:
        raise
    except OSError as error:
        forget_output()
        raise OutputError(f"standard output: cannot be written: {error.strerror}") from error


def forget_output() -> None:
    """Let what is still to be printed go nowhere, so that Python does not fail of it once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def print_note(text: str) -> None:
    """Print to stderr what a person should know, and a program that reads the results need not."""
    shown = f"note: {text}\n".encode(sys.stderr.encoding or "utf-8", "backslashreplace")
    sys.stderr.write(shown.decode(sys.stderr.encoding or "utf-8"))


def print_json(data: Any) -> None:
    """Print one JSON value, in ASCII, which every reader can read."""
    print_lines(json.dumps(data, allow_nan=False))


def print_metrics(metrics: Mapping[str, Any], scores: Sequence["Score"]) -> None:
    """Print scores with their intervals, and a line for each of what ``per_class``, or another key of that kind, holds.

    Args:
        metrics: what ``Metrics.to_dict`` returned.
        scores: those to print, in this order.
    """
    print_lines(_counted(metrics["n"], "image"))
    for name in (score.name for score in scores):
        value, interval = metrics[name], metrics["intervals"].get(name)
        low, high = (f"{bound:.4f}" for bound in interval or (0, 0))
        spread = f"   95 % interval {low} to {high}" if low != high else ""
        print_lines(f"{name:<18} {_number(value)}{spread}")
    parts = next((key for key, value in metrics.items() if key.startswith("per_") and value), None)
    if parts is None:
        return
    title, rows = parts.removeprefix("per_"), metrics[parts]
    width = max(len(title), *(len(name) for name in rows))
    first = next(iter(rows.values()))
    columns = [name for name, value in first.items() if not isinstance(value, list | dict)]  # curves are for pages
    print_lines("", f"{title:<{width}}  {'  '.join(f'{column:>9}' for column in columns)}")
    for name, row in rows.items():
        print_lines(f"{name:<{width}}  {'  '.join(_cell(row[column], len(column)) for column in columns)}")


def print_summary(summary: Mapping[str, Any]) -> None:
    """Print what a run achieved and where everything is."""
    part = (
        "test images, which took no part in the training"
        if summary["split"] == "test"
        else "validation images (there is no test part)"
    )
    print_lines(f"measured on the {part}:")
    print_metrics(summary["metrics"], TASKS[summary["task"]].scores)
    print_lines(
        "",
        f"run     {summary['run']}",
        f"report  {summary['report']}",
        f"model   {summary['model']}",
        "",
        f"visionft predict {summary['model']} IMAGE...",
    )


def print_plan(plan: "Foresight") -> None:
    """Print what a run would do, and what each part of it takes."""
    from visionft.recipe.budget import in_words  # which loads pydantic

    for name, text in plan.facts.items():
        if text:
            print_lines(f"{name:<9} {text}")
    print_lines("", f"{'':<9} {in_words(plan.start_seconds):>12}  start: libraries, data, network, measuring")
    for row in plan.stages:
        views = f", {row['views']} kept views" if row["views"] else ""
        what = f"{row['trains']}; {row['epochs']:g} epochs{views}, augment {row['augment']}, {_sides(row['canvas'])}"
        print_lines(f"{row['stage']:<9} {in_words(row['seconds']):>12}  {what}")
    print_lines(f"{'':<9} {in_words(plan.finish_seconds):>12}  evaluation, page, export")
    most = f" of {in_words(plan.budget_seconds)}" if plan.budget_seconds else ""
    print_lines(f"{'together':<9} {in_words(plan.seconds):>12}{most}", *plan.why)


def _sides(canvas: Sequence[int]) -> str:
    return f"{canvas[0]} x {canvas[1]} px"


def print_demo(summary: Mapping[str, Any]) -> None:
    """Print what the demo did."""
    print_summary(summary)
    print_lines("", "a few test images, by the exported file alone:")
    for row in summary["predictions"]:
        print_lines(f"  {row['image']}  {row['label']} {row['confidence']:.3f}  (is {row['true']})")


def print_check(found: "Check") -> None:
    """Print problems and the class table."""
    for text in found.errors:
        print_lines(f"error    {text}")
    for text in found.warnings:
        print_lines(f"warning  {text}")
    if found.data:
        print_lines("", f"{found.data['name']}  {found.data['source']}".rstrip())
        _print_counts(found)
    if found.picture:
        print_lines("", f"augmented images: {found.picture}")
    print_lines("", "training can start" if found.ok else "training cannot start")


def _print_counts(found: "Check") -> None:
    """Print in how many images each class is, and how many objects it has where they are counted."""
    width = max(len(found.named), *(len(name) for name in found.counts))
    columns = "train    val   test"
    if found.objects:
        print_lines(f"{'':<{width}}  {'images':<{len(columns)}}   objects")
    print_lines(f"{found.named:<{width}}  {columns}{f'   {columns}' if found.objects else ''}")
    for name, images in found.counts.items():
        rows = [images, found.objects[name]] if found.objects else [images]
        print_lines(f"{name:<{width}}  {'   '.join('  '.join(f'{n:>5}' for n in row.values()) for row in rows)}")


def print_converted(written: "Converted") -> None:
    """Print what was written where, and what is missing there."""
    for text in written.warnings:
        print_lines(f"warning  {text}")
    for text in written.lost:
        print_lines(f"lost     {text}")
    parts = [
        f"{split} {_counted(images, 'image')} with {_counted(written.objects[split], 'object')}"
        for split, images in written.images.items()
        if images
    ]
    print_lines(f"{written.folder}: {written.format}; {', '.join(parts)}")


def _cell(value: float | str | None, title: int) -> str:
    return f"{str(value) if isinstance(value, int | str) else _number(value):>{max(9, title)}}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
