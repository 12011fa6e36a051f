"""The verbs that need an exported file and nothing else. As the others, each imports what it needs when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from visionft.cli.output import AlreadyPrinted
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
