"""Frozen layers that another engine runs: the same training up to rounding, and one engine for all of a stage."""

import json
import os
import signal

import pytest
import torch

from visionft.errors import CheckpointError, Interrupted, RecipeError
from visionft.training import frozen_engine, prefix_engines
from visionft.training.events import Notice, StepDone
from visionft.training.exported_prefix import ExportedPrefix

HEAD = {"name": "head", "unfreeze": "none", "augment": "none", "epochs": 3, "head_lr": 1e-2}
TOP = {"name": "top", "unfreeze": 2, "augment": "medium", "epochs": 3, "views": 2, "head_lr": 1e-2, "norm": "all"}


def choice(tmp_path, stage, name="run"):
    return json.loads((tmp_path / name / "run.json").read_text())["frozen"][stage["name"]]


def equal(one, two):
    first, second = one.network.state_dict(), two.network.state_dict()
    return all(torch.equal(first[name], second[name]) for name in first)


def stopped_after(count):
    """Return a sink's action that interrupts the process."""
    steps = []

    def act(event):
        if isinstance(event, StepDone):
            steps.append(event)
            if len(steps) == count:
                os.kill(os.getpid(), signal.SIGINT)

    return act


@pytest.fixture
def runs(monkeypatch):
    """Return the batches that other engines are given."""
    given, call = [], ExportedPrefix.__call__

    def noted(self, images_BHW3):
        given.append(len(images_BHW3))
        return call(self, images_BHW3)

    monkeypatch.setattr(ExportedPrefix, "__call__", noted)
    return given


@pytest.mark.parametrize(("stage", "engine"), [(HEAD, "onnxruntime"), (TOP, "openvino")], ids=["features", "views"])
def test_it_trains_as_torch_does_up_to_rounding(tiny, train, tmp_path, runs, stage, engine):
    eager, eager_outcome, recorder = train(tiny(stages=[stage]), "eager")
    assert runs == []
    assert choice(tmp_path, stage, "eager") == {"engine": "eager", "why": "asked for", "seconds": None}
    assert not any("frozen layers are run by" in event.text for event in recorder.of(Notice))

    job, outcome, recorder = train(tiny(stages=[stage], runtime={"frozen": engine}))
    images = len(job.dataset.split("train")) * stage.get("views", 1) + len(job.dataset.split("val"))
    assert sum(runs[1:]) == images  # the first are compared with torch's
    assert choice(tmp_path, stage)["engine"] == engine
    assert any(f"run by {engine}" in event.text for event in recorder.of(Notice))
    theirs, ours = eager.network.state_dict(), job.network.state_dict()
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-2, atol=1e-3)
    assert outcome.val == pytest.approx(eager_outcome.val, rel=1e-2, abs=1e-2)


@pytest.mark.parametrize(("stage", "engine"), [(HEAD, "openvino"), (TOP, "onnxruntime")], ids=["features", "views"])
def test_interrupted_and_resumed_it_ends_the_same(tiny, train, runs, stage, engine):
    recipe = tiny(stages=[stage], runtime={"frozen": engine}, task={"dropout": 0.3})
    whole, _, _ = train(recipe, "whole")
    with pytest.raises(Interrupted):
        train(recipe, "stopped", act=stopped_after(5))
    runs.clear()
    resumed, _, _ = train(recipe, "stopped")
    assert runs
    assert equal(whole, resumed)


def test_auto_does_not_export_for_a_few_images(tiny, train, tmp_path, runs):
    train(tiny(stages=[HEAD], runtime={"frozen": "auto"}))
    found = choice(tmp_path, HEAD)
    assert (found["engine"], found["why"], runs) == ("eager", "few images", [])
    assert found["seconds"]["eager"] > 0


@pytest.mark.parametrize(
    ("onnxruntime", "openvino", "engine"),
    [(0.4, 0.3, "openvino"), (0.4, None, "onnxruntime"), (0.95, 0.92, "eager")],
)
def test_auto_takes_the_fastest_and_keeps_to_it(tiny, train, tmp_path, monkeypatch, onnxruntime, openvino, engine):
    times = [1000.0, 1000.0, 1000.0 * onnxruntime, *([1000.0 * openvino] if openvino else [])]
    monkeypatch.setattr(frozen_engine, "_seconds", lambda action: times.pop(0))
    if openvino is None:
        monkeypatch.setattr(frozen_engine, "installed", lambda: ("onnxruntime",))
    recipe = tiny(stages=[HEAD], runtime={"frozen": "auto"})
    with pytest.raises(Interrupted):
        train(recipe, act=stopped_after(2))
    assert times == []
    assert (choice(tmp_path, HEAD)["engine"], choice(tmp_path, HEAD)["why"]) == (engine, "measured")
    train(recipe)  # and nothing is measured, for which there are no times left
    assert choice(tmp_path, HEAD)["engine"] == engine


def test_auto_goes_on_with_those_that_agree(tiny, train, tmp_path, monkeypatch):
    call, times = ExportedPrefix.__call__, [1000.0, 1000.0, 900.0, 1.0]
    monkeypatch.setattr(frozen_engine, "_seconds", lambda action: times.pop(0))
    wrong = {"openvino": 1.02}
    monkeypatch.setattr(
        ExportedPrefix,
        "__call__",
        lambda self, images: tuple(wrong.get(self.engine, 1) * rows for rows in call(self, images)),
    )
    train(tiny(stages=[HEAD], runtime={"frozen": "auto"}))
    found = choice(tmp_path, HEAD)
    assert (found["engine"], set(found["seconds"])) == ("onnxruntime", {"eager", "onnxruntime"})


def test_an_engine_that_is_asked_for_and_missing_is_told_before_anything(tiny, train, monkeypatch):
    monkeypatch.setattr(prefix_engines, "find_spec", lambda name: None if name == "openvino" else name)
    with pytest.raises(
        RecipeError, match=r"runtime.frozen: openvino is not installed: pip install 'visionft\[openvino"
    ):
        train(tiny(stages=[HEAD], runtime={"frozen": "openvino"}))


def test_torch_goes_on_where_the_numbers_are_others(tiny, train, tmp_path, monkeypatch):
    stage = TOP | {"epochs": 1}
    eager, _, _ = train(tiny(stages=[stage]), "eager")
    call = ExportedPrefix.__call__
    monkeypatch.setattr(
        ExportedPrefix, "__call__", lambda self, images: tuple(1.02 * rows for rows in call(self, images))
    )
    job, _, recorder = train(tiny(stages=[stage], runtime={"frozen": "onnxruntime"}))
    assert choice(tmp_path, stage)["engine"] == "eager"
    assert any("differs from torch's by 2.0%" in event.text for event in recorder.of(Notice))
    assert equal(eager, job)


def test_a_stage_ends_as_it_began_or_says_why_not(tiny, train, monkeypatch):
    recipe = tiny(stages=[HEAD], runtime={"frozen": "onnxruntime"})
    with pytest.raises(Interrupted):
        train(recipe, act=stopped_after(2))
    monkeypatch.setattr(frozen_engine, "require_same", broken)
    with pytest.raises(CheckpointError, match=r"head began with frozen layers that onnxruntime ran.*is broken"):
        train(recipe)


def broken(expected, found):
    raise frozen_engine.ExportError("is broken")
