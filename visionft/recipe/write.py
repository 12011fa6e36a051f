"""Recipes out: YAML that can be run again, and a JSON schema for editors."""

import json
from typing import Any

import yaml

from visionft.recipe.document import SCIENTIFIC
from visionft.recipe.schema import Recipe


class _Dumper(yaml.SafeDumper):
    """Quotes text that the reader would take for a number, such as a folder called 1e3."""


_Dumper.add_implicit_resolver(*SCIENTIFIC)


def recipe_to_yaml(recipe: Recipe) -> str:
    """Write every key of a resolved recipe; ``load_recipe`` gives the same recipe back."""
    return to_yaml(recipe.model_dump(mode="json"))


def to_yaml(values: dict[str, Any]) -> str:
    """Write some keys as a recipe has them."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def json_schema() -> str:
    """Return the JSON schema of a recipe file."""
    schema: dict[str, Any] = Recipe.model_json_schema()
    extends = {"type": "string", "description": "One recipe file or name that this one is laid over."}
    schema["properties"] = {"extends": extends} | schema["properties"]
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2)
