"""What a user means by a recipe."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from visionft.data.formats.detect import format_of_another_package
from visionft.data.formats.yolo.file import is_data_file
from visionft.errors import RecipeError
from visionft.imaging.header import IMAGE_EXTENSIONS
from visionft.recipe import Recipe, load_recipe, recipe_from_data
from visionft.recipe.load import shipped_recipes

_DATA_FILES = (".csv", ".tsv", ".json")


def resolve(recipe: Recipe | str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Resolve a recipe, a file, a name or a folder of data to a recipe.

    Raises:
        RecipeError: when it is wrong, or when overrides come with a Recipe, which is complete already.
    """
    if isinstance(recipe, Recipe):
        if overrides:
            raise RecipeError("overrides: they are for recipe files and data; make the Recipe with these values")
        return recipe
    path = Path(recipe)
    if is_data(path):
        return recipe_from_data(path, overrides)
    if path.is_dir():
        return load_recipe(path / "recipe.yaml", overrides)
    if path.suffix.lower() in IMAGE_EXTENSIONS and path.is_file():
        raise RecipeError(f"{path}: is an image; give the folder of images, or a recipe")
    if not path.exists() and not _is_yaml(path):
        _require_known(str(recipe))
    return load_recipe(path, overrides)


def is_data(recipe: Recipe | str | Path) -> bool:
    """Return whether what a user gives is data themselves, and no recipe that names them."""
    if isinstance(recipe, Recipe):
        return False
    path = Path(recipe)
    if path.is_dir():
        return not (path / "recipe.yaml").is_file()
    if path.suffix.lower() in _DATA_FILES or is_data_file(path):
        return True
    return path.is_file() and not _is_yaml(path) and format_of_another_package(path) is not None


def kind_is_open(recipe: Recipe | str | Path, overrides: Sequence[str]) -> bool:
    """Return whether a user gives data without saying what is to be learned from them."""
    asked = {text.partition("=")[0].strip() for text in overrides}
    return is_data(recipe) and asked.isdisjoint(("task.kind", "data.format", "data.masks"))


def _is_yaml(path: Path) -> bool:
    return path.suffix.lower() in (".yaml", ".yml")


def _require_known(given: str) -> None:
    """Check that there is a recipe of a name that is no file or folder."""
    recipes = shipped_recipes()
    if given.rstrip("/") in recipes:
        return
    close = get_close_matches(given.rstrip("/"), recipes, n=3)
    advice = f"close: {', '.join(close)}" if close else "see 'visionft list recipes'"
    raise RecipeError(f"{given}: no such file, folder or recipe; give data, a YAML file, or a recipe's name; {advice}")
