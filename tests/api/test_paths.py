"""Paths as people write them: from home, and relative to where a recipe was made."""

import shutil
from pathlib import Path

import pytest

import visionft
from visionft.recipe import Recipe, load_recipe


@pytest.fixture
def home(finished, image_folder, tmp_path, monkeypatch):
    """A home with data, a recipe and a finished run."""
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copytree(image_folder, tmp_path / "photos")
    shutil.copytree(finished, tmp_path / "done")
    (tmp_path / "mine.yaml").write_text(
        "extends: ~/base.yaml\ndata: {path: ~/photos}\nbackbone: {weights: ~/done}\nname: mine\n"
    )
    (tmp_path / "base.yaml").write_text("backbone: {name: test_resnet}\ninput: {size: 32}\n")
    return tmp_path


def test_home_is_found_in_recipes_and_by_every_function(home):
    recipe = load_recipe("~/mine.yaml")

    assert (recipe.data.path, recipe.backbone.weights) == (home / "photos", str(home / "done"))
    assert visionft.check("~/photos", {"backbone.name": "test_resnet", "input.size": 32}).data["name"] == "photos"
    assert visionft.open_run("~/done").path == home / "done"
    image = next((home / "photos/disc").glob("*.png"))
    assert visionft.Predictor("~/done")(f"~/photos/disc/{image.name}").label in ("bar", "disc", "ring")
    assert visionft.evaluate("~/done/model.onnx", data="~/photos").accuracy >= 0


def test_a_run_of_a_recipe_made_in_python_keeps_its_paths_wherever_it_is_opened(tiny, home, monkeypatch):
    monkeypatch.chdir(home)
    sections = {"data": {"path": "photos"}, "backbone": {"name": "test_resnet", "weights": "done"}}
    made: Recipe = tiny(**sections, stages=[{"name": "all", "unfreeze": "all", "steps": 1}])

    run = visionft.train(made, out="~/new", progress=False)

    assert run.path == home / "new"
    monkeypatch.chdir(Path("/"))
    again = visionft.open_run(home / "new")
    assert (again.recipe.data.path, again.recipe.backbone.weights) == (home / "photos", str(home / "done"))
    assert again.evaluate("val").accuracy >= 0
    assert "backbone.network." in again.info["weights"]["source"]


def test_a_recipe_with_whole_paths_is_left_as_it_is(tiny):
    from visionft.api.resolving import resolve

    recipe = tiny()
    assert resolve(recipe) is recipe
