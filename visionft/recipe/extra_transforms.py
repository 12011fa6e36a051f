"""The transforms that a recipe lists in ``augment.extra`` or in a stage, checked with the recipe."""

from collections.abc import Iterator

from pydantic_core import InitErrorDetails

from visionft.augment.extra import refusal, trial_of
from visionft.augment.library import TransformError, make_transform
from visionft.augment.trial import STAND_IN
from visionft.recipe.task_section import problem
from visionft.stages import Transforms


def transform_problems(place: tuple[str | int, ...], entries: Transforms, objects: bool) -> Iterator[InitErrorDetails]:
    """Yield what is wrong with some transforms, but for what depends on the canvas.

    Args:
        place: the key that holds them.
        entries: the transforms.
        objects: whether targets are objects.
    """
    for number, entry in enumerate(entries):
        ((name, arguments),) = entry.items()
        here = (*place, number, name)
        try:
            transform = make_transform(name, arguments)
        except TransformError as error:
            yield from (problem((*here, *keys), entry, text) for keys, text in error.problems)
            continue
        trial = trial_of(entry, STAND_IN)
        if trial.anywhere and (why := refusal(transform, trial, objects=objects)) is not None:
            yield problem(here, entry, why)
