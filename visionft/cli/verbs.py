"""The verbs. Each imports what it needs when it runs, so that ``--help`` stays quick."""

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from visionft.cli.model_verbs import bench, predict
from visionft.cli.output import print_json, print_lines, print_note
from visionft.data.splits import Part
from visionft.errors import MissingExtra, RecipeError

app = typer.Typer(
    name="visionft",
    help="Adapt pretrained vision networks to your own images.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Lay a value over the recipe.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Out = Annotated[Path | None, typer.Option(help="Run folder; the next free runs/NAME-NNN by default.")]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with an interrupted run: its folder, or the newest of this recipe and data."),
]
DataPlace = Annotated[str | None, typer.Option("--data", help="Where the run's data lie now, if they have moved.")]


def _version(show: bool) -> None:
    if show:
        from visionft import __version__

        print_lines(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def train(
    recipe: Annotated[
        str, typer.Argument(help="Recipe file or name, folder of images, CSV manifest, COCO JSON, or run folder.")
    ],
    overrides: Set = None,
    data: Annotated[
        str | None, typer.Option(help="Data in the place of the recipe's; with --resume where they have moved to.")
    ] = None,
    out: Out = None,
    resume: Resume = False,
    keep_checkpoints: Annotated[
        bool, typer.Option("--keep-checkpoints", help="Keep the last checkpoints of the finished run.")
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Tell at the end of each stage where its time went.")
    ] = False,
    print_recipe: Annotated[
        bool, typer.Option("--print-recipe", help="Print the fully resolved recipe and stop.")
    ] = False,
    show_plan: Annotated[
        bool, typer.Option("--plan", help="Show what would be done and how long it would take, and stop.")
    ] = False,
    json: Json = False,
) -> None:
    """Fine-tune, evaluate, report and export."""
    began = time.monotonic()
    if print_recipe:
        from visionft.api.resolving import understand
        from visionft.recipe import recipe_to_yaml

        print_lines(recipe_to_yaml(understand(recipe, overrides or (), data).recipe).rstrip())
        return
    if show_plan:
        _show_plan(recipe, overrides or (), data, began, json=json)
        return
    from visionft.api import complete
    from visionft.api import train as run_recipe
    from visionft.cli.output import print_summary
    from visionft.training.console import Console

    with closing(Console()) as console:  # which stays for what comes after training
        run = run_recipe(
            recipe,
            data=data,
            overrides=overrides or (),
            out=out,
            resume=resume,
            sinks=[console],
            progress=False,
            keep_checkpoints=keep_checkpoints,
            began=began,
            profile=profile,
        )
        try:
            summary = complete(run)
        except KeyboardInterrupt:
            again = f"visionft train {quote(str(run.path))} --resume"
            print_note(f"the network is trained and saved; measure and export it with: {again}")
            raise
    print_json(summary) if json else print_summary(summary)


def _show_plan(recipe: str, overrides: Sequence[str], data: str | None, began: float, *, json: bool) -> None:
    """Print what a training would do."""
    from visionft.api.foresight import foresee
    from visionft.cli.output import print_plan
    from visionft.training.console import Console

    with closing(Console()) as console:
        seen = foresee(recipe, data=data, overrides=overrides, sinks=[console], progress=False, began=began)
    print_json(seen.to_dict()) if json else print_plan(seen)


@app.command()
def init(
    data: Annotated[str, typer.Argument(help="Folder of images, CSV manifest, COCO JSON or the like.")],
    overrides: Set = None,
    out: Annotated[Path | None, typer.Option(help="File to write; on stdout by default.")] = None,
    json: Json = False,
) -> None:
    """Look at data, say what they are, and write a short recipe for them."""
    from visionft.api.foresight import foresee
    from visionft.atomic import write_text
    from visionft.cli.output import print_plan
    from visionft.training.console import Console

    if out is not None and out.exists():
        raise RecipeError(f"{out}: is there already; give another --out, or remove it")
    with closing(Console()) as console:
        seen = foresee(data, overrides=overrides or (), sinks=[console], progress=False)
    if out is not None:
        write_text(out, seen.recipe)
    if json:
        print_json({**seen.to_dict(), "path": str(out) if out else None})
    elif out is None:
        print_lines(seen.recipe.rstrip())
    else:
        print_plan(seen)
        print_lines("", f"visionft train {out}")


@app.command("eval")
def evaluate(
    model: Annotated[Path, typer.Argument(help="Run folder or exported file.")],
    data: Annotated[
        str | None, typer.Option(help="Data, or a recipe that names some; those of the training by default.")
    ] = None,
    split: Annotated[
        Part | None,
        typer.Option(
            help="Part of the data. By default test, the part that took no part in the training (val where there is "
            "none); of other data the test part where they state splits, else all of them."
        ),
    ] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=CLASS", help="A class of the data is this one of the model's; NAME= leaves it out."),
    ] = None,
    overrides: Set = None,
    json: Json = False,
) -> None:
    """Measure a run or an exported file."""
    from visionft.api import evaluate as measure
    from visionft.cli.output import print_metrics
    from visionft.training.console import Console

    with closing(Console()) as console:
        metrics = measure(
            model, data=data, split=split, classes=_pairs(classes or ()), overrides=overrides or (), sinks=[console]
        )
    plain = metrics.to_dict()
    print_json({"metrics": plain}) if json else print_metrics(plain, metrics.scores)


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    """Return what stands before and behind the = of each text."""
    for text in texts:
        if "=" not in text:
            raise RecipeError(
                f"--classes {text}: write it as NAME=CLASS: a class of the data, and which of the model it is"
            )
    return {name: same for name, _, same in (text.partition("=") for text in texts)}


