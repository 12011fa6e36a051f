"""In which keys recipes differ."""

from visionft.recipe import Recipe, load_recipe
from visionft.recipe.difference import differences

STAGES = [{"name": "head", "unfreeze": "none", "epochs": 2}, {"name": "all", "epochs": 10}]


def test_the_same():
    recipe = Recipe(stages=STAGES)
    assert differences(recipe, recipe) == []
    assert differences(recipe, load_recipe(recipe, {})) == []


def test_keys_are_those_of_set():
    old = Recipe(stages=STAGES)
    new = load_recipe(old, ["stages.all.epochs=20", "optim.batch_size=8", "data.classes=[a, b]"])
    assert {one.key: (one.old, one.new) for one in differences(old, new)} == {
        "data.classes": (None, ["a", "b"]),
        "stages.all.epochs": (10, 20),
        "optim.batch_size": (32, 8),
    }
    assert load_recipe(old, {one.key: one.new for one in differences(old, new)}) == new


def test_a_stage_more_is_told_as_such():
    old, new = Recipe(stages=STAGES), Recipe(stages=STAGES[1:])
    (only,) = differences(old, new)
    assert only == ("stages", ["head", "all"], ["all"])
    assert str(only) == 'stages: ["head", "all"] then, ["all"] now'


def test_another_task():
    old, new = Recipe(), Recipe(task={"kind": "segmentation"})
    assert ("task.kind", "classification", "segmentation") in differences(old, new)
