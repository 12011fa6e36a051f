import pytest

from visionft.errors import RecipeError
from visionft.recipe import Recipe, load_recipe, recipe_from_data
from visionft.recipe.budget import budget_seconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1h", 3600), ("1h30m", 5400), ("1.5m", 90), ("none", None)]
)
def test_times_as_people_write_them(text, seconds):
    assert budget_seconds(text) == seconds
    assert load_recipe(Recipe(), [f"budget={text}"]).budget == text


@pytest.mark.parametrize("text", ["5", "0s", "soon", "-5m", "5m3h", "''"])
def test_what_is_no_time_is_told_how_to_write_one(text):
    with pytest.raises(RecipeError, match="5m"):
        load_recipe(Recipe(), [f"budget={text}"])


def test_runs_take_as_long_as_they_take_unless_told(image_folder):
    assert Recipe().budget == "none"
    assert recipe_from_data(image_folder).budget == "auto"
    assert recipe_from_data(image_folder, ["budget=none"]).budget == "none"
