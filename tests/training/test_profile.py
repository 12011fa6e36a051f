"""Where the time of a stage goes: every part is found where it happens, and nothing else changes."""

import json

import pytest
import torch
from torch import nn

import visionft as vft
from visionft.stopwatch import Stopwatch, measuring
from visionft.training.events import Notice
from visionft.training.profile import forward_timed, in_words, profile_of, trained_modules

HEAD = {"name": "head", "unfreeze": "none", "epochs": 1}
TOP = {"name": "top", "unfreeze": 1, "epochs": 1, "augment": "light"}
ALL = {"name": "all", "unfreeze": "all", "epochs": 1, "augment": "light"}
VIEWS = {**TOP, "name": "kept", "views": 1}

STEPS = {"copy", "forward", "backward", "optimizer", "wait", "validation", "other"}


@pytest.fixture(scope="module")
def profiled(tiny, tmp_path_factory):
    told = []
    path = tmp_path_factory.mktemp("runs") / "profiled"
    run = vft.train(tiny(stages=[HEAD, TOP, VIEWS, ALL]), out=path, sinks=[told.append], progress=False, profile=True)
    return run, [event.text for event in told if isinstance(event, Notice)]


@pytest.mark.parametrize(
    ("stage", "found"),
    [
        (0, {"decode", "prefix"}),  # features are kept: the head has no images to change
        (1, {"decode", "augment", "prefix"}),
        (2, {"decode", "augment", "prefix"}),
        (3, {"decode", "augment"}),  # nothing is frozen
    ],
)
def test_each_part_is_found(profiled, stage, found):
    run, told = profiled
    profile = run.stages[stage]["profile"]
    assert STEPS | found <= set(profile["parts"]) <= STEPS | found | {"augment", "prefix"}
    assert ("prefix" in profile["parts"]) == (stage < 3)
    assert sum(part["fraction"] for part in profile["parts"].values()) == pytest.approx(1, abs=0.01)
    each = sum(part["ms"] for part in profile["parts"].values()) / 1000
    assert each * profile["images"] == pytest.approx(profile["seconds"], rel=0.01)
    assert profile["images"] == len(run.samples("train"))
    (line,) = [text for text in told if text.startswith(f"stage {run.stages[stage]['name']}: ") and "backward" in text]
    assert all(part in line for part in profile["parts"])
    assert json.loads((run.path / "run.json").read_text())["stages"][stage]["profile"] == profile


def test_weights_are_the_same_and_nobody_is_told_who_does_not_ask(profiled, tiny, tmp_path):
    run, _ = profiled
    told = []
    recipe = tiny(stages=[HEAD, TOP, VIEWS, ALL])
    plain = vft.train(recipe, out=tmp_path / "plain", sinks=[told.append], progress=False)
    assert all("profile" not in stage for stage in plain.stages)
    assert not [event for event in told if isinstance(event, Notice) and "backward" in event.text]
    ours, others = plain.model.state_dict(), run.model.state_dict()
    assert all(torch.equal(tensor, others[name]) for name, tensor in ours.items())


@pytest.mark.parametrize("stage", [HEAD | {"augment": "none"}, VIEWS], ids=["features", "views"])
def test_what_a_thread_loads_beside_onnxruntime_is_told_apart(tiny, tmp_path, stage):
    told = []
    recipe = tiny(stages=[stage], runtime={"frozen": "onnxruntime"})
    run = vft.train(recipe, out=tmp_path / "run", sinks=[told.append], progress=False, profile=True)
    profile = run.stages[0]["profile"]
    assert {"decode"} <= set(profile["beside"]) <= {"decode", "augment"}
    assert {"prefix", "forward", "backward", "optimizer", "validation"} <= set(profile["parts"])
    assert sum(part["fraction"] for part in profile["parts"].values()) == pytest.approx(1, abs=0.01)
    assert any("in a thread: decode" in event.text for event in told if isinstance(event, Notice))


def test_the_prefix_ends_where_something_trains():
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1))
    network[0].requires_grad_(requires_grad=False)
    trained = trained_modules(network)
    assert trained == [network[1], network[2]]
    watch, seen = Stopwatch(), []
    watch.turn = lambda *names: seen.append(names)
    with measuring(watch), forward_timed(trained):
        network[0](torch.ones(1, 2))
        assert seen == []
        network(torch.ones(1, 2))
        assert seen == [("prefix", "forward")] * 2
    network(torch.ones(1, 2))
    assert len(seen) == 2  # and nothing is left in the network
    assert set(watch.take()) == {"other", "prefix"}


def test_a_stage_that_took_no_step_and_one_with_workers():
    profile = profile_of({"other": 1.0, "validation": 3.0}, 0, {})
    assert profile["parts"]["validation"] == {"fraction": 0.75, "ms": None}
    assert "validation 75.0 %, other 25.0 %" in in_words("head", profile, 0)
    assert "3 processes" in in_words("head", profile, 3)
