"""Every recipe that ships loads, names a network that exists, and fits it."""

import json
from typing import Any

import pytest
import yaml

from visionft.models.backbones import Backbone, backbone_names
from visionft.models.backbones.names import resolve
from visionft.recipe import json_schema, load_recipe, recipe_to_yaml, shipped_recipes
from visionft.stages import height_and_width, plan

RECIPES = shipped_recipes()


def test_there_are_some():
    assert "solar_cells" in RECIPES


@pytest.mark.parametrize("name", RECIPES)
def test_recipe(name, tmp_path):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert "/".join(resolve(recipe.backbone.name)) in backbone_names()
    section = recipe.backbone
    size = recipe.input.size and height_and_width(recipe.input.size)
    backbone = Backbone(section.name, "none", drop_path=section.drop_path, image_size=size)
    plans = plan(recipe.stages, [group.name for group in backbone.groups], steps_per_epoch=100)
    assert all(stage.steps > 0 for stage in plans)
    printed = tmp_path / "printed.yaml"
    printed.write_text(recipe_to_yaml(recipe))
    assert load_recipe(printed) == recipe


def unknown_keys(value: Any, node: dict[str, Any], schema: dict[str, Any], at: str = "") -> list[str]:
    """Return the keys of plain data that a JSON schema does not know."""
    options = []
    for option in node.get("anyOf", [node]):
        while "$ref" in option:
            option = schema["$defs"][option["$ref"].rsplit("/", 1)[1]]  # noqa: PLW2901  following a chain
        options.append(option)
    if isinstance(value, list):
        items = next((option["items"] for option in options if "items" in option), {})  # pairs have prefixItems
        return [key for i, item in enumerate(value) for key in unknown_keys(item, items, schema, f"{at}[{i}]")]
    if not isinstance(value, dict):
        return []
    properties = next((option["properties"] for option in options if "properties" in option), None)
    if properties is None:  # a mapping from names of the user's
        return []
    found = [f"{at}.{key}" for key in value if key not in properties]
    for key in value.keys() & properties.keys():
        found += unknown_keys(value[key], properties[key], schema, f"{at}.{key}")
    return found


@pytest.mark.parametrize("name", RECIPES)
def test_the_schema_knows_every_key(name):
    schema = json.loads(json_schema())
    data = yaml.safe_load(RECIPES[name].read_text())
    assert unknown_keys(data, schema, schema) == []
    data["stages"] = [{"name": "a", "epoch": 1}]
    data["sead"] = 1
    assert sorted(unknown_keys(data, schema, schema)) == [".sead", ".stages[0].epoch"]


def test_the_schema_knows_every_key_of_a_resolved_recipe():
    schema = json.loads(json_schema())
    resolved = load_recipe("solar_cells").model_dump(mode="json")
    assert unknown_keys(resolved, schema, schema) == []
