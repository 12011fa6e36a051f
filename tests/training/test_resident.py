"""Training on images that stay on the device ends in the very weights that the loader's images lead to."""

import os
import signal
from dataclasses import replace

import pytest
import torch

from visionft.assemble import assemble, load_data
from visionft.checkpoint import RunFolder
from visionft.errors import Interrupted
from visionft.loading.loader import Loader
from visionft.loading.resident import ResidentImages
from visionft.training import fit
from visionft.training.events import StepDone, Working

STAGES = [
    {"name": "head", "unfreeze": "none", "epochs": 1, "head_lr": 1e-2, "augment": "none"},
    {"name": "all", "unfreeze": "all", "epochs": 1, "norm": "all", "backbone_lr": 1e-3, "augment": "strong"},
]


@pytest.fixture
def run(tmp_path):
    """Return a function that trains a recipe in a named folder, resuming when the folder is there already."""

    def run(recipe, name, *, resident, augments=True, act=lambda event: None):
        recipe = recipe.model_copy(update={"runtime": recipe.runtime.model_copy(update={"resident": resident})})
        path = tmp_path / name
        folder = RunFolder.open(path) if path.exists() else RunFolder.create(recipe, path)
        job = replace(assemble(recipe, load_data(recipe)), augments=augments)
        outcome = fit(job, folder, [act])
        return job.network.state_dict(), [(row["train_loss"], row["val"]) for row in outcome.history]

    return run


def must_equal(first, second):
    assert first[1] == second[1]
    assert all(torch.equal(first[0][name], second[0][name]) for name in first[0])


@pytest.mark.parametrize(
    ("name", "augments"),
    [("tiny", True), ("tiny", False), ("scenes", True), ("scenes", False), ("objects", True), ("instances", True)],
)
def test_it_ends_in_the_loaders_weights(request, run, name, augments):
    recipe = request.getfixturevalue(name)(stages=STAGES, task={"dropout": 0.2})
    whole = run(recipe, "loaded", resident=False, augments=augments)
    must_equal(run(recipe, "resident", resident=True, augments=augments), whole)


def test_interrupted_in_an_epoch_it_ends_the_same(scenes, run):
    recipe = scenes(stages=STAGES, task={"dropout": 0.2})
    whole = run(recipe, "loaded", resident=False)
    steps = []

    def act(event):
        steps.append(isinstance(event, StepDone))
        if sum(steps) == 5 and steps[-1]:  # the second of three in the first epoch of the second stage
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted):
        run(recipe, "stopped", resident=True, act=act)
    must_equal(run(recipe, "stopped", resident=True), whole)


def test_a_person_sees_how_far_it_is(scenes, run):
    told = []
    run(
        scenes(stages=STAGES[1:]),
        "run",
        resident=True,
        act=lambda event: told.append(event) if isinstance(event, Working) else None,
    )
    assert [(event.what, event.done, event.total) for event in told] == [
        *(("bringing train to cpu", done, 13) for done in (4, 8, 12, 13)),
        ("bringing val to cpu", 3, 3),
    ]


def test_who_gives_the_images(tiny):
    """What is read once need not stay, and what is exported comes from the CPU's decoder."""
    for resident, kind in ((True, ResidentImages), (False, Loader), ("auto", Loader)):
        recipe = tiny(stages=STAGES, runtime={"resident": resident})
        job = assemble(recipe, load_data(recipe))
        stage = recipe.stages[1]
        with job.train_loader(stage) as train, job.val_loader(stage) as val, job.eval_loader("val", job.input) as plain:
            assert (type(train), type(val), type(plain)) == (kind, kind, Loader)
        with job.train_loader(stage, single_pass=True) as train, job.val_loader(stage, single_pass=True) as val:
            assert (type(train), type(val)) == (Loader, Loader)


def test_features_are_made_of_images_that_pass_through(tiny, run):
    told = []
    run(
        tiny(stages=STAGES[:1]),
        "run",
        resident=True,
        act=lambda event: told.append(event) if isinstance(event, Working) else None,
    )
    assert told == []
