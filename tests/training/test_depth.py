"""How deep a stage goes where its recipe leaves that open: found under a trained head, told, kept by a resumed run."""

import json
import os
import signal

import pytest
import torch
from pydantic import ValidationError

import visionft as vft
from visionft.api.foresight import foresee
from visionft.assemble import assemble, load_data
from visionft.errors import Interrupted
from visionft.stages import Stage, plan
from visionft.stages.depth import batches_to_look_at, choose_depth
from visionft.training.depth import gradient_ratios
from visionft.training.events import EpochDone, Notice, StepDone

HEAD = {"name": "head", "unfreeze": "none", "epochs": 1, "head_lr": 1e-2, "augment": "none"}
OPEN = {"name": "top", "unfreeze": "auto", "epochs": 2, "augment": "light", "backbone_lr": 1e-3}


def decided(folder):
    return json.loads((folder / "run.json").read_text())["unfreeze"]["top"]


def weights(module):
    return {name: parameter.detach().clone() for name, parameter in module.named_parameters()}


@pytest.mark.parametrize("kind", ["tiny", "labelled", "scenes", "objects", "instances"])
def test_every_task_decides_and_trains_what_was_decided(kind, request, train, tmp_path):
    unmixed = {"augment": {"mosaic": 0.0, "mixup": 0.0, "cutmix": 0.0}}
    before = {}
    recipe = request.getfixturevalue(kind)(stages=[HEAD, OPEN | {"epochs": 1}], evaluate={"select": "last"}, **unmixed)
    job, outcome, recorder = train(recipe, change=lambda job: before.update(weights(job.network.backbone)))
    chosen = decided(tmp_path / "run")
    assert outcome.results[1]["groups"] == chosen["groups"]
    assert any(chosen["why"] in event.text for event in recorder.of(Notice))
    assert any(chosen["ratios"].values())
    members = {
        name for group in job.network.backbone.groups if group.name in chosen["groups"] for name in group.parameters
    }
    moved = {n for n, p in job.network.backbone.named_parameters() if not torch.equal(p, before[n])}
    assert moved
    assert moved <= members


@pytest.mark.parametrize("network", ["test_vit", "test_efficientnet"])
def test_with_views_some_of_the_network_stays_frozen(network, tiny, train, tmp_path):
    job, outcome, recorder = train(tiny(stages=[HEAD, OPEN | {"views": 2}], backbone={"name": network}))
    groups = [group.name for group in job.network.backbone.groups]
    trained = outcome.results[1]["groups"]
    assert trained == groups[-len(trained) :]
    assert len(trained) <= len(groups) * 2 / 3
    assert any("2 views of each image" in event.text for event in recorder.of(Notice))


def test_a_resumed_run_keeps_what_was_decided(tiny, train, tmp_path):
    recipe = tiny(stages=[HEAD, OPEN | {"norm": "all"}])
    whole, _, _ = train(recipe, "whole")

    def stop(event):
        if isinstance(event, StepDone) and event.stage == "top" and event.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted):
        train(recipe, "parts", act=stop)
    first = decided(tmp_path / "parts")
    resumed, outcome, recorder = train(recipe, "parts")
    assert not any("unfreeze" in event.text for event in recorder.of(Notice))
    assert decided(tmp_path / "parts") == first == decided(tmp_path / "whole")
    assert outcome.results[1]["groups"] == first["groups"]
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name


def test_a_record_decides_rather_than_the_gradients(tiny, train, tmp_path):
    recipe = tiny(stages=[HEAD, OPEN])

    def stop(event):
        if isinstance(event, EpochDone):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted):
        train(recipe, act=stop)
    path = tmp_path / "run" / "run.json"
    known = {"groups": ["layer3.0"], "ratios": {}, "batches": 8, "why": "as it was"}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"unfreeze": {"top": known}}))
    _, outcome, _ = train(recipe)
    assert outcome.results[1]["groups"] == ["layer3.0"]


def test_the_page_tells_why(tiny, tmp_path):
    run = vft.train(tiny(stages=[HEAD, OPEN]), out=tmp_path / "run", progress=False)
    assert decided(run.path)["why"].partition(":")[2].strip()[:20] in run.report().read_text()


def test_a_plan_tells_that_it_is_decided_later(tiny):
    seen = foresee(tiny(stages=[HEAD, OPEN]), progress=False)
    assert any("top" in line and "auto" in line for line in seen.why)
    assert "at most" in seen.stages[1]["trains"]
    fixed = foresee(tiny(stages=[HEAD, OPEN | {"unfreeze": "all"}]), progress=False)
    assert seen.stages[1]["parameters"] == fixed.stages[1]["parameters"]
    assert "unfreeze: auto" in seen.recipe


def test_a_head_that_has_not_learned_decides_nothing(tiny):
    with pytest.raises(ValidationError, match=r"unfreeze.*auto.*unfreeze: none"):
        tiny(stages=[OPEN])


def test_few_groups_that_hold_most_of_it_are_enough():
    assert choose_depth({"a": 0.0, "b": 0.1, "c": 1.0}) == ("c",)
    assert choose_depth({"a": 1.0, "b": 0.0, "c": 0.1}) == ("a", "b", "c")
    assert choose_depth({"a": 0.0, "b": 0.0}) == ("b",)


def test_at_most_a_tenth_of_a_stage_decides():
    assert batches_to_look_at(2000) <= 200
    assert batches_to_look_at(10**6) <= 200
    assert batches_to_look_at(1) >= 2


def test_the_rates_are_those_of_what_may_train_at_most():
    groups = [f"g{number}" for number in range(9)]
    stages = [Stage(name="head", unfreeze="none", epochs=1), Stage(name="top", unfreeze="auto", epochs=1, views=2)]
    assert plan(stages, groups, 10)[1].groups == tuple(groups[3:])


def test_a_ratio_is_that_of_norms_and_leaves_the_network_as_it_was(tiny):
    recipe = tiny(stages=[HEAD, OPEN | {"norm": "all", "augment": "none"}], task={"dropout": 0.0})
    job = assemble(recipe, load_data(recipe))
    before = {name: tensor.clone() for name, tensor in job.network.state_dict().items()}
    with job.train_loader(recipe.stages[1]) as loader:
        batches = list(loader.training(0))[:2]
    ratios = gradient_ratios(job, job.plans[1], batches)
    assert all(torch.equal(tensor, before[name]) for name, tensor in job.network.state_dict().items())
    last = job.network.backbone.groups[-1]
    named = dict(job.network.backbone.named_parameters())
    squares = []
    for batch in batches:
        job.network.zero_grad()
        job.network(batch).total.backward()
        squares.append(sum(float(named[name].grad.square().sum()) for name in last.parameters))
    own = sum(float(named[name].detach().square().sum()) for name in last.parameters)
    assert ratios[last.name] == pytest.approx((sum(squares) / 2 / own) ** 0.5, rel=1e-3)
