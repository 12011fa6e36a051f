"""``augment.extra`` in a recipe: what may be written, what is refused and where, and which stages do it."""

import json

import pytest

from visionft.assemble.extra import in_words
from visionft.assemble.job import augmentation
from visionft.errors import RecipeError
from visionft.recipe import Recipe, load_recipe, recipe_to_yaml
from visionft.recipe.write import json_schema
from visionft.spec import InputSpec

STAGES = [{"name": "head", "epochs": 1, "augment": "none"}, {"name": "all", "epochs": 1, "augment": "light"}]
CLAHE = {"CLAHE": {"clip_limit": 2}}


def load(tmp_path, text):
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return load_recipe(path)


def refused(tmp_path, text):
    with pytest.raises(RecipeError) as raised:
        load(tmp_path, text)
    return [line.removeprefix(f"{tmp_path}/") for line in str(raised.value).splitlines()]


def make(extra=(), **sections):
    return Recipe.model_validate({"augment": {"extra": list(extra)}, "stages": STAGES} | sections)


def test_which_stages_do_it():
    recipe = make([CLAHE])
    assert [recipe.extra_transforms(stage) for stage in recipe.stages] == [(), (CLAHE,)]
    own = [STAGES[0] | {"augment_extra": [{"Blur": {}}]}, STAGES[1] | {"augment_extra": []}, STAGES[1] | {"name": "b"}]
    recipe = make([CLAHE], stages=own)
    assert [recipe.extra_transforms(stage) for stage in recipe.stages] == [({"Blur": {}},), (), (CLAHE,)]
    assert [in_words(recipe, stage) for stage in recipe.stages] == [["Blur"], [], ["CLAHE (clip_limit 2)"]]


def test_a_printed_recipe_is_the_same(tmp_path):
    recipe = make([CLAHE, {"Affine": {"scale": {"x": [0.5, 1.5]}, "p": 0.25}}])
    assert load(tmp_path, recipe_to_yaml(recipe)).model_dump() == recipe.model_dump()
    recipe = load_recipe("segmentation", ["augment.extra=[{CLAHE: {clip_limit: 2}}]"])
    assert recipe.augment.extra == (CLAHE,)


def test_the_schema_explains_it():
    schema = json.loads(json_schema())["$defs"]
    assert "albumentations" in schema["AugmentSection"]["properties"]["extra"]["description"]
    assert "augment_extra" in schema["Stage"]["properties"]


def test_every_problem_names_its_line(tmp_path):
    text = """augment:
  extra:
    - RandomFogg: {}
    - CLAHE: {clip_limt: 2}
    - CLAHE:
        clip_limit: high
    - Normalize: {}
    - RandomCrop: {}
stages:
  - {name: a, epochs: 1}
  - name: b
    epochs: 1
    augment_extra:
      - Blur: {p: 7}
"""
    places = [line.split(": ")[:2] for line in refused(tmp_path, text)]
    assert places == [
        ["a.yaml:3", "augment.extra[0].RandomFogg"],
        ["a.yaml:4", "augment.extra[1].CLAHE.clip_limt"],
        ["a.yaml:6", "augment.extra[2].CLAHE.clip_limit"],
        ["a.yaml:7", "augment.extra[3].Normalize"],
        ["a.yaml:8", "augment.extra[4].RandomCrop"],
        ["a.yaml:14", "stages[1].augment_extra[0].Blur.p"],
    ]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("Blur", "{Blur: {}}"),
        ("{Blur: {}, CLAHE: {}}", "2 names"),
        ("{}", "0 names"),
        ("{Blur: }", "{Blur: {}}"),
        ("{Blur: 3}", "dictionary"),
        ("7", "dictionary"),
    ],
)
def test_what_is_no_transform(tmp_path, entry, said):
    (line,) = refused(tmp_path, f"augment:\n  extra:\n    - {entry}\n")
    assert line.startswith("a.yaml:3: augment.extra[0]")
    assert said in line


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"stages": STAGES[:1]}, "no stage"),
        ({"augment": {"extra": [CLAHE], "device": "cuda"}}, "augment.device"),
        ({"runtime": {"resident": True}}, "runtime.resident"),
        ({"runtime": {"decode": "cuda"}}, "runtime.decode"),
    ],
)
def test_what_does_not_go_together(sections, said):
    make(**sections) if "augment" not in sections else None  # without it, all is well
    with pytest.raises(ValueError, match=said):
        make([CLAHE], **sections)


def test_what_the_canvas_decides_is_told_once_it_is_known():
    """A crop to the canvas's own size may be asked for; one to another cannot be used, whatever the recipe says."""
    recipe = make([{"RandomResizedCrop": {"size": [64, 96]}}])
    stage, spec = recipe.stages[1], InputSpec(height=64, width=96)
    assert augmentation(recipe, stage, spec)[0].transforms is not None
    with pytest.raises(RecipeError, match=r"augment.extra: RandomResizedCrop: .*96 x 64 .* 96 x 80"):
        augmentation(recipe, stage, InputSpec(height=80, width=96))
    recipe = make(stages=[STAGES[1] | {"augment_extra": [{"Crop": {}}]}])
    with pytest.raises(RecipeError, match=r"stages.all.augment_extra: Crop: "):
        augmentation(recipe, recipe.stages[0], spec)
