"""Frozen layers that see a few views of each image once: the same training, with only the layers behind run."""

import os
import signal

import pytest
import torch
from pydantic import ValidationError

from visionft.assemble import assemble, load_data
from visionft.errors import Interrupted
from visionft.stages import Stage
from visionft.training.events import Notice, StepDone
from visionft.training.kept_views import KeptViews

STAGE = {"name": "top", "unfreeze": 2, "augment": "medium", "epochs": 3, "head_lr": 1e-2, "backbone_lr": 1e-3}

TRIED = 2 * (2 + 2 + 1 + 1 + 2)  # each of two cuts looks at a pair whole, each alone, and as it is kept


def first_layer_images(job):
    """Count the images that the first convolution sees with their values."""
    seen = []
    first = next(module for module in job.network.backbone.modules() if isinstance(module, torch.nn.Conv2d))
    first.register_forward_hook(lambda module, args, output: seen.append(with_values(output)))
    return seen


def with_values(output):
    plain = output.as_subclass(torch.Tensor)
    return 0 if plain.is_meta else len(plain)


def weights(job):
    return {name: tensor.clone() for name, tensor in job.network.state_dict().items()}


@pytest.mark.parametrize("kind", ["tiny", "labelled", "scenes", "objects", "instances"])
def test_with_a_view_for_each_epoch_it_trains_as_without(kind, request, train):
    make = request.getfixturevalue(kind)
    unmixed = {"augment": {"mosaic": 0.0, "mixup": 0.0, "cutmix": 0.0, "orientation": "fixed"}}
    stage = STAGE | {"epochs": 2, "norm": "all"}
    plain, plain_outcome, _ = train(make(stages=[stage], **unmixed), "plain")
    seen = []
    recipe = make(stages=[stage | {"views": 2}], **unmixed)
    kept, kept_outcome, recorder = train(recipe, "kept", change=lambda job: seen.append(first_layer_images(job)))
    train_images, val_images = len(kept.dataset.split("train")), len(kept.dataset.split("val"))
    assert sum(seen[0]) == 2 * train_images + val_images + TRIED
    assert any("2 views of each image" in event.text for event in recorder.of(Notice))
    theirs, ours = weights(plain), weights(kept)
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-2, atol=1e-4)
    assert kept_outcome.val == pytest.approx(plain_outcome.val, rel=1e-2, abs=1e-3)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("network", ["test_resnet", "test_efficientnet", "test_convnext", "test_vit"])
def test_frozen_layers_see_each_view_once(tiny, train, precision, network):
    seen = []
    stage = STAGE | {"views": 2, "epochs": 3}
    recipe = tiny(stages=[stage], runtime={"precision": precision}, backbone={"name": network})
    job, _, _ = train(recipe, change=lambda job: seen.append(first_layer_images(job)))
    train_images, val_images = len(job.dataset.split("train")), len(job.dataset.split("val"))
    assert sum(seen[0]) == 2 * train_images + val_images + TRIED


def test_images_that_do_not_change_have_one_view(tiny, train):
    _, _, recorder = train(tiny(stages=[STAGE | {"views": 4, "epochs": 1, "augment": "none"}]))
    assert any("1 view of each image" in event.text for event in recorder.of(Notice))


def test_epochs_take_turns(tiny):
    recipe = tiny(stages=[STAGE | {"views": 2}])
    job = assemble(recipe, load_data(recipe))
    stage = job.plans[0].stage
    job.network.backbone.set_trainable(last=2)
    with job.train_loader(stage) as loader:
        kept = KeptViews(job, stage, "train", loader, 2)
        batches = [[(batch.ids, batch.kept[0]) for batch in kept.training(epoch)] for epoch in range(3)]
        expected = [[batch.ids for batch in loader.training(epoch)] for epoch in range(3)]
    assert [[ids for ids, _ in epoch] for epoch in batches] == expected
    rows = [{name: row for ids, kept in epoch for name, row in zip(ids, kept, strict=True)} for epoch in batches]
    assert all(torch.equal(rows[0][name], rows[2][name]) for name in rows[0])
    assert not any(torch.equal(rows[0][name], rows[1][name]) for name in rows[0])


def test_images_that_are_drawn_more_often_show_their_next_view(tiny):
    recipe = tiny(stages=[STAGE | {"views": 2}])
    job = assemble(recipe, load_data(recipe))
    images = len(job.dataset.split("train"))
    job.network.backbone.set_trainable(last=2)
    with job.train_loader(job.plans[0].stage) as loader:
        kept = KeptViews(job, job.plans[0].stage, "train", loader, 2)
        rows = kept._batch([3, 3 + images, 3 + 2 * images], epoch=0).kept[0]
    assert torch.equal(rows[0], rows[2])
    assert not torch.equal(rows[0], rows[1])


def test_interrupted_and_resumed_it_ends_the_same(tiny, train):
    steps = []

    def act(event):
        if isinstance(event, StepDone):
            steps.append(event)
            if len(steps) == 6:
                os.kill(os.getpid(), signal.SIGINT)

    recipe = tiny(stages=[STAGE | {"views": 2, "norm": "all"}], task={"dropout": 0.3}, optim={"ema": 0.9})
    whole, _, _ = train(recipe, "whole")
    with pytest.raises(Interrupted):
        train(recipe, "stopped", act=act)
    resumed, _, _ = train(recipe, "stopped")
    first, second = whole.network.state_dict(), resumed.network.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ({"augment": {"cutmix": 0.5}}, "mixup and cutmix make"),
        (
            {"cache": {"memory_gigabytes": 0, "disk_gigabytes": 1e-6}},
            "more than cache.memory_gigabytes (0) and cache.disk_gigabytes (1e-06)",
        ),
    ],
    ids=["mixed", "memory"],
)
def test_what_cannot_be_kept_is_told(tiny, train, section, reason):
    _, _, recorder = train(tiny(stages=[STAGE | {"views": 2, "epochs": 1}], **section))
    assert any("nothing is kept, since" in event.text and reason in event.text for event in recorder.of(Notice))


def test_views_need_something_frozen(tiny):
    with pytest.raises(ValueError, match="nothing is frozen with 'unfreeze: all'"):
        Stage(name="all", epochs=1, views=2)
    with pytest.raises(ValidationError, match="nothing is frozen"):
        tiny(stages=[STAGE | {"unfreeze": "all", "views": 2}])