app.command()(predict)
app.command()(bench)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    to: Annotated[
        str, typer.Option(metavar="A,B,...", help="Runtimes and precisions, see 'visionft list runtimes'.")
    ] = "onnx",
    out: Annotated[
        Path | None, typer.Option(help="File to write, of one runtime; in the run folder by default.")
    ] = None,
    data: DataPlace = None,
    allow_slower: Annotated[
        bool, typer.Option(help="Write fp16 and int8 also where they are slower on this machine, for another one.")
    ] = False,
    opset: Annotated[int, typer.Option(help="Version of ONNX's operators, from 13 on where the network allows.")] = 18,
    batch: Annotated[
        int | None, typer.Option(help="Images that the graph takes at once; any number by default.")
    ] = None,
    floats: Annotated[
        bool, typer.Option(help="Let the graph take float32 from 0 to 255, channels first, instead of bytes.")
    ] = False,
    python: Annotated[
        Path | None, typer.Option(help="Python that has the converter and the runtime, where this one does not.")
    ] = None,
    json: Json = False,
) -> None:
    """Write files for deployment, proven to give the same answers, or refuse."""
    from visionft.api import open_run
    from visionft.cli.exporting import export_all
    from visionft.predict.runtimes.isolated import using_python
    from visionft.training.console import Console

    with closing(Console()) as console, using_python(python):
        finished = open_run(run, sinks=[console], data=data)
        graph = {"opset": opset, "batch": batch, "floats": floats}
        failed = export_all(finished, to, out, json=json, allow_slower=allow_slower, **graph)
    if failed:
        sys.exit(1)


@app.command()
def serve(
    model: Annotated[Path, typer.Argument(help="Exported file, or run folder that holds one.")],
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for other machines too.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8000,
    threads: Annotated[int | None, typer.Option(help="CPU threads for one run of the network.")] = None,
    max_megabytes: Annotated[float, typer.Option(help="Largest body of a request.")] = 20.0,
    max_megapixels: Annotated[float, typer.Option(help="Largest image.")] = 50.0,
    max_requests: Annotated[int, typer.Option(help="Requests at one time; more are sent away with 503.")] = 32,
    max_batch: Annotated[int, typer.Option(help="Images that go through the network together.")] = 8,
    seconds: Annotated[float, typer.Option(help="Time for a request, from its headers to its answer.")] = 30.0,
) -> None:
    """Answer requests over HTTP with what a model says of the images that they bring."""
    from visionft.serving.limits import RequestLimits

    limits = RequestLimits(
        max_bytes=round(max_megabytes * 1e6),
        max_pixels=round(max_megapixels * 1e6),
        max_requests=max_requests,
        max_batch=max_batch,
        seconds=seconds,
    )
    try:
        from visionft.serving.server import serve as run
    except ImportError as error:
        raise MissingExtra(error.name or "fastapi", "serve", "visionft serve") from error
    run(model, host=host, port=port, threads=threads, limits=limits, on_ready=_say_where)


def _say_where(address: str) -> None:
    print_lines(f"{address}/predict takes images; /health, /metrics, /model and /openapi.json tell about it")


