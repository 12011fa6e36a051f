"""Where a run augments its images, and that it keeps to it.

On a CPU, as if it were where the device augments: that is then done by the batch engine.
"""

import json
import shutil
from dataclasses import asdict

import pytest
import torch
from safetensors.torch import load_file

import visionft
from tests.api.test_training import QUICK, PowerCut, Recorder, cut_after
from visionft.api import train
from visionft.augment.device import DeviceAugmenter
from visionft.autotune import choice
from visionft.autotune.choice import Choice
from visionft.autotune.measure import Times
from visionft.errors import CheckpointError, RecipeError
from visionft.training.events import Notice, RunPlanned, StepDone

SLOW = Times(decode=1e-3, augment=1.0, draw=1e-4, copy=1e-4, augment_on_device=1e-3, step=1e-2)


@pytest.fixture
def cuda(monkeypatch):
    """Return the stages that were measured, whose images the CPU is slow to augment."""
    measured = []
    monkeypatch.setattr(choice, "on_cuda", lambda runtime: True)
    monkeypatch.setattr(choice, "measure", lambda job, plan: measured.append(plan.stage.name) or SLOW)
    return measured


@pytest.fixture
def batches(monkeypatch):
    """Return the images of each batch that the device augments."""
    seen, call = [], DeviceAugmenter.__call__
    monkeypatch.setattr(DeviceAugmenter, "__call__", lambda self, batch: seen.append(batch.ids) or call(self, batch))
    return seen


def test_on_a_cpu_nobody_hears_of_it(finished):
    assert visionft.open_run(finished).info["augment"] == asdict(Choice("cpu", "no CUDA"))
    assert "cpu (no CUDA)" in (finished / "report.html").read_text()
    assert "ugmentation on" not in (finished / "events.jsonl").read_text()


def test_measuring_changes_nothing(tiny, finished, tmp_path, monkeypatch, batches):
    """A run after it ends in the bytes of a run without."""
    recorder, taken = Recorder(), []

    def chosen(times, workers, batch_size, *, resident):
        assert not resident
        taken.append(times)
        return Choice("cpu", "measured", {"cpu": 0.1, "cuda": 0.2}, times)

    monkeypatch.setattr(choice, "on_cuda", lambda runtime: True)
    monkeypatch.setattr(choice, "choose", chosen)
    run = train(tiny(), out=tmp_path / "run", sinks=[recorder])
    assert run.info["augment"]["times"] == asdict(taken[0])
    assert [event.text[:42] for event in recorder.of(Notice)] == ["augmentation on the CPU: a batch of 16 tak"]
    assert len(batches) == 6  # while measuring: one to warm up, five that are timed
    assert (tmp_path / "run/model.safetensors").read_bytes() == (finished / "model.safetensors").read_bytes()


def test_a_killed_run_keeps_to_it_and_ends_the_same(tiny, tmp_path, monkeypatch, cuda, batches):
    recipe = tiny(runtime={"checkpoint_minutes": 1e-9})
    recorder = Recorder()
    whole = train(recipe, out=tmp_path / "whole", sinks=[recorder])
    assert (whole.info["augment"]["device"], cuda) == ("cuda", ["head"])
    assert recorder.of(Notice)[0].text.startswith("augmentation on cuda: a batch of 16 takes")
    assert len(batches) == len(recorder.of(StepDone)) == 12
    with pytest.raises(PowerCut):
        train(recipe, out=tmp_path / "cut", sinks=[cut_after(6)])
    del batches[:], cuda[:]
    monkeypatch.setattr(choice, "on_cuda", lambda runtime: False)
    with pytest.raises(CheckpointError, match=r"cut: its images are augmented on cuda, and the network trains on cpu"):
        train(recipe, out=tmp_path / "cut", resume=True, sinks=[])
    monkeypatch.setattr(choice, "on_cuda", lambda runtime: True)
    resumed = train(recipe, out=tmp_path / "cut", resume=True, sinks=[])
    assert cuda == []
    assert len(batches) >= 6
    assert resumed.info["augment"] == whole.info["augment"]
    first, second = (load_file(run.path / "model.safetensors") for run in (whole, resumed))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_killed_before_it_was_written_down(tiny, tmp_path, cuda):
    def cut(event):
        if isinstance(event, RunPlanned):
            raise PowerCut

    with pytest.raises(PowerCut):
        train(tiny(**QUICK), out=tmp_path / "run", sinks=[cut])
    assert cuda == []
    run = train(tiny(**QUICK), out=tmp_path / "run", resume=True, sinks=[])
    assert cuda == ["head"]
    assert run.info["augment"]["why"] == "measured"


def test_a_run_that_asked_for_cuda_is_looked_at_anywhere(tiny, tmp_path, monkeypatch, cuda, batches):
    train(tiny(augment={"device": "cuda"}, **QUICK), out=tmp_path / "run", sinks=[])
    assert cuda == []
    assert batches  # those of the estimate among them
    monkeypatch.setattr(choice, "on_cuda", lambda runtime: False)
    run = visionft.open_run(tmp_path / "run")
    assert run.evaluate().n > 0
    assert "cuda (asked for)" in run.report().read_text()


def test_runs_from_before_there_was_a_choice(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    facts = json.loads((tmp_path / "run/run.json").read_text())
    del facts["augment"]
    (tmp_path / "run/run.json").write_text(json.dumps(facts))
    page = visionft.open_run(tmp_path / "run").report().read_text()
    assert "no CUDA" not in page


def test_cuda_asked_for_to_augment_where_there_is_none(tiny, tmp_path):
    with pytest.raises(RecipeError, match=r"augment.device: cuda asked for, and the network trains on cpu; use auto"):
        train(tiny(augment={"device": "cuda"}), out=tmp_path / "run", sinks=[])
    assert not (tmp_path / "run").exists()
