"""What is kept of the images is augmented in every epoch, reproducibly, and where that cannot be it is told."""

import os
import signal

import pytest
import torch
from pydantic import ValidationError

from visionft.assemble import assemble, load_data
from visionft.batch import FeatureBatch
from visionft.errors import Interrupted, RecipeError
from visionft.training.events import Notice, StepDone
from visionft.training.kept_augment import kept_augmenter

TOP = {"name": "top", "unfreeze": 2, "augment": "light", "epochs": 2, "views": 2, "backbone_lr": 1e-3}
ALONE = {"dropout": 0.1, "brightness": 0.2, "contrast": 0.2, "posterize": 4}
NONE_MIXED = {"mosaic": 0.0, "mixup": 0.0, "cutmix": 0.0}


def weights(job):
    return torch.cat([parameter.detach().flatten() for parameter in job.network.parameters()])


@pytest.mark.parametrize("kind", ["tiny", "labelled", "scenes", "objects", "instances"])
def test_every_task_learns_from_changed_activations(kind, request, train):
    make = request.getfixturevalue(kind)
    plain, _, _ = train(make(stages=[TOP | {"epochs": 1}], augment=NONE_MIXED), "plain")
    changed, outcome, recorder = train(make(stages=[TOP | {"epochs": 1}], augment=NONE_MIXED | {"features": ALONE}))
    assert any("2 views of each image" in event.text for event in recorder.of(Notice))
    assert outcome.val
    assert not torch.equal(weights(plain), weights(changed))


@pytest.mark.parametrize("kind", ["tiny", "labelled"])
def test_a_resumed_run_ends_in_the_same_weights(kind, request, train):
    features = ALONE | {"mixup": 0.4, "cutmix": 0.4}
    recipe = request.getfixturevalue(kind)(stages=[TOP], augment=NONE_MIXED | {"features": features})
    whole, _, _ = train(recipe, "whole")

    def stop(event):
        if isinstance(event, StepDone) and event.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted):
        train(recipe, "parts", act=stop)
    resumed, _, _ = train(recipe, "parts")
    assert torch.equal(weights(whole), weights(resumed))


@pytest.mark.parametrize("network", ["test_vit", "test_convnext"])
def test_other_networks_mix_what_they_keep(network, tiny, train):
    features = ALONE | {"mixup": 0.5}
    _, outcome, _ = train(tiny(stages=[TOP], backbone={"name": network}, augment={"features": features}))
    assert outcome.val["loss"] > 0


def test_features_of_plain_images_are_changed_too(tiny, train):
    stage = {"name": "head", "unfreeze": "none", "augment": "none", "epochs": 2, "views": 1, "head_lr": 1e-2}
    plain, _, _ = train(tiny(stages=[stage]), "plain")
    changed, _, _ = train(tiny(stages=[stage], augment={"features": {"mixup": 1.0, "dropout": 0.5}}))
    assert not torch.equal(weights(plain), weights(changed))


def test_an_epoch_and_the_sample_decide(tiny):
    recipe = tiny(stages=[TOP], augment={"features": {"mixup": 0.5, "dropout": 0.3}})
    job = assemble(recipe, load_data(recipe))
    change = kept_augmenter(job, recipe.stages[0])
    batch = FeatureBatch(torch.ones(3, 64), torch.tensor([0, 1, 0]), ("a", "b", "c"))
    once, again, later = change(batch, 0), change(batch, 0), change(batch, 1)
    assert torch.equal(once.features_BD, again.features_BD)
    assert torch.equal(once.targets, again.targets)
    assert not torch.equal(once.features_BD, later.features_BD)
    torch.testing.assert_close(once.targets.sum(1), torch.ones(3))


def test_tokens_have_no_rectangles(tiny, train):
    recipe = tiny(stages=[TOP], backbone={"name": "test_vit"}, augment={"features": {"cutmix": 0.5}})
    with pytest.raises(RecipeError, match=r"top.*no maps.*features\.mixup"):
        train(recipe)


def test_where_nothing_is_kept_it_is_told(tiny, train):
    recipe = tiny(stages=[TOP], cache={"memory_gigabytes": 0, "disk_gigabytes": 0}, augment={"features": ALONE})
    _, _, recorder = train(recipe)
    assert any("augment.features" in event.text for event in recorder.of(Notice))


@pytest.mark.parametrize(
    ("kind", "features", "stage", "problem"),
    [
        ("tiny", {"dropout": 0.1}, {"views": None}, "views"),
        ("tiny", {"mixup": 0.7, "cutmix": 0.7}, {}, "at most 1"),
        ("scenes", {"mixup": 0.1}, {}, "segmentation"),
        ("objects", {"cutmix": 0.1}, {}, "detection"),
    ],
)
def test_what_cannot_be_is_refused_in_the_recipe(kind, features, stage, problem, request):
    make = request.getfixturevalue(kind)
    with pytest.raises((RecipeError, ValidationError), match=rf"augment\.features.*{problem}"):
        make(stages=[TOP | stage], augment=NONE_MIXED | {"features": features})