@app.command()
def triton(
    model: Annotated[Path, typer.Argument(help="Exported file or folder, ONNX or OpenVINO, or run folder.")],
    repository: Annotated[Path, typer.Option(help="Folder that Triton is started with; made if there is none.")],
    name: Annotated[str, typer.Option(help="What requests call the model.")],
    json: Json = False,
) -> None:
    """Put an exported file into a model repository of Triton, as the next version of a model."""
    from visionft.api.triton import add_to_repository

    version = add_to_repository(model, repository, name)
    print_json({"path": str(version)}) if json else print_lines(str(version))


@app.command()
def check(
    recipe: Annotated[str, typer.Argument(help="Recipe file or name, folder of images, CSV manifest or COCO JSON.")],
    overrides: Set = None,
    show_augment: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw some training images as augmentation changes them.")
    ] = None,
    json: Json = False,
) -> None:
    """List everything that is wrong, before any training."""
    from dataclasses import asdict

    from visionft.api.checking import check as look
    from visionft.cli.output import print_check

    found = look(recipe, tuple(overrides or ()), show_augment=show_augment)
    print_json({"ok": found.ok, **asdict(found)}) if json else print_check(found)
    if not found.ok:
        sys.exit(2)


@app.command()
def probe(
    recipe: Annotated[
        str, typer.Argument(help="Folder of images, CSV manifest, COCO JSON, or a recipe that names data.")
    ],
    backbones: Annotated[
        str,
        typer.Option(
            metavar="A,B,...",
            help="Names, each with NAME:FILE for weights of your own; or small, a list of small ones.",
        ),
    ] = "small",
    overrides: Set = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the page, probe.json, and features that later probes use.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare backbones on data without training, and find copies and likely wrong labels."""
    from visionft.api.probing import probe as compare
    from visionft.cli.probe_output import print_probe

    found = compare(recipe, backbones=backbones, overrides=overrides or (), out=out)
    print_json(found.to_dict()) if json else print_probe(found)


@app.command()
def convert(
    data: Annotated[str, typer.Argument(help="Data of boxes or outlines in any format, or a recipe that names them.")],
    to: Annotated[str, typer.Option(help="coco, voc or yolo.")],
    out: Annotated[Path, typer.Option(help="Folder to write; it must be new or empty.")],
    link: Annotated[bool, typer.Option("--link", help="Link to the pictures instead of copying them.")] = False,
    overrides: Set = None,
    json: Json = False,
) -> None:
    """Write a data set of boxes or outlines in the format of another tool."""
    from dataclasses import asdict

    from visionft.api.converting import convert as write
    from visionft.cli.output import print_converted
    from visionft.training.console import Console

    with closing(Console()) as console:
        written = write(data, to, out, link=link, overrides=overrides or (), sinks=[console])
    print_json(asdict(written)) if json else print_converted(written)


@app.command("list")
def list_things(
    what: Annotated[
        str,
        typer.Argument(
            help="augmentations, backbones, engines, formats, heads, losses, optimizers, recipes, runtimes, schedules, "
            "tasks, trackers or transforms (of albumentations, for augment.extra)."
        ),
    ],
    search: Annotated[str, typer.Argument(help="Show only names that contain this.")] = "",
    json: Json = False,
) -> None:
    """List the names that recipes may use."""
    from visionft.cli.listing import names_of, told_of

    names = [name for name in names_of(what) if search.lower() in name.lower()]
    told = {} if json else told_of(what)
    print_json(names) if json else print_lines(*(f"{name}: {told[name]}" if name in told else name for name in names))


@app.command()
def demo(overrides: Set = None, out: Out = None, resume: Resume = False, json: Json = False) -> None:
    """Tell defective solar cells from functional ones: the whole story, offline, in minutes."""
    from visionft.cli.output import print_demo
    from visionft.demo import demo as tell
    from visionft.training.console import Console

    with closing(Console()) as console:
        summary = tell(overrides=overrides or (), out=out, resume=resume, sinks=[console], progress=False)
    print_json(summary) if json else print_demo(summary)


@app.command()
def schema(
    _json: Annotated[bool, typer.Option("--json", help="It is JSON anyway.")] = False,
) -> None:
    """Print the JSON schema of recipes, for editors."""
    from visionft.recipe import json_schema

    print_lines(json_schema())
