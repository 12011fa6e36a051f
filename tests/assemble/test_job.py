from dataclasses import replace

import pytest
import torch

from visionft.assemble import Runtime, assemble, load_data
from visionft.assemble.job import augmentation
from visionft.augment import OBJECT_POLICIES, POLICIES, POLYGON_POLICIES
from visionft.errors import DataError, RecipeError, UnknownName
from visionft.recipe import Recipe
from visionft.spec import InputSpec


def test_the_input_is_the_weights_own_unless_the_recipe_says_otherwise(tiny):
    recipe = tiny(backbone={"name": "tf_efficientnet_lite0"}, input={"size": None, "fit": "crop"})
    job = assemble(recipe, load_data(recipe))
    assert (job.input.height, job.input.width, job.input.interpolation) == (224, 224, "bicubic")
    assert (job.input.mean, job.input.std, job.input.crop_pct) == ((0.5,) * 3, (0.5,) * 3, 0.875)


def test_stages_without_a_size_have_the_recipes_and_the_model_has_the_last_stages(tiny):
    recipe = tiny(
        input={"size": 32},
        stages=[{"name": "a", "epochs": 1}, {"name": "b", "epochs": 1, "image_size": 48, "unfreeze": "all"}],
    )
    job = assemble(recipe, load_data(recipe))
    assert [job.stage_input(stage).height for stage in recipe.stages] == [32, 48]
    assert (job.input.height, job.input.width) == (48, 48)


def test_the_head_does_not_depend_on_what_was_random_before(tiny):
    recipe = tiny()
    dataset = load_data(recipe)
    first = assemble(recipe, dataset).network.state_dict()
    torch.rand(7)
    second = assemble(recipe, dataset).network.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    ("stage", "error", "message"),
    [
        ({"unfreeze": ["layer9"]}, UnknownName, r"stages\[0\].unfreeze: depth group 'layer9'"),
        ({"unfreeze": 99}, RecipeError, r"stages\[0\].unfreeze: 99 depth groups asked for"),
    ],
)
def test_a_stage_that_the_backbone_cannot_serve(tiny, stage, error, message):
    recipe = tiny(stages=[{"name": "s", "epochs": 1, **stage}])
    with pytest.raises(error, match=message):
        assemble(recipe, load_data(recipe))


def test_no_validation_images(tiny):
    recipe = tiny(data={"val_fraction": 0.0})
    with pytest.raises(DataError, match="val: the split has no images"):
        assemble(recipe, load_data(recipe))


def test_no_data_named(tiny):
    with pytest.raises(DataError, match=r"data.path: no images named.*--set data.path=FOLDER"):
        load_data(tiny(data={"path": None}))


def test_cuda_asked_for_where_there_is_none(tiny, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RecipeError, match=r"runtime.device: cuda asked for"):
        Runtime.choose(tiny(runtime={"device": "cuda"}), cores=2)


@pytest.mark.parametrize(
    ("capabilities", "bf16"), [({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"avx2": True}, False)]
)
def test_bf16_is_taken_where_the_cpu_multiplies_in_it(tiny, monkeypatch, capabilities, bf16):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    runtime = Runtime.choose(tiny(runtime={"precision": "auto", "device": "auto"}), cores=2)
    assert runtime.bf16 is bf16
    assert runtime.memory_format is torch.channels_last
    assert runtime.workers == 0


@pytest.mark.parametrize(
    ("kind", "policies"),
    [
        ("classification", POLICIES),
        ("segmentation", POLICIES),
        ("detection", OBJECT_POLICIES),
        ("instance_segmentation", POLYGON_POLICIES),
    ],
)
def test_what_is_learned_decides_how_images_may_change(kind, policies):
    recipe = Recipe(task={"kind": kind})
    spec = InputSpec(64, 64)
    for strength in ("none", "light", "strong"):
        stage = replace(recipe.stages[0], augment=strength)
        assert augmentation(recipe, stage, spec)[0].policy == policies[strength]
    assert POLICIES["strong"].rotate == POLYGON_POLICIES["strong"].rotate > OBJECT_POLICIES["strong"].rotate
