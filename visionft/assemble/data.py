"""The data that a recipe names, or that a program hands over, for its task."""

from collections.abc import Callable

from visionft.catalog import IN_MEMORY
from visionft.data.dataset import load_dataset
from visionft.data.formats.detect import states_target
from visionft.data.listing import LabelOptions
from visionft.data.reading import ReadingOptions
from visionft.data.records import Dataset
from visionft.data.source import DataSource
from visionft.data.targets.base import Target
from visionft.errors import DataError, RecipeError
from visionft.recipe import Recipe
from visionft.tasks import TASKS, target_of, tasks_for


def load_data(
    recipe: Recipe, on_progress: Callable[[int, int], None] | None = None, source: DataSource | None = None
) -> Dataset:
    """Read the data set that the recipe names, for its task.

    Args:
        recipe: names the data.
        on_progress: called after each opened file with (files done, files in all).
        source: images and labels from memory; None reads what the recipe names.

    Raises:
        DataError: when there is nothing to train on.
        RecipeError: when the labels are made for another task.
    """
    target = target_of(recipe.task.kind)
    if source is not None and not source.is_stated_by(target):
        _require_labels(source, recipe, target)
    dataset = read_data(recipe, target, on_progress, source)
    if dataset.target is not target:
        fitting = " or ".join(tasks_for(dataset.target))
        raise RecipeError(
            f"task.kind: {recipe.task.kind}, but the labels of {dataset.name} are made for {fitting}; "
            f"set task.kind: {fitting}, or another data.format"
        )
    return dataset


def _require_labels(source: DataSource, recipe: Recipe, target: type[Target]) -> None:
    """Check that labels which look made for other tasks are some for this one, as whole numbers are for several."""
    try:
        source.read(target, _label_options(recipe))
    except DataError as error:
        fitting = [kind for kind in TASKS if source.is_stated_by(target_of(kind))]
        if not fitting:
            raise
        raise RecipeError(
            f"task.kind: {recipe.task.kind}, but the labels of {source.name} look made for {' or '.join(fitting)} "
            f"({error}); set task.kind to that, or give other labels"
        ) from error


def read_data(
    recipe: Recipe,
    target: type[Target],
    on_progress: Callable[[int, int], None] | None = None,
    source: DataSource | None = None,
) -> Dataset:
    """Read the data set that the recipe names, for any task.

    Args:
        recipe: names the data.
        target: what is wanted of them; the format that the recipe names may make another one.
        on_progress: called after each opened file with (files done, files in all).
        source: images and labels from memory; None reads what the recipe names.

    Raises:
        DataError: when no image can be used.
    """
    section = recipe.data
    if source is None and section.format == IN_MEMORY:
        raise DataError(
            "data.format: memory: the images and labels were handed over in Python, and no file holds them; hand them "
            "over again: vft.open_run(RUN, data=...), vft.evaluate(MODEL, data=...), or vft.train(out=RUN, "
            "resume=True, data=...) to go on; or name files in data.path"
        )
    if source is None and section.path is None and section.format in ("auto", "folder", "manifest"):
        raise DataError("data.path: no images named; set data.path in the recipe or give --set data.path=FOLDER")
    return load_dataset(
        section.path,
        format=section.format,
        options=_label_options(recipe),
        target=target,
        screen=recipe.task.screen,
        source=source,
        reading=ReadingOptions(section.range, section.alpha),
        val_fraction=section.val_fraction,
        test_fraction=section.test_fraction,
        strict=section.strict,
        on_progress=on_progress,
    )


def data_state(recipe: Recipe, target: type[Target]) -> bool:
    """Return whether the data that the recipe names, without saying in which format, hold such targets."""
    path = recipe.data.path
    return recipe.data.format == "auto" and path is not None and states_target(path, target, _label_options(recipe))


def unused_targets(recipe: Recipe) -> tuple[str, ...]:
    """Return advice where the data hold targets that the recipe does not use; else nothing."""
    tasks = map(TASKS.__getitem__, TASKS)
    richer = [
        task for task in tasks if recipe.task.kind in task.offered_to and data_state(recipe, target_of(task.kind))
    ]
    return tuple(f"{task.offer}: --set task.kind={task.kind}" for task in richer)


def _label_options(recipe: Recipe) -> LabelOptions:
    section = recipe.data
    return LabelOptions(
        classes=section.classes,
        ignore=section.ignore,
        images=section.images,
        masks=section.masks,
        on_bad_box=section.on_bad_box,
        separator=section.separator,
        mask_threshold=section.mask_threshold,
        mask_size=section.mask_size,
        corners=section.corners,
        columns=section.columns.options,
    )
