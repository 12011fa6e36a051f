"""What data without a recipe are trained with, and what of it a user can change."""

import pytest

from visionft.errors import RecipeError
from visionft.recipe import load_recipe, recipe_from_data


def test_the_head_begins_fitted_and_what_is_frozen_runs_for_a_few_views(image_folder):
    head, top, whole = recipe_from_data(image_folder).stages
    assert head.fit_head
    assert head.unfreeze == "none"
    assert (head.views, top.views, whole.views) == (4, 4, None)
    assert head.augment == top.augment != "none"  # the head sees what the stage after it shows


@pytest.mark.parametrize(("folder", "views"), [("mask_folder", 1), ("box_folder", None)])
def test_tasks_with_a_course_of_their_own_keep_it(folder, views, request):
    recipe = recipe_from_data(request.getfixturevalue(folder))
    plain = load_recipe(recipe.task.kind)
    assert [stage.epochs for stage in recipe.stages] == [stage.epochs for stage in plain.stages]
    assert recipe.stages[0].views == views  # the same images in every epoch, where there are several
    assert (recipe.budget, recipe.runtime.frozen, recipe.input.decode) == ("auto", "auto", "auto")
    assert (plain.budget, plain.runtime.frozen) == ("none", "eager")


@pytest.mark.parametrize(
    "changed",
    [
        ["stages.top.unfreeze=all"],
        ["stages.head.unfreeze=1"],
        ["stages.head.unfreeze=all"],
        ["stages.head.augment=none"],
        ["stages.top.epochs=1"],
        ["stages=[{name: one, epochs: 1}]"],
        ["augment.mixup=0.2"],
        ["task.loss=focal"],
        ["task.loss_options={label_smoothing: 0.2}"],
        ["task.kind=regression"],
    ],
)
def test_what_was_planned_is_in_nobodys_way(changed, image_folder):
    recipe_from_data(image_folder, changed)


def test_what_is_asked_for_and_cannot_be_is_told(image_folder):
    with pytest.raises(RecipeError, match="views: nothing is frozen"):
        recipe_from_data(image_folder, ["stages.top.unfreeze=all", "stages.top.views=2"])
