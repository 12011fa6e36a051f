"""Metrics of a run or of an exported file."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from visionft.api.caller_state import caller_state
from visionft.api.facts import fingerprint, require_there
from visionft.api.measured import in_classes_of, measured_samples
from visionft.api.resolving import Asked, Request, is_data, understand, understand_again
from visionft.api.run import Run
from visionft.api.stored_network import stored_engine
from visionft.assemble import read_data
from visionft.assemble.job import build_task
from visionft.checkpoint import RunFolder
from visionft.data.records import Dataset
from visionft.data.source import DataSource
from visionft.data.splits import Part
from visionft.errors import CheckpointError, DataError
from visionft.metrics import Metrics
from visionft.predict.engine import Engine, exported_files, is_exported, locate_exported, open_engine
from visionft.recipe import Overrides, Recipe, load_recipe
from visionft.spec import FULL_SCALE, ModelSpec
from visionft.tasks import target_of, tasks_for
from visionft.training import Event, Sink
from visionft.training.events import Notice, Working


@caller_state()
def evaluate(
    model: str | Path,
    *,
    data: Asked | None = None,
    split: Part | None = None,
    classes: Mapping[str, str] | None = None,
    overrides: Overrides = (),
    sinks: Sequence[Sink] = (),
) -> Metrics:
    """Measure a run or an exported file.

    Args:
        model: a run folder, or an exported file.
        data: data, read as those of the training were (its patterns of files, its format), or a recipe that names some,
            or a ``vft.Dataset``; none takes the data of the training. Classes are matched by name, and some of the
            model's may be missing.
        split: which part: train, val, test or all. None takes the test part, or validation where that has nothing to
            measure: as it was cut for training of the same data, of others where they state one, else all of them.
        classes: class of the data -> the model's class that it is, where names differ; an empty name leaves out what is
            of it.
        overrides: laid over the recipe by which the data are read, such as ``data.format=voc``.
        sinks: who is told of the progress.

    Raises:
        DataError: when there is no data to measure on, or some have a class that is none of the model's.
    """
    path = Path(model).expanduser()
    if not path.exists():
        raise CheckpointError(f"{path}: no such file or folder; give a run folder or an exported file")
    if path.is_dir() and data is None and split != "all" and not classes and not overrides:
        return Run(path, sinks=sinks).evaluate(split)
    tell = partial(_say, sinks)
    opened = _open(path)
    spec, beside = opened.spec, _recipe_in(opened.folder)
    request = _request(opened, beside, data, overrides)
    dataset = _read(request, spec)
    chose = beside is not None and beside.data.classes is not None and not dataset.target.exclusive
    dataset = in_classes_of(spec, dataset, classes or {}, tell, may_leave_out=chose)
    trained_on = spec.provenance.get("data", {}).get("sha256")
    same = fingerprint(dataset)["sha256"] == trained_on
    as_trained = same or _was_there(opened.folder, beside, request.recipe)
    if as_trained and trained_on is not None and not same:
        tell(f"{dataset.name}: has changed since the model was trained on it; measured as it would be split now")
    part, samples = measured_samples(dataset, split, tell, as_trained=as_trained)
    task = build_task(request.recipe, dataset)
    _tell(sinks, Working(f"evaluating {part}", 0, len(samples)))
    evaluation = task.evaluate(
        samples,
        spec.input,
        opened.engine_for(dataset).run,
        batch_size=request.recipe.optim.batch_size,
        bootstrap=request.recipe.evaluate.bootstrap,
        seed=0,
        thresholds=spec.thresholds,
        on_done=lambda done: _tell(sinks, Working(f"evaluating {part}", done, len(samples))),
    )
    return evaluation.metrics


class _Opened(NamedTuple):
    """A model: its file or run folder, the folder that may hold its recipe, and what runs it, given data to measure."""

    path: Path
    folder: Path
    spec: ModelSpec
    engine_for: Callable[[Dataset], Engine]


def _open(path: Path) -> _Opened:
    """Open an exported file, or that of a run folder; or the run's network where nothing was exported."""
    if path.is_dir() and not is_exported(path) and not exported_files(path):
        run = RunFolder.open(path)
        return _Opened(path, path, run.read_model()[1], partial(stored_engine, run))
    file = locate_exported(path)
    engine = open_engine(file)
    return _Opened(file, file.parent, engine.spec, lambda _: engine)


def _request(opened: _Opened, beside: Recipe | None, data: Asked | None, overrides: Overrides) -> Request:
    """Return which images are to be measured, by which recipe; data alone are read as those of the training were."""
    if data is None and beside is None:
        raise DataError(f"{opened.path}: no recipe.yaml beside it says on which images; name some with --data")
    if data is None and beside is not None:
        request = understand_again(beside, None, RunFolder(opened.folder).moved_to)
        require_there(request.recipe, opened.path)
    elif data is not None and is_data(data) and beside is not None and not _in_memory(data):
        request = understand_again(_of_any_classes(beside), data)
    else:
        request = understand(data, {"task.kind": opened.spec.task} if data is not None and is_data(data) else ())
    reading = opened.spec.input.reading
    if data is not None and is_data(data) and reading != FULL_SCALE:  # the model's, whatever these images would tell
        as_read = {"data.range": reading.range or "bits", "data.alpha": reading.alpha}
        request = request._replace(recipe=load_recipe(request.recipe, as_read))
    return request._replace(recipe=load_recipe(request.recipe, overrides)) if overrides else request


def _recipe_in(folder: Path) -> Recipe | None:
    beside = folder / "recipe.yaml"
    return load_recipe(beside) if beside.is_file() else None


def _in_memory(data: Asked) -> bool:
    return isinstance(data, DataSource) and data.in_memory


def _of_any_classes(recipe: Recipe) -> Recipe:
    """Return a recipe without its list of classes, which are matched by name later, where that is all it says."""
    target = target_of(recipe.task.kind)
    only_names = isinstance(recipe.data.classes, tuple) and (target.exclusive or target.countable)
    return load_recipe(recipe, {"data.classes": None}) if only_names else recipe


def _was_there(folder: Path, beside: Recipe | None, recipe: Recipe) -> bool:
    """Say whether a recipe names the place where the data of the training lay, or were found later."""
    if beside is None or recipe.data.format not in (beside.data.format, "auto"):
        return False
    return recipe.data.path in (beside.data.path, *map(Path, RunFolder(folder).moved_to))


def _read(request: Request, spec: ModelSpec) -> Dataset:
    """Return the data, whose labels must be what the model answers."""
    recipe, kind = request.recipe, spec.task
    dataset = _read_as_stated(request)
    fitting = tasks_for(dataset.target)
    if kind not in fitting or recipe.task.kind != kind:
        asked = f", or a recipe with task.kind: {kind}" if recipe.task.kind != kind else ""
        raise DataError(
            f"{dataset.name}: its labels are read for {' or '.join(fitting)}; the model does {kind}; give data with "
            f"labels for {kind}{asked}"
        )
    return dataset


def _read_as_stated(request: Request) -> Dataset:
    recipe = request.recipe
    try:
        return read_data(recipe, target_of(recipe.task.kind), source=request.data)
    except DataError as error:
        if request.data is not None or recipe.data.format == "auto":
            raise
        raise DataError(
            f"{error}\nread with data.format: {recipe.data.format}, as the recipe says; --set data.format=auto looks "
            "at them anew"
        ) from error


def _say(sinks: Sequence[Sink], text: str) -> None:
    _tell(sinks, Notice(text))


def _tell(sinks: Sequence[Sink], event: Event) -> None:
    for sink in sinks:
        sink(event)
