"""A head on a frozen backbone: the same training, with the backbone run once."""

import os
import signal

import pytest
import torch

from visionft.assemble import assemble, load_data
from visionft.errors import Interrupted
from visionft.training import stage_run
from visionft.training.events import StepDone
from visionft.training.frozen import FrozenFeatures

HEAD = {"name": "head", "unfreeze": "none", "augment": "none", "epochs": 4, "head_lr": 1e-2}


def count_backbone_images(job):
    embed, seen = job.network.backbone.embed, []

    def counted(images_BCHW):
        seen.append(len(images_BCHW))
        return embed(images_BCHW)

    job.network.backbone.embed = counted
    return seen


def test_the_backbone_sees_every_image_once(tiny, train):
    seen = []
    job, _, _ = train(tiny(stages=[HEAD]), change=lambda job: seen.append(count_backbone_images(job)))
    assert sum(seen[0]) == len(job.dataset.split("train")) + len(job.dataset.split("val"))


@pytest.mark.parametrize("stage", [{"augment": "light"}, {"unfreeze": 1}])
def test_what_changes_is_not_kept(tiny, train, stage):
    seen = []
    job, _, _ = train(tiny(stages=[HEAD | stage]), change=lambda job: seen.append(count_backbone_images(job)))
    assert sum(seen[0]) == 4 * (len(job.dataset.split("train")) + len(job.dataset.split("val")))


def test_it_trains_as_without_it(tiny, train, monkeypatch):
    recipe = tiny(stages=[HEAD], task={"dropout": 0.0})
    kept, kept_outcome, _ = train(recipe, "kept")
    monkeypatch.setattr(stage_run, "features_can_be_kept", lambda job, plan: False)
    plain, plain_outcome, _ = train(recipe, "plain")
    ours, theirs = kept.network.head.linear.weight, plain.network.head.linear.weight
    assert ours.abs().max() > 0.01
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)
    assert kept_outcome.val == pytest.approx(plain_outcome.val, rel=1e-4)


def test_the_batches_are_the_loaders(tiny):
    recipe = tiny()
    job = assemble(recipe, load_data(recipe))
    with job.train_loader(job.plans[0].stage) as loader:
        frozen = FrozenFeatures(job, loader)
        for epoch in (0, 3):
            expected = [(batch.ids, batch.targets.tolist()) for batch in loader.training(epoch, start_batch=1)]
            assert [(b.ids, b.targets.tolist()) for b in frozen.training(epoch, start_batch=1)] == expected
        expected_ids = [name for batch in loader.evaluation() for name in batch.ids]
    assert [name for batch in frozen.evaluation() for name in batch.ids] == expected_ids
    assert job.network.training


def test_interrupted_and_resumed_it_ends_the_same(tiny, train):
    steps = []

    def act(event):
        if isinstance(event, StepDone):
            steps.append(event)
            if len(steps) == 6:
                os.kill(os.getpid(), signal.SIGINT)

    recipe = tiny(stages=[HEAD], task={"dropout": 0.3}, optim={"ema": 0.9})
    whole, _, _ = train(recipe, "whole")
    with pytest.raises(Interrupted):
        train(recipe, "stopped", act=act)
    resumed, _, _ = train(recipe, "stopped")
    first, second = whole.network.state_dict(), resumed.network.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
