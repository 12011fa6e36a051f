"""What a stage says of passes that its augmentation takes."""

import importlib
from dataclasses import replace

import pytest
import torch

from visionft.assemble import assemble, load_data
from visionft.checkpoint import RunFolder
from visionft.training import fit, passes
from visionft.training.events import Notice, StageStarted
from visionft.training.passes import not_fused


def made(recipe, **changes):
    return replace(assemble(recipe, load_data(recipe)), **changes)


def as_if_on_cuda(job):
    return replace(job, runtime=replace(job.runtime, device=torch.device("cuda")), augments=True)


class TestNotFused:
    @pytest.fixture(autouse=True)
    def kernel(self, monkeypatch):
        monkeypatch.setattr(passes, "no_kernel", lambda: None)

    def strong(self, tiny, strength="strong"):
        return tiny(stages=[{"name": "s", "epochs": 1, "augment": strength}])

    def test_by_what_the_kernel_leaves(self, tiny, monkeypatch):
        """It follows from what the engine says of each kind of damage, whatever that is."""
        fused = importlib.import_module("visionft.augment.fused")
        job = as_if_on_cuda(made(self.strong(tiny)))
        stage = job.plans[0].stage
        words = []
        for left in (("blur", "noise"), ("blur",), ()):
            monkeypatch.setattr(
                fused, "fuses", lambda change, left=left: not any(getattr(change, part) for part in left)
            )
            words.append(not_fused(job, stage))
        start = "augmentation on cuda: all in one pass, but "
        assert words == [
            f"{start}blur and noise in a second pass, by the batch engine; JPEG on the CPU",
            f"{start}blur in a second pass, by the batch engine; JPEG on the CPU",
            f"{start}JPEG on the CPU",
        ]

    def test_as_the_kernel_is(self, tiny):
        job = as_if_on_cuda(made(self.strong(tiny)))
        assert "blur" in not_fused(job, job.plans[0].stage)

    @pytest.mark.parametrize("strength", ["none", "light", "medium"])
    def test_nothing_to_say_of_what_is_never_damaged(self, tiny, strength):
        job = as_if_on_cuda(made(self.strong(tiny, strength)))
        assert not_fused(job, job.plans[0].stage) is None

    def test_without_triton(self, tiny, monkeypatch):
        monkeypatch.setattr(passes, "no_kernel", lambda: "no compiler")
        job = as_if_on_cuda(made(self.strong(tiny, "light")))
        assert not_fused(job, job.plans[0].stage).endswith(
            "in several passes by the batch engine, not in one: no compiler"
        )

    def test_nothing_to_say_elsewhere(self, tiny):
        job = made(self.strong(tiny))
        assert not_fused(replace(job, augments=True), job.plans[0].stage) is None
        assert not_fused(replace(as_if_on_cuda(job), augments=False), job.plans[0].stage) is None


def test_each_stage_says_it_once(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(passes, "on_cuda", lambda runtime: True)
    monkeypatch.setattr(passes, "no_kernel", lambda: None)
    strengths = {"a": "light", "b": "strong"}
    recipe = tiny(stages=[{"name": name, "epochs": 2, "augment": strength} for name, strength in strengths.items()])
    for augments, expected in ((False, [StageStarted] * 2), (True, [StageStarted, StageStarted, Notice])):
        events = []
        fit(made(recipe, augments=augments), RunFolder.create(recipe, tmp_path / str(augments)), [events.append])
        assert [type(event) for event in events if isinstance(event, StageStarted | Notice)] == expected
