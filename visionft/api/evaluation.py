"""Metrics of a run or of an exported file."""

from collections.abc import Sequence
from pathlib import Path

from visionft.api.resolving import resolve
from visionft.api.run import Run
from visionft.assemble import load_data
from visionft.assemble.job import build_task
from visionft.errors import CheckpointError, DataError
from visionft.predict import Predictor
from visionft.recipe import Recipe
from visionft.sample import Split
from visionft.tasks.adapter import Metrics
from visionft.training import Event, Sink
from visionft.training.events import Working


def evaluate(
    model: str | Path,
    *,
    data: str | Path | None = None,
    split: Split | None = None,
    sinks: Sequence[Sink] = (),
) -> Metrics:
    """Measure a run or an exported file.

    Args:
        model: a run folder, or an exported file.
        data: a recipe, folder or manifest; none takes the recipe beside the exported file.
        split: which part; none takes the test part, or validation where that has nothing to measure.
        sinks: who is told of the progress.

    Raises:
        DataError: when there is no data to measure on, or its classes are not the model's.
    """
    path = Path(model)
    if not path.exists():
        raise CheckpointError(f"{path}: no such file or folder; give a run folder or an exported file")
    if path.is_dir() and data is None:
        return Run(path, sinks=sinks).evaluate(split)
    if path.is_dir():
        path = path / "model.onnx"
    return _evaluate_file(path, _recipe_for(path, data), split, sinks)


def _recipe_for(path: Path, data: str | Path | None) -> Recipe:
    if data is not None:
        return resolve(data)
    beside = path.parent / "recipe.yaml"
    if not beside.is_file():
        raise DataError(f"{path}: no recipe.yaml beside it says on which images; name some with --data")
    return resolve(beside)


def _evaluate_file(path: Path, recipe: Recipe, split: Split | None, sinks: Sequence[Sink]) -> Metrics:
    predictor = Predictor(path)
    dataset = load_data(recipe)
    if dataset.class_names != predictor.class_names:
        raise DataError(
            f"{dataset.name}: its classes are {', '.join(dataset.class_names)}; the model's are "
            f"{', '.join(predictor.class_names)}; give data with the model's classes, or set data.classes"
        )
    part = split or dataset.measured
    samples = dataset.split(part)
    if predictor.spec.task != dataset.task:
        raise DataError(f"{dataset.name}: its labels are made for {dataset.task}; the model does {predictor.spec.task}")
    if not samples:
        raise DataError(f"{dataset.name}: no images in the {part} part")
    task = build_task(recipe, dataset)
    evaluation = task.evaluate(
        samples,
        predictor.spec.input,
        predictor.predict_canvases,
        batch_size=recipe.optim.batch_size,
        bootstrap=recipe.evaluate.bootstrap,
        seed=0,
        thresholds=predictor.spec.thresholds,
        on_done=lambda done: _tell(sinks, Working(f"evaluating {part}", done, len(samples))),
    )
    return evaluation.metrics


def _tell(sinks: Sequence[Sink], event: Event) -> None:
    for sink in sinks:
        sink(event)
