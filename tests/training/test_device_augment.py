"""Training where the device augments, or mixes what the loader has augmented."""

import os
import signal
from dataclasses import replace

import pytest
import torch

from visionft.assemble import assemble, load_data
from visionft.checkpoint import RunFolder
from visionft.errors import Interrupted
from visionft.training import fit
from visionft.training.events import StepDone

MIXED = {"mixup": 0.4, "cutmix": 0.4, "orientation": "any"}
STAGE = {"unfreeze": "all", "norm": "all", "head_lr": 1e-3, "backbone_lr": 1e-3}
STAGES = [
    {"name": "one", "epochs": 1, "augment": "medium", **STAGE},
    {"name": "two", "epochs": 1, "augment": "light", **STAGE},
]


@pytest.fixture
def run(tmp_path):
    """Return a function that trains a recipe in a named folder, resuming when the folder is there already."""

    def run(recipe, name, *, augments=False, act=lambda event: None):
        path = tmp_path / name
        folder = RunFolder.open(path) if path.exists() else RunFolder.create(recipe, path)
        job = replace(assemble(recipe, load_data(recipe)), augments=augments)
        outcome = fit(job, folder, [act])
        return job.network.state_dict(), [row["train_loss"] for row in outcome.history]

    return run


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("augments", [False, True])
def test_mixed_classes_resume_to_the_same_weights_whatever_the_workers(tiny, run, augments):
    recipe = tiny(augment=MIXED, stages=STAGES, task={"class_weights": "balanced", "label_smoothing": 0.1})
    whole, losses = run(recipe, "whole", augments=augments)
    seen = []

    def act(event):
        seen.append(isinstance(event, StepDone))
        if sum(seen) == 2 and seen[-1]:  # of four in the first epoch
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted):
        run(recipe, "stopped", augments=augments, act=act)
    resumed, _ = run(recipe, "stopped", augments=augments)
    assert same(resumed, whole)
    helped = recipe.model_copy(update={"runtime": recipe.runtime.model_copy(update={"workers": 2})})
    assert same(run(helped, "helped", augments=augments)[0], whole)
    unmixed, others = run(tiny(stages=STAGES, augment={"orientation": "any"}, task=recipe.task), "unmixed")
    assert not same(unmixed, whole)
    assert others != losses


@pytest.mark.parametrize(
    ("name", "sections"),
    [
        ("tiny", {"augment": MIXED}),
        ("scenes", {}),
        ("objects", {"augment": {"mosaic": 0.3, "mixup": 0.3}}),
        ("instances", {}),
    ],
)
def test_both_engines_train_alike(request, run, name, sections):
    """They differ by rounding, which a step or two have not made much of yet."""
    recipe = request.getfixturevalue(name)(stages=STAGES, **sections)
    _, here = run(recipe, "here")
    _, there = run(recipe, "there", augments=True)
    assert there == pytest.approx(here, rel=2e-3)
    assert there != here
