"""What a user means by a recipe."""

from collections.abc import Sequence
from pathlib import Path

from visionft.data.yolo_file import is_data_file
from visionft.errors import RecipeError
from visionft.imaging.header import IMAGE_EXTENSIONS
from visionft.recipe import Recipe, load_recipe, recipe_from_data


def resolve(recipe: Recipe | str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Return the recipe that a user means by a recipe, a file, a name, or a folder of data.

    Raises:
        RecipeError: when it is wrong, or when overrides come with a Recipe, which is complete already.
    """
    if isinstance(recipe, Recipe):
        if overrides:
            raise RecipeError("overrides: they are for recipe files and data; make the Recipe with these values")
        return recipe
    path = Path(recipe)
    if path.is_dir() and (path / "recipe.yaml").is_file():
        return load_recipe(path / "recipe.yaml", overrides)
    if path.is_dir() or path.suffix.lower() in (".csv", ".tsv", ".json") or is_data_file(path):
        return recipe_from_data(path, overrides)
    if path.suffix.lower() in IMAGE_EXTENSIONS and path.is_file():
        raise RecipeError(f"{path}: is an image; give the folder of images, or a recipe")
    return load_recipe(path, overrides)
