"""The key ``track``."""

import pytest

from visionft.errors import RecipeError
from visionft.recipe import load_recipe, recipe_to_yaml
from visionft.tracking.mlflow_run import MlflowOptions


@pytest.fixture
def loaded(tmp_path):
    """Return a function that loads a recipe of a text."""

    def load(text):
        path = tmp_path / "a.yaml"
        path.write_text(text)
        return load_recipe(path)

    return load


def test_names_options_and_back(loaded):
    recipe = loaded("track: [csv, {mlflow: {experiment: cells}}, {tensorboard: }]")
    assert [choice.kind for choice in recipe.track] == ["csv", "mlflow", "tensorboard"]
    assert recipe.track[1].options == MlflowOptions(experiment="cells")
    assert loaded(recipe_to_yaml(recipe)) == recipe


def test_one_alone_needs_no_list(loaded):
    assert loaded("track: csv").track == loaded("track: [csv]").track
    assert loaded("track: {mlflow: {experiment: a}}").track[0].options.experiment == "a"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("track:\n- csv\n- mlfow", r"a.yaml:3: track\[1\]: .*'mlfow'.*close: mlflow"),
        ("track: mlfow", r"a.yaml:1: track: .*'mlfow'.*close: mlflow"),
        (
            "track:\n- mlflow:\n    experimental: a",
            r"a.yaml:3: track\[0\].mlflow.experimental: unknown key.*'experiment'",
        ),
        ("track: [{wandb: {api_key: x}}]", r"a.yaml:1: track\[0\].wandb.api_key: unknown key.*project"),
        ("track: [{wandb: {mode: away}}]", r"a.yaml:1: track\[0\].wandb.mode: .*'offline' or 'online'"),
        ("track: [{csv: {path: x}}]", r"a.yaml:1: track\[0\].csv.path: unknown key"),
        ("track: [csv, csv]", r"a.yaml:1: track\[1\]: csv is there twice"),
        ("track: [7]", r"a.yaml:1: track\[0\]: a tracker is a name"),
        ("track: [{csv: , mlflow: }]", r"a.yaml:1: track\[0\]: a tracker is a name"),
        ("track: [{mlflow: cells}]", r"a.yaml:1: track\[0\].mlflow: .*'cells'"),
    ],
)
def test_mistakes_have_their_line_and_say_what_is_allowed(loaded, text, message):
    with pytest.raises(RecipeError, match=message):
        loaded(text)
