from pathlib import Path

import numpy as np
import pytest

from visionft.data.listing import Entry, Listing
from visionft.data.records import Dataset, Sample
from visionft.data.targets.label import Label, RawLabel
from visionft.data.targets.values import RawValues, Values
from visionft.errors import RecipeError, UnknownName
from visionft.recipe import Recipe, load_recipe
from visionft.tasks.regression.options import RegressionOptions

NAMES = ("weight [g]", "height")


def listing(*rows):
    entries = [Entry(f"{i}.png", Path(f"{i}.png"), RawValues(row, "0", f"t.csv:{i + 2}")) for i, row in enumerate(rows)]
    return Listing("x", tuple(entries), NAMES, Values)


def screened(ranges, *rows):
    found = RegressionOptions(ranges=ranges).screen(listing(*rows))
    return {entry.id: entry.target.numbers for entry in found.entries}, [str(problem) for problem in found.problems]


def test_what_lies_beyond_a_range_is_named_and_left_out():
    rows = [(5.0, 1.0), (0.0, 1.0), (10.0, -1.0), (10.5, 2.0), (-1e9, None), (None, 3.0)]
    kept, told = screened({"weight": (0, 10), "height": (0, 2.5)}, *rows)
    assert kept == {"0.png": (5.0, 1.0), "1.png": (0.0, 1.0), "2.png": (10.0, None), "3.png": (None, 2.0)}
    assert told == [
        "t.csv:5: weight: 10.5 g is outside of task.ranges, 0 to 10; left out",
        "t.csv:6: weight: -1000000000 g is outside of task.ranges, 0 to 10; left out",
        "t.csv:4: height: -1 is outside of task.ranges, 0 to 2.5; left out",
        "t.csv:7: height: 3 is outside of task.ranges, 0 to 2.5; left out",
        "task.ranges: 2 images have no other number; left out: 4.png, 5.png",
    ]


def test_names_may_have_their_units_and_values_without_a_range_stay():
    kept, _ = screened({"weight [g]": (0, 10)}, (99.0, 1e9))
    assert kept == {"0.png": (None, 1e9)}


def test_nothing_is_left_out_unasked_and_of_other_labels():
    one = listing((1e99, None))
    assert RegressionOptions().screen(one) is one
    labels = Listing("x", (Entry("a.png", Path("a.png"), RawLabel("cat")),), ("cat",), Label)
    assert RegressionOptions(ranges={"weight": (0, 1)}).screen(labels) is labels


def test_a_typo_and_a_range_that_is_none_are_told():
    with pytest.raises(UnknownName, match=r"task.ranges: value 'weiight'.*close: weight"):
        screened({"weiight": (0, 1)}, (1.0, 1.0))
    with pytest.raises(RecipeError, match=r"task.ranges: weight: from 3 to 1 is no range"):
        screened({"weight": (3, 1)}, (1.0, 1.0))


def test_the_learner_gets_the_training_images_and_a_weight_for_each_value():
    rows = [((1.0, None), "train"), ((2.0, 3.0), "val"), ((4.0, 5.0), "train")]
    samples = tuple(Sample(f"{i}.png", Path("x"), Values(numbers), split) for i, (numbers, split) in enumerate(rows))
    options = RegressionOptions(value_weights={"height": 2}, loss="l1")
    arguments = options.learner_arguments(Dataset("x", samples, NAMES, Values))
    np.testing.assert_array_equal(arguments["training_NV"], [[1, np.nan], [4, 5]])
    assert (arguments["weights_V"], arguments["loss"]) == ([1.0, 2], "l1")


@pytest.mark.parametrize(
    ("section", "part"),
    [
        ({"loss": "mae"}, "task.loss"),
        ({"ranges": {"weight": [0]}}, "task.ranges"),
        ({"ranges": {"weight": ["low", 3]}}, "task.ranges"),
        ({"huber_delta": 0}, "task.huber_delta"),
        ({"value_weights": {"weight": -1}}, "task.value_weights"),
        ({"label_smoothing": 0.1}, "task.label_smoothing: is for classification and segmentation, not for regression"),
    ],
)
def test_a_wrong_section_is_told_by_its_key(tmp_path, section, part):
    path = tmp_path / "r.yaml"
    path.write_text(f"task: {section | {'kind': 'regression'}}\n")
    with pytest.raises(RecipeError, match=rf"r.yaml:1: {part}"):
        load_recipe(path)


def test_a_section_comes_back_from_its_yaml():
    task = {"kind": "regression", "loss": "huber", "huber_delta": 0.5, "ranges": {"weight": [0, 10]}}
    recipe = Recipe.model_validate({"task": task})
    assert recipe.task.ranges == {"weight": (0.0, 10.0)}
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


def test_images_of_numbers_are_neither_cut_nor_enlarged_unless_it_is_asked_for(tmp_path):
    (tmp_path / "r.yaml").write_text("task: {kind: regression}\n")
    recipe = load_recipe(tmp_path / "r.yaml")
    assert recipe.input.fit == "pad"
    assert recipe.augment.ranges.given == dict.fromkeys(("zoom", "shear", "stretch", "perspective"), 0)
