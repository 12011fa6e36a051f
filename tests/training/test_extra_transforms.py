"""Stages with transforms of a library: what they train on, what they say, and how they go on after an interruption."""

import os
import signal
from dataclasses import replace

import pytest
import torch

from visionft.api.page import augmentation_of
from visionft.assemble import assemble, load_data
from visionft.autotune import choice
from visionft.autotune.choice import Choice, decide
from visionft.checkpoint import RunFolder
from visionft.errors import Interrupted
from visionft.training import stage_run
from visionft.training.events import Notice, StepDone

EXTRA = [{"CLAHE": {"clip_limit": 2}}, {"ElasticTransform": {"alpha": 40, "sigma": 5}}, {"GaussNoise": {}}]
HEAD = {"name": "head", "unfreeze": "none", "augment": "none", "epochs": 2, "head_lr": 1e-2}
ALL = {"name": "all", "unfreeze": 1, "augment": "light", "epochs": 2}


def test_features_are_not_kept_of_images_that_change(tiny, train):
    kept = []
    for name, stage in (("plain", HEAD), ("extra", HEAD | {"augment_extra": EXTRA})):
        job, _, recorder = train(tiny(stages=[stage]), name)
        kept.append(stage_run.features_can_be_kept(job, job.plans[0]))
        told = [event.text for event in recorder.of(Notice) if "on the CPU" in event.text]
        assert [all(entry in text for one in EXTRA for entry in one) for text in told] == (
            [True] if "extra" in name else []
        )
    assert kept == [True, False]


def test_an_interrupted_run_ends_in_the_same_weights(tiny, train):
    """Where its images are loaded by other processes besides."""
    recipe = tiny(stages=[ALL], augment={"extra": EXTRA}, runtime={"workers": 2})
    whole, _, _ = train(tiny(stages=[ALL], augment={"extra": EXTRA}, runtime={"workers": 0}), "whole")

    def interrupt(event):
        if isinstance(event, StepDone) and event.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted):
        train(recipe, "parts", act=interrupt)
    parts, _, _ = train(recipe, "parts")
    plain, _, _ = train(tiny(stages=[ALL]), "plain")
    weights, expected, others = (job.network.state_dict() for job in (parts, whole, plain))
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    assert not all(torch.equal(others[name], expected[name]) for name in expected)


class TestDevice:
    def job(self, recipe):
        job = assemble(recipe, load_data(recipe))
        return replace(job, runtime=replace(job.runtime, device=torch.device("cuda")), augments=True)

    def test_stages_with_extra_augment_where_images_are_loaded(self, tiny):
        job = self.job(tiny(stages=[ALL, ALL | {"name": "b", "augment_extra": EXTRA}]))
        there, here = (plan.stage for plan in job.plans)
        assert [job.augments_in(stage) for stage in (there, here)] == [True, False]
        assert job.device_augmenter(there) is not None
        assert job.device_augmenter(here) is None

    def test_what_is_measured_is_a_stage_without(self, tiny, tmp_path, monkeypatch):
        stages = [ALL | {"augment_extra": EXTRA}, ALL | {"name": "b"}]
        job = replace(self.job(tiny(stages=stages)), augments=False)
        timed = []

        def measured(job, plan):
            timed.append(plan.stage.name)
            return choice.Times(1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3)

        monkeypatch.setattr(choice, "measure", measured)
        monkeypatch.setattr(type(job), "resident", lambda *_: False)
        decide(job, RunFolder.create(job.recipe, tmp_path / "a"), lambda _: None)
        assert timed == ["b"]
        job = replace(self.job(tiny(stages=stages[:1])), augments=False)
        found = decide(job, RunFolder.create(job.recipe, tmp_path / "b"), lambda _: None)
        assert (found.device, timed) == ("cpu", ["b"])
        assert isinstance(found, Choice)


def test_the_report_names_and_shows_them(tiny):
    recipe = tiny(stages=[HEAD | {"augment_extra": EXTRA}])
    job = assemble(recipe, load_data(recipe))
    facts = augmentation_of(job, [{"epoch": 1, "stage_name": "head"}])
    assert not facts.problem
    assert all(name in facts.how for one in EXTRA for name in one)
    pairs = [[picture for _, picture in image.pictures_HW3] for image in facts.images]
    assert any((before != after).any() for before, after in pairs)  # each happens to half of the images
