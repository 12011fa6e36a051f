"""YAML -> Recipe. The only place that knows yaml and pydantic."""

from visionft.recipe.load import load_recipe, recipe_from_data, shipped_recipes
from visionft.recipe.overrides import Overrides, parse_overrides, stated_values
from visionft.recipe.schema import Recipe
from visionft.recipe.write import json_schema, recipe_to_yaml

__all__ = [
    "Overrides",
    "Recipe",
    "json_schema",
    "load_recipe",
    "parse_overrides",
    "recipe_from_data",
    "recipe_to_yaml",
    "shipped_recipes",
    "stated_values",
]
