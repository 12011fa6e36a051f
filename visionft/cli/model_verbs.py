"""The verbs that need an exported file and nothing else. As the others, each imports what it needs when it runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from visionft.cli.output import AlreadyPrinted, print_json
from visionft.errors import DataError


def predict(
    model: Annotated[Path, typer.Argument(help="Exported file, or run folder that holds one.")],
    images: Annotated[
        list[str],
        typer.Argument(help="Image files and folders; video files, addresses of streams, numbers of cameras."),
    ],
    save: Annotated[
        Path | None,
        typer.Option(
            help="Folder for overlays, and masks (index PNG) or objects (JSON); of a video for NAME.overlay.mp4 and "
            "NAME.jsonl."
        ),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Least score of what is reported; the model's own for each class by default.")
    ] = None,
    track: Annotated[bool, typer.Option("--track", help="Number the objects of a video through its frames.")] = False,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON array on stdout; with videos a line for each image and frame."),
    ] = False,
) -> None:
    """Say what is in images and videos, and where."""
    from visionft.cli.predicting import predict_all

    failed = predict_all(model, images, save, threshold, track=track, json=json)
    if failed:
        error = DataError("\n".join(failed))
        raise AlreadyPrinted(error) if json else error


def bench(
    models: Annotated[
        list[str], typer.Argument(help="Exported files, or run folders with all that was exported of them.")
    ],
    data: Annotated[
        str | None,
        typer.Option(help="Data to measure the same files on, or a recipe that names some; the run's own by default."),
    ] = None,
    batch: Annotated[str, typer.Option(metavar="N,N,...", help="Images of a run.")] = "1,16",
    threads: Annotated[
        str | None, typer.Option(metavar="N,N,...", help="CPU threads of a run; the runtime's own choice by default.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds, in which all take turns.")] = 10,
    speed_only: Annotated[bool, typer.Option("--speed-only", help="Measure no metric.")] = False,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw speed over the metric, for light and dark pages.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Measure how fast exported files are, how much memory they take, and how good they are."""
    from visionft.bench import bench as measure
    from visionft.cli.benching import (
        Measured,
        draw,
        failures,
        measure_scores,
        numbers,
        print_bench,
        show_round,
        with_scores,
    )

    if picture is not None and speed_only:
        raise DataError("--picture: shows speed over the metric; leave out --speed-only")
    counts = [None] if threads is None else numbers("--threads", threads)
    sizes = numbers("--batch", batch)
    scores = Measured({}) if speed_only else measure_scores(models, data)
    if picture is not None and scores.first is None:
        raise DataError("\n".join(["--picture: no metric was measured; name images with --data", *scores.remarks]))
    speeds = measure(models, batches=sizes, threads=counts, rounds=rounds, on_round=show_round)
    found = with_scores(speeds, scores)
    print_json(found.to_dict()) if json else print_bench(found)
    if picture is not None:
        draw(found, picture)
    if found.interrupted:
        sys.exit(130)
    if problems := failures(found):
        error = DataError(problems)
        raise AlreadyPrinted(error) if json else error
