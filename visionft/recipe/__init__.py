"""YAML -> Recipe. The only place that knows yaml and pydantic."""

from visionft.recipe.load import load_recipe, recipe_from_data, shipped_recipes
from visionft.recipe.schema import Recipe
from visionft.recipe.write import json_schema, recipe_to_yaml

__all__ = ["Recipe", "json_schema", "load_recipe", "recipe_from_data", "recipe_to_yaml", "shipped_recipes"]
