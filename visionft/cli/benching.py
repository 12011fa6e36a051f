"""What ``visionft bench`` prints."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from visionft.bench import BenchResult, BenchRow
from visionft.bench.measure import files_of
from visionft.bench.result import PERCENTILES
from visionft.cli.output import print_lines
from visionft.distribution import is_runtime
from visionft.errors import DataError, VisionftError
from visionft.metrics.score import Score


def numbers(option: str, text: str) -> list[int]:
    """Return the numbers of a list with commas.

    Raises:
        DataError: something else stands there.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) for part in parts):
        raise DataError(f"{option} {text}: numbers from 1 are needed, with commas between them")
    return list(dict.fromkeys(map(int, parts)))


class Measured(NamedTuple):
    """How good exported files are.

    Attributes:
        values: of each file that could be measured, by the names of its scores.
        first: the score that people are told first; None where nothing was measured.
        images: on which.
        remarks: why others could not be measured.
    """

    values: Mapping[str, Mapping[str, float]]
    first: Score | None = None
    images: str = ""
    remarks: tuple[str, ...] = ()


def measure_scores(models: Sequence[str], data: str | None) -> Measured:
    """Measure exported files as ``visionft eval`` does, where there are images.

    Args:
        models: exported files, or run folders, of which all exported files are meant.
        data: as for ``eval``; None takes those of the training, where they are at hand.

    Raises:
        VisionftError: data are named, and cannot be used.
    """
    values: dict[str, dict[str, float]] = {}
    remarks: dict[str, None] = {}
    first: Score | None = None
    for file in [file for model in models for file in files_of(Path(model).expanduser())]:
        try:
            scores, values[str(file)] = _scores(file, data)
            first = first or scores[0]
        except ModuleNotFoundError:
            if not is_runtime():
                raise
            remarks["no metric was measured: only the whole package visionft measures it"] = None
        except VisionftError as error:
            if data is not None:
                raise
            remarks[f"no metric of {file}: {error}"] = None
    images = data or "the test images of the training, or the validation images where there are none"
    return Measured(values, first, images if values else "", tuple(remarks))


def with_scores(result: BenchResult, measured: Measured) -> BenchResult:
    """Return speeds with the scores of the same files."""
    name, title = ("", "") if measured.first is None else (measured.first.name, measured.first.title)
    return replace(
        result,
        rows=[replace(row, metrics=measured.values.get(row.model, {})) for row in result.rows],
        metric=name,
        metric_title=title,
        measured_on=measured.images,
        remarks=measured.remarks,
    )


def _scores(model: Path, data: str | None) -> tuple[Sequence[Score], dict[str, float]]:
    from visionft.api.evaluation import evaluate

    metrics = evaluate(model, data=data)
    plain = metrics.to_dict()
    named = [score for score in metrics.scores if isinstance(plain.get(score.name), int | float)]
    return named, {score.name: plain[score.name] for score in named}


def print_bench(result: BenchResult) -> None:
    """Print a line for each file with its threads and batches."""
    reference = next((row.images_per_second for row in result.rows if row.seconds), 1.0)
    titles = ["model", "runtime", "threads", "batch", *(f"p{percent} ms" for percent in PERCENTILES)]
    titles += ["images/s", "times", "MB", "memory MB", *([result.metric_title] if result.metric else [])]
    lines = [titles, *(_cells(row, result, reference) for row in result.rows if row.seconds)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for cells in lines:
        first, *others = zip(cells, widths, strict=True)
        print_lines("  ".join([f"{first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)]))
    print_lines("", *(f"failed: {row.model}, {row.batch} images: {row.problem}" for row in result.rows if row.problem))
    versions = ", ".join(f"{name} {version}" for name, version in result.machine["versions"].items())
    print_lines(f"{result.machine['processor']}, {result.machine['cores']} cores; {versions}")
    if result.measured_on:
        print_lines(f"{result.metric_title}: on {result.measured_on}")
    print_lines(*result.remarks)
    if result.interrupted:
        print_lines(f"interrupted after {result.rounds} of {result.asked_rounds} rounds")


def _cells(row: BenchRow, result: BenchResult, reference: float) -> list[str]:
    speeds = [f"{row.milliseconds(percent):.2f}" for percent in PERCENTILES]
    memory = "-" if row.peak_bytes is None else f"{row.peak_bytes / 1e6:.0f}"
    value = (row.metrics or {}).get(result.metric)
    metric = ["-" if value is None else f"{value:.4f}"] if result.metric else []
    return [
        row.model,
        row.runtime,
        str(row.threads or "all"),
        str(row.batch),
        *speeds,
        f"{row.images_per_second:.1f}",
        f"{row.images_per_second / reference:.2f}",
        f"{row.size_bytes / 1e6:.1f}",
        memory,
        *metric,
    ]


def failures(result: BenchResult) -> str:
    """Return what could not be measured; empty where all could."""
    return "\n".join(dict.fromkeys(row.problem for row in result.rows if row.problem))


def show_round(done: int) -> None:
    """Tell a person who waits how many rounds are done."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(f"\rround {done} ")
        sys.stderr.flush()


def draw(result: BenchResult, path: Path) -> None:
    """Write the picture of a result."""
    from visionft.atomic import write_text
    from visionft.bench.picture import picture

    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, picture(result))
