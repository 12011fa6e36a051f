"""What ``visionft export`` does with several runtimes."""

from pathlib import Path
from typing import Any

from visionft.api import Run
from visionft.api.exporting import Artifact, writer_of
from visionft.cli.output import print_json, print_lines, print_note
from visionft.errors import ExportError, MissingExtra, RecipeError
from visionft.export import WRITERS
from visionft.export.writers.base import GraphForm


def export_all(run: Run, to: str, out: Path | None, *, json: bool, **options: Any) -> bool:
    """Write the files of some runtimes, one after the other; one that is refused does not stop the others.

    Args:
        run: whose network.
        to: names of runtimes, with commas between them.
        out: where the file of the only one goes; None is the run folder.
        json: whether to print JSON: an object for one runtime, a list for several.
        options: as of ``Run.export``.

    Returns:
        Whether any was refused.

    Raises:
        UnknownName: there is no such runtime.
        RecipeError: no runtime is named, ``out`` is for several, or one has no such options. Nothing has been written.
        ExportError: the only one was refused.
    """
    names = list(dict.fromkeys(name.strip() for name in to.split(",") if name.strip()))
    if not names:
        raise RecipeError(f"--to {to!r}: names no runtime; take some of {', '.join(WRITERS)}")
    form = GraphForm(options["opset"], options["batch"], options["floats"])
    for name in names:
        writer_of(name, form)
    if out is not None and len(names) != 1:
        raise RecipeError(f"--out names one file, and --to {len(names)} runtimes; leave one of them away")
    if len(names) == 1:
        artifact = run.export(names[0], out, **options)
        print_json(_facts(artifact)) if json else _print(artifact)
        return False
    written: list[Artifact] = []
    refused = 0
    for name in names:
        try:
            artifact = run.export(name, **options)
        except (ExportError, MissingExtra) as error:
            refused += 1
            print_note(f"visionft: {error}")
            continue
        written.append(artifact)
        if not json:
            _print(artifact)
    if json:
        print_json([_facts(artifact) for artifact in written])
    return bool(refused)


def _facts(artifact: Artifact) -> dict[str, object]:
    return {"path": str(artifact.path), "parity": artifact.parity.to_dict()}


def _print(artifact: Artifact) -> None:
    print_lines(f"{artifact.path}: {artifact.parity}")
