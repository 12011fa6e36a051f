"""Ranges of single changes in a recipe: what may be asked for, what is refused, and what comes of it."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.data.samples import make_example
from visionft.assemble.job import augmentation
from visionft.augment import OBJECT_POLICIES, POLICIES, POLYGON_POLICIES, Augmenter, Policy, sample_params
from visionft.errors import RecipeError
from visionft.recipe import Recipe, load_recipe, recipe_to_yaml
from visionft.recipe.sections import RangesSection
from visionft.recipe.write import json_schema
from visionft.spec import InputSpec

SPEC = InputSpec(height=60, width=80)
TABLES = {
    "classification": POLICIES,
    "segmentation": POLICIES,
    "detection": OBJECT_POLICIES,
    "instance_segmentation": POLYGON_POLICIES,
}
FIELDS = json.loads(json_schema())["$defs"]["RangesSection"]["properties"]
LARGEST = {name: field["anyOf"][0]["maximum"] for name, field in FIELDS.items()}


def load(tmp_path, text):
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return load_recipe(path)


def test_keys_are_those_of_the_policy_and_are_explained():
    assert set(FIELDS) == set(Policy.__slots__) - {"mixup", "cutmix", "one_of"}
    for field in FIELDS.values():
        assert field["description"].endswith(".")
        assert field["anyOf"][0]["minimum"] == 0
        assert field["default"] is None
    assert RangesSection().given == {}


@pytest.mark.parametrize("without", ["zoom", "spread"])
def test_the_largest_that_may_be_asked_for_can_be_drawn(without):
    """Sizes stay above 0, nothing comes beyond the horizon, exponents are finite."""
    policy = Policy(**{name: value for name, value in LARGEST.items() if name != without})
    corners = np.array([[0, 80, 0, 80], [0, 0, 60, 60], [1, 1, 1, 1]])
    for seed in range(200):
        change = sample_params(policy, "any", (80, 60), seed)
        assert (change.matrix @ corners)[2].min() >= 0.4
        assert (np.linalg.inv(change.matrix) @ corners)[2].min() > 0
        assert 1 / 40 < abs(np.linalg.det(change.matrix)) < 40
        assert min(change.brightness, change.contrast) > 0.05
        assert 1 / 3 <= change.gamma <= 3


@pytest.mark.parametrize("kind", TABLES)
def test_what_is_given_takes_the_place_of_the_strengths_own(tmp_path, kind):
    size = "zoom" if TABLES[kind] is POLICIES else "spread"
    recipe = load(
        tmp_path,
        f"task: {{kind: {kind}}}\n"
        f"augment: {{ranges: {{{size}: 0.7, hue: 0, perspective: 0.2}}}}\n"
        "stages:\n"
        "  - {name: a, epochs: 1, augment: none}\n"
        "  - {name: b, epochs: 1, augment: light}\n"
        "  - {name: c, epochs: 1, augment: strong}\n",
    )
    policies = [augmentation(recipe, stage, SPEC)[0].policy for stage in recipe.stages]
    asked = {size: 0.7, "hue": 0.0, "perspective": 0.2}
    assert policies == [None, *(replace(TABLES[kind][strength], **asked) for strength in ("light", "strong"))]
    assert load(tmp_path, recipe_to_yaml(recipe)) == recipe


def test_ranges_reach_the_picture():
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    one = {"zoom": 0.0, "shift": 0.0, "brightness": 0.0, "contrast": 0.0}
    still = Augmenter("light", "fixed", ranges=one)
    turned = pickle.loads(pickle.dumps(Augmenter("light", "fixed", ranges=one | {"rotate": 90.0})))
    for seed in range(5):
        assert (still(make_example(image), seed).image_HW3 == image).all()
        assert (turned(make_example(image), seed).image_HW3 != image).any()
    assert Augmenter("none", "any", ranges={"rotate": 90.0}).policy is None


def test_a_range_on_the_command_line(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("augment: {ranges: {hue: 0.1}}", encoding="utf-8")
    recipe = load_recipe(path, ["augment.ranges.rotate=30", "augment.ranges.hue=null"])
    assert recipe.augment.ranges.given == {"rotate": 30}
    assert Recipe().augment.ranges.given == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("augment: {ranges: {rotates: 3}}", r"a.yaml:1: augment.ranges.rotates: unknown key; did you mean 'rotate'\?"),
        ("augment: {ranges: {mixup: 1}}", r"augment.ranges.mixup: unknown key"),
        ("augment: {range: {hue: 0.1}}", r"augment.range: unknown key; did you mean 'ranges'\?"),
        (
            "augment:\n  ranges:\n    rotate: 181",
            "a.yaml:3: augment.ranges.rotate: should be less than or equal to 180",
        ),
        ("augment: {ranges: {gamma: -0.1}}", "augment.ranges.gamma: should be greater than or equal to 0, found -0.1"),
        ("augment: {ranges: {hue: .nan}}", r"augment.ranges.hue: should be"),
        ("augment: {ranges: {hue: much}}", "augment.ranges.hue: should be a valid number"),
        ("augment: {ranges: {spread: 1}}", "augment.ranges.spread: has no effect in classification; set zoom"),
        (
            "task: {kind: detection}\naugment: {ranges: {zoom: 0.5}}",
            "augment.ranges.zoom: has no effect in detection; set spread, or leave it out",
        ),
        (
            "augment: {ranges: {hue: 0.1}}\nstages: [{name: wild, epochs: 1, augment: auto}]",
            "augment.ranges: stage 'wild' has augment: auto, .* take light, medium or strong there, or leave ranges",
        ),
        (
            "augment: {ranges: {hue: 0.1}}\nstages: [{name: a, epochs: 1, augment: none}]",
            "augment.ranges: no stage augments; set augment in one, or leave ranges out",
        ),
    ],
)
def test_what_is_refused(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError, match=message):
        load_recipe(Path("a.yaml"))


def test_auto_alone_is_a_strength(tmp_path):
    recipe = load(tmp_path, "stages: [{name: a, epochs: 1, augment: auto}]")
    assert augmentation(recipe, recipe.stages[0], SPEC)[0].policy == POLICIES["auto"]
