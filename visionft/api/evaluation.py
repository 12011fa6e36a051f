"""Metrics of a run or of an exported file."""

from collections.abc import Sequence
from pathlib import Path

from visionft.api.caller_state import caller_state
from visionft.api.resolving import Asked, Request, is_data, understand
from visionft.api.run import Run
from visionft.assemble import read_data
from visionft.assemble.job import build_task
from visionft.data.splits import Split
from visionft.errors import CheckpointError, DataError
from visionft.metrics import Metrics
from visionft.predict.engine import Engine, find_exported, open_engine
from visionft.tasks import target_of, tasks_for
from visionft.training import Event, Sink
from visionft.training.events import Working


@caller_state()
def evaluate(
    model: str | Path,
    *,
    data: Asked | None = None,
    split: Split | None = None,
    sinks: Sequence[Sink] = (),
) -> Metrics:
    """Measure a run or an exported file.

    Args:
        model: a run folder, or an exported file.
        data: a recipe, folder or manifest, or a ``vft.Dataset``; none takes the recipe beside the exported file. Data
            that state no splits are split as for training: ``vft.Dataset.from_arrays(..., split="test")`` measures all.
        split: which part; none takes the test part, or validation where that has nothing to measure.
        sinks: who is told of the progress.

    Raises:
        DataError: when there is no data to measure on, or its classes are not the model's.
    """
    path = Path(model).expanduser()
    if not path.exists():
        raise CheckpointError(f"{path}: no such file or folder; give a run folder or an exported file")
    if path.is_dir() and data is None:
        return Run(path, sinks=sinks).evaluate(split)
    if path.is_dir():
        path = find_exported(path)
    engine = open_engine(path)
    return _evaluate_file(engine, _request(path, data, engine.spec.task), split, sinks)


def _request(path: Path, data: Asked | None, task: str) -> Request:
    """Return which images are to be measured, by which recipe; data alone are read for the model's task."""
    if data is not None:
        return understand(data, {"task.kind": task} if is_data(data) else ())
    beside = path.parent / "recipe.yaml"
    if not beside.is_file():
        raise DataError(f"{path}: no recipe.yaml beside it says on which images; name some with --data")
    return understand(beside)


def _evaluate_file(engine: Engine, request: Request, split: Split | None, sinks: Sequence[Sink]) -> Metrics:
    recipe, spec = request.recipe, engine.spec
    dataset = read_data(recipe, target_of(recipe.task.kind), source=request.data)
    kind, fitting = spec.task, tasks_for(dataset.target)
    if kind not in fitting or recipe.task.kind != kind:
        asked = f", or a recipe with task.kind: {kind}" if recipe.task.kind != kind else ""
        raise DataError(
            f"{dataset.name}: its labels are read for {' or '.join(fitting)}; the model does {kind}; give data with "
            f"labels for {kind}{asked}"
        )
    if dataset.class_names != spec.class_names:
        several = dataset.target.named[1]
        raise DataError(
            f"{dataset.name}: its {several} are {', '.join(dataset.class_names)}; the model's are "
            f"{', '.join(spec.class_names)}; give data with the model's {several}, or set data.classes"
        )
    part = split or dataset.measured
    samples = dataset.split(part)
    if not samples:
        raise DataError(f"{dataset.name}: no images in the {part} part")
    task = build_task(recipe, dataset)
    _tell(sinks, Working(f"evaluating {part}", 0, len(samples)))
    evaluation = task.evaluate(
        samples,
        spec.input,
        engine.run,
        batch_size=recipe.optim.batch_size,
        bootstrap=recipe.evaluate.bootstrap,
        seed=0,
        thresholds=spec.thresholds,
        on_done=lambda done: _tell(sinks, Working(f"evaluating {part}", done, len(samples))),
    )
    return evaluation.metrics


def _tell(sinks: Sequence[Sink], event: Event) -> None:
    for sink in sinks:
        sink(event)
