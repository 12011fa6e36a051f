"""What a program lays over a recipe, and what is said of a Recipe that it makes."""

import subprocess
import sys
from pathlib import Path

import pytest

from visionft.errors import RecipeError, UnknownName
from visionft.recipe import Recipe, load_recipe
from visionft.recipe.overrides import parse_overrides, stated_values

TEXTS = ["optim.batch_size=7", "stages.head.epochs=2", "stages.1.head_lr=0.5", "data.path=photos", "seed=3"]


@pytest.mark.parametrize(
    "overrides",
    [
        {
            "optim.batch_size": 7,
            "stages.head.epochs": 2,
            "stages.1.head_lr": 0.5,
            "data.path": Path("photos"),
            "seed": 3,
        },
        {
            "optim": {"batch_size": 7},
            "stages": {"head": {"epochs": 2}, "1": {"head_lr": 0.5}},
            "data": {"path": "photos"},
            "seed": 3,
        },
        {
            "optim": {"batch_size": 7},
            "stages.head": {"epochs": 2},
            "stages.1.head_lr": 0.5,
            "data.path": "photos",
            "seed": 3,
        },
    ],
)
@pytest.mark.parametrize("recipe", [Recipe(), "solar_cells"], ids=["object", "name"])
def test_texts_dotted_keys_and_nested_ones_are_one(recipe, overrides):
    assert load_recipe(recipe, overrides) == load_recipe(recipe, TEXTS)
    assert load_recipe(recipe, overrides).optim.batch_size == 7


def test_a_recipe_stays_what_it_is():
    recipe = Recipe()
    changed = load_recipe(recipe, {"seed": 9})
    assert (recipe.seed, changed.seed) == (0, 9)
    assert load_recipe(recipe) == recipe
    assert changed.model_copy(update={"seed": 0}) == recipe


def test_dicts_merge_and_lists_replace():
    recipe = Recipe(data={"classes": {"a": 1, "b": 2}}, optim={"batch_size": 4, "weight_decay": 0.5})
    changed = load_recipe(recipe, {"data": {"classes": {"b": 3, "c.d": 4}}, "optim": {"batch_size": 8}})
    assert changed.data.classes == {"a": 1, "b": 3, "c.d": 4}
    assert (changed.optim.batch_size, changed.optim.weight_decay) == (8, 0.5)
    assert load_recipe(recipe, {"data": {"classes": ["x", "y"]}}).data.classes == ("x", "y")
    stages = load_recipe(recipe, {"stages": [{"name": "one", "epochs": 1}]}).stages
    assert [stage.name for stage in stages] == ["one"]


def test_a_length_in_steps_takes_the_place_of_epochs():
    stage = load_recipe(Recipe(), {"stages": {"head": {"steps": 5}}}).stages[0]
    assert (stage.steps, stage.epochs) == (5, None)


def test_another_task_by_a_dict():
    assert load_recipe(Recipe(), {"task": {"kind": "regression"}}).task.kind == "regression"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"optim": {"batchsize": 3}}, "^overrides: optim.batchsize: unknown key; did you mean 'batch_size'"),
        ({"optim": 3}, "^overrides: optim: "),
        ({"": 3}, "a key is empty"),
        ({"seed": {"x": 1}}, "^overrides: seed: should be a valid integer"),
        ("seed=1", "give a dict, or a list of texts"),
        ([("seed", 1)], "give a dict, or a list of texts"),
    ],
)
def test_bad_overrides(overrides, message):
    with pytest.raises(RecipeError, match=message):
        load_recipe(Recipe(), overrides)


def test_a_stage_that_is_not_there():
    with pytest.raises(UnknownName, match=r"^overrides: stages.hed: stage 'hed': no such stage; close: head"):
        load_recipe(Recipe(), {"stages": {"hed": {"epochs": 3}}})


def test_what_overrides_state():
    told = stated_values(parse_overrides({"task": {"kind": "regression"}, "data.format": "voc"}))
    assert told == {"task.kind": "regression", "data.format": "voc"}
    assert stated_values(parse_overrides(["task.kind=regression"])) == {"task.kind": "regression"}


class TestRecipe:
    @pytest.mark.parametrize(
        ("sections", "messages"),
        [
            ({"sede": 1}, ["Recipe: sede: unknown key; did you mean 'seed'?"]),
            ({"optim": {"batchsize": 3}}, ["Recipe: optim.batchsize: unknown key; did you mean 'batch_size'?"]),
            (
                {"stages": ({"name": "a", "epoch": 1},)},
                ["Recipe: stages[0].epoch: unknown key; did you mean 'epochs'?"],
            ),
            ({"task": {"kind": "detect"}}, ["Recipe: task.kind: task 'detect': no such task"]),
            ({"seed": "x", "optim": {"batch_size": 1}}, ["Recipe: seed: ", "Recipe: optim.batch_size: "]),
            ({"augment": {"mixup": 0.7, "cutmix": 0.7}}, ["Recipe: augment: "]),
        ],
    )
    def test_mistakes_are_told_as_those_of_files(self, sections, messages):
        with pytest.raises(RecipeError) as caught:
            Recipe(**sections)
        for line, message in zip(str(caught.value).splitlines(), messages, strict=True):
            assert line.startswith(message)

    def test_it_says_what_it_is(self):
        text = repr(Recipe(name="cells", backbone={"name": "test_resnet"}, data={"path": "photos"}))
        assert text == "Recipe(cells: classification with test_resnet on photos; stages head, top, all)"

    def test_it_needs_no_torch(self):
        code = (
            "import sys; import visionft as vft\n"
            "recipe = vft.load_recipe(vft.Recipe(optim={'batch_size': 4}), {'task': {'kind': 'segmentation'}})\n"
            "data = vft.Dataset.from_folder('photos')\n"
            "assert 'torch' not in sys.modules"
        )
        subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
