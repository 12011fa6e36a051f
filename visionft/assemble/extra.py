"""The transforms of a library that a stage does beside its own augmentation."""

from visionft.augment.extra import ExtraTransforms
from visionft.augment.library import TransformError
from visionft.errors import RecipeError
from visionft.recipe import Recipe
from visionft.spec import InputSpec
from visionft.stages import Stage


def extra_transforms(recipe: Recipe, stage: Stage, spec: InputSpec, *, objects: bool) -> ExtraTransforms | None:
    """Return what a stage does in ``augment.extra``; None for nothing.

    Args:
        recipe: what was asked for.
        stage: one of its stages.
        spec: the canvas of that.
        objects: whether targets are objects.

    Raises:
        RecipeError: for transforms that cannot be used on that canvas.
    """
    entries = recipe.extra_transforms(stage)
    if not entries:
        return None
    try:
        return ExtraTransforms(entries, (spec.width, spec.height), objects=objects)
    except TransformError as error:
        key = "augment.extra" if stage.augment_extra is None else f"stages.{stage.name}.augment_extra"
        raise RecipeError("\n".join(f"{key}: {'.'.join(keys)}: {text}" for keys, text in error.problems)) from None


def in_words(recipe: Recipe, stage: Stage) -> list[str]:
    """Return the transforms that a stage does, with the arguments that the recipe gives them: CLAHE (clip_limit 2)."""
    named = [both for entry in recipe.extra_transforms(stage) for both in entry.items()]
    return [
        f"{name} ({', '.join(f'{key} {value}' for key, value in arguments.items())})" if arguments else name
        for name, arguments in named
    ]
