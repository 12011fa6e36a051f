"""What a user means by a recipe, and by data."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeGuard

from visionft.catalog import IN_MEMORY
from visionft.data.formats.detect import format_of_another_package
from visionft.data.formats.yolo.file import is_data_file
from visionft.data.source import DataSource
from visionft.errors import RecipeError
from visionft.imaging.header import IMAGE_EXTENSIONS
from visionft.recipe import Overrides, Recipe, load_recipe, parse_overrides, recipe_from_data, stated_values
from visionft.recipe.load import absolute, shipped_recipes

_DATA_FILES = (".csv", ".tsv", ".json", ".txt", ".xml")

Data: TypeAlias = DataSource | str | Path
"""A ``visionft.Dataset``, or where data lie."""

Asked: TypeAlias = Recipe | DataSource | str | Path
"""A Recipe, the file or name of one; or data, which are then trained on by the default recipe of their task."""


class Request(NamedTuple):
    """What a user asks for.

    Attributes:
        recipe: what is to be done, complete.
        data: images and labels that no path in the recipe names; None where one does.
        kind_is_open: whether the user gives data without saying what is to be learned from them.
    """

    recipe: Recipe
    data: DataSource | None
    kind_is_open: bool


def understand(recipe: Asked | None, overrides: Overrides = (), data: Data | None = None) -> Request:
    """Return what a user means by a recipe or data, or both.

    Args:
        recipe: see ``Asked``; None where data are all there is.
        overrides: laid over the recipe.
        data: what it is to be done with, in the place of the recipe's data.

    Raises:
        RecipeError: when something is wrong.
        DataError: when the data are of no known format.
    """
    source = DataSource.from_folder(data) if isinstance(data, str | Path) else data
    if source is not None and not isinstance(source, DataSource):
        raise RecipeError(
            f"data: an object of type {type(source).__name__}; give a path, or vft.Dataset.from_arrays(images, labels) "
            "or from_samples(pairs)"
        )
    if recipe is None:
        recipe, source = source, None
    if recipe is None:
        raise RecipeError("recipe: there is none, and no data; give a recipe, data, or both")
    if source is not None and is_data(recipe):
        raise RecipeError(
            f"{recipe}: these are data, and so are those of data=; give one of them, or a recipe and data"
        )
    resolved = resolve(recipe, overrides, source)
    handed = recipe if isinstance(recipe, DataSource) else source
    told = {
        *stated_values(parse_overrides(overrides)),
        *(f"data.{key}" for key in ({} if handed is None else handed.settings)),
    }
    is_open = is_data(recipe) and told.isdisjoint(("task.kind", "data.format", "data.masks"))
    return Request(resolved, handed if handed is not None and handed.in_memory else None, is_open)


def understand_again(recipe: Recipe, data: Data | None, moved_to: Sequence[str] = ()) -> Request:
    """Return what a run was asked for.

    Args:
        recipe: the run's.
        data: where its data lie now, or what no file holds; None where they are where they were.
        moved_to: where they were found later on, the last place last.

    Raises:
        RecipeError: when something is wrong.
        DataError: when the data are of no known format.
    """
    if data is None and recipe.data.path is not None and not recipe.data.path.exists():
        data = next((place for place in reversed(moved_to) if Path(place).exists()), None)
    source = DataSource.from_folder(data) if isinstance(data, str | Path) else data
    if not isinstance(source, DataSource) or source.in_memory or recipe.data.format == IN_MEMORY:
        return understand(recipe, data=data)
    # how the data are to be read was said when the run began, and has not changed
    return understand(recipe, {f"data.{key}": value for key, value in source.settings.items()})


def resolve(recipe: Asked, overrides: Overrides = (), data: DataSource | None = None) -> Recipe:
    """Return the recipe that a user means by a recipe, a file, a name, or data.

    Raises:
        RecipeError: when it is wrong.
    """
    if isinstance(recipe, Recipe):
        return load_recipe(recipe, overrides, data) if overrides or data is not None else absolute(recipe)
    if isinstance(recipe, DataSource):
        return recipe_from_data(recipe, overrides)
    if not isinstance(recipe, str | Path):
        raise RecipeError(
            f"recipe: an object of type {type(recipe).__name__}; give a recipe or its file, the path of data, or "
            "vft.Dataset.from_arrays(images, labels) or from_samples(pairs)"
        )
    path = Path(recipe).expanduser()
    if is_data(path):
        return recipe_from_data(path, overrides)
    if path.is_dir():
        return load_recipe(path / "recipe.yaml", overrides, data)
    if path.suffix.lower() in IMAGE_EXTENSIONS and path.is_file():
        raise RecipeError(f"{path}: is an image; give the folder of images, or a recipe")
    if not path.exists() and not _is_yaml(path):
        _require_known(str(recipe))
    return load_recipe(path, overrides, data)


def is_data(recipe: Asked) -> TypeGuard[Data]:
    """Return whether what a user gives is data themselves, and no recipe that names them."""
    if not isinstance(recipe, str | Path):
        return isinstance(recipe, DataSource)
    path = Path(recipe).expanduser()
    if path.is_dir():
        return not (path / "recipe.yaml").is_file()
    if path.suffix.lower() in _DATA_FILES or is_data_file(path):
        return True
    return path.is_file() and not _is_yaml(path) and format_of_another_package(path) is not None


def _is_yaml(path: Path) -> bool:
    return path.suffix.lower() in (".yaml", ".yml")


def _require_known(name: str) -> None:
    """Check that there is a recipe of a name that is no file or folder."""
    recipes = shipped_recipes()
    if name.rstrip("/") in recipes:
        return
    close = get_close_matches(name.rstrip("/"), recipes, n=3)
    advice = f"close: {', '.join(close)}" if close else "see 'visionft list recipes'"
    raise RecipeError(f"{name}: no such file, folder or recipe; give data, a YAML file, or a recipe's name; {advice}")
