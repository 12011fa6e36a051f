"""Compiled stages: the same training up to rounding, resumed bit for bit, and refused where that cannot be."""

import json

import pytest
import torch

from tests.training.test_frozen_engine import equal, stopped_after
from visionft.errors import CheckpointError, Interrupted
from visionft.models.compiled import CompiledParts
from visionft.training import compiling
from visionft.training.events import Notice
from visionft.training.step import Stepper

HEAD = {"name": "head", "unfreeze": "none", "augment": "none", "epochs": 1}
TOP = {"name": "top", "unfreeze": 2, "augment": "medium", "epochs": 2, "views": 1, "norm": "all"}
SMALL = {"optim": {"batch_size": 4}, "backbone": {"name": "test_resnet", "weights": "none", "drop_path": 0.2}}


@pytest.fixture(autouse=True)
def no_compiler(monkeypatch, request):
    """Let parts be what they are where a test is not about the compiler, which takes long."""
    if "compiler" not in request.keywords:
        monkeypatch.setattr(torch, "compile", lambda forward, **_: forward)


def choice(tmp_path, name="run", stage="top"):
    return json.loads((tmp_path / name / "run.json").read_text()).get("compiled", {}).get(stage)


def test_nothing_is_written_unless_asked(tiny, train, tmp_path):
    _, _, recorder = train(tiny(stages=[TOP], **SMALL))
    assert choice(tmp_path) is None
    assert not any("compiled" in event.text for event in recorder.of(Notice))


@pytest.mark.slow
@pytest.mark.compiler
def test_it_trains_as_torch_does_up_to_rounding_and_resumes_bit_for_bit(tiny, train, tmp_path):
    settings = {**SMALL, "task": {"dropout": 0.3}}
    eager, _, _ = train(tiny(stages=[TOP], **settings), "eager")
    recipe = tiny(stages=[TOP], **settings, runtime={"compile": True})
    whole, _, recorder = train(recipe, "whole")
    found = choice(tmp_path, "whole")
    assert (found["compiled"], found["why"]) == (True, "asked for")
    assert any("what trains is compiled" in event.text for event in recorder.of(Notice))
    theirs, ours = eager.network.state_dict(), whole.network.state_dict()
    assert not equal(eager, whole)
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=2e-2, atol=2e-3)
    with pytest.raises(Interrupted):
        train(recipe, "stopped", act=stopped_after(3))
    torch._dynamo.reset()
    resumed, _, _ = train(recipe, "stopped")
    assert equal(whole, resumed)
    assert choice(tmp_path, "stopped")["gives"] == found["gives"]


@pytest.mark.slow
@pytest.mark.compiler
def test_without_a_compiler_it_goes_on_and_says_what_is_missing(tiny, train, tmp_path, monkeypatch):
    from torch._inductor import config

    torch._dynamo.reset()
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(config.cpp, "cxx", (None, str(tmp_path / "nothing")))
    eager, _, _ = train(tiny(stages=[TOP], **SMALL), "eager")
    job, _, recorder = train(tiny(stages=[TOP], **SMALL, runtime={"compile": True}))
    assert choice(tmp_path)["compiled"] is False
    assert any("no C++ compiler" in event.text for event in recorder.of(Notice))
    assert equal(eager, job)


@pytest.mark.parametrize(("compiled", "taken"), [(0.5, True), (0.95, False)])
def test_auto_takes_what_is_clearly_faster_and_keeps_to_it(tiny, train, tmp_path, monkeypatch, compiled, taken):
    times = [1e6, 1e6 * compiled, 1e6]
    monkeypatch.setattr(compiling, "_seconds", lambda *_: times.pop(0))
    recipe = tiny(stages=[TOP], **SMALL, runtime={"compile": "auto"})
    with pytest.raises(Interrupted):
        train(recipe, act=stopped_after(2))
    found = choice(tmp_path)
    assert (found["compiled"], found["why"], times) == (taken, "measured", [])
    train(recipe)  # and nothing is measured, for which there are no times left
    assert choice(tmp_path) == found


def test_auto_does_not_compile_for_a_few_steps(tiny, train, tmp_path):
    train(tiny(stages=[TOP], **SMALL, runtime={"compile": "auto"}))
    assert (choice(tmp_path)["compiled"], choice(tmp_path)["why"]) == (False, "few steps")


def test_where_nothing_trains_but_a_linear_head_nothing_is_compiled(tiny, train, tmp_path):
    train(tiny(stages=[HEAD], **SMALL, runtime={"compile": True}))
    assert choice(tmp_path, stage="head")["compiled"] is False


def test_trying_leaves_weights_and_random_numbers_alone(tiny, train):
    eager, _, _ = train(tiny(stages=[TOP], **SMALL), "eager")
    job, _, _ = train(tiny(stages=[TOP], **SMALL, runtime={"compile": True}))
    assert equal(eager, job)


def test_a_smaller_batch_is_not_compiled(tiny, train, monkeypatch):
    used, inside = CompiledParts.used, []

    def noted(self, **settings):
        inside.append(settings)
        return used(self, **settings)

    monkeypatch.setattr(CompiledParts, "used", noted)
    stage = TOP | {"epochs": 1}
    job, _, _ = train(tiny(stages=[stage], **SMALL, runtime={"compile": True}))
    full = len(job.dataset.split("train")) // 4
    assert len(job.dataset.split("train")) % 4
    assert len([settings for settings in inside if not settings]) == full


def test_other_numbers_are_refused(tiny, train, monkeypatch):
    recipe = tiny(stages=[TOP], **SMALL, runtime={"compile": True})
    with pytest.raises(Interrupted):
        train(recipe, act=stopped_after(2))
    gradients = Stepper.gradients
    monkeypatch.setattr(Stepper, "gradients", lambda self, *given: [1.0001 * each for each in gradients(self, *given)])
    with pytest.raises(CheckpointError, match=r"top began compiled.*gives other numbers"):
        train(recipe)


def test_what_differs_each_time_is_not_used(tiny, train, tmp_path, monkeypatch):
    gradients, count = Stepper.gradients, iter(range(100))
    monkeypatch.setattr(
        Stepper, "gradients", lambda self, *given: [each + next(count) for each in gradients(self, *given)]
    )
    train(tiny(stages=[TOP], **SMALL, runtime={"compile": True}))
    assert choice(tmp_path)["compiled"] is False
    assert "every time" in choice(tmp_path)["why"]


def test_where_made_up_weights_fail_training_goes_on(tiny, train, tmp_path, monkeypatch):
    def fails(self, *_):
        raise ValueError("matrix contains invalid numeric entries")

    monkeypatch.setattr(Stepper, "gradients", fails)
    eager, _, _ = train(tiny(stages=[TOP], **SMALL), "eager")
    job, _, _ = train(tiny(stages=[TOP], **SMALL, runtime={"compile": True}))
    assert "invalid numeric entries" in choice(tmp_path)["why"]
    assert equal(eager, job)
