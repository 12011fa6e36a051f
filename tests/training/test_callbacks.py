"""Code of the user's that looks at epochs and ends stages and runs."""

import json
import os
import signal

import pytest
import torch

import visionft as vft
from visionft.api.registration import CATALOGS
from visionft.errors import Interrupted, RecipeError
from visionft.training.events import EpochDone

STAGES = [
    {"name": "small", "epochs": 3, "norm": "all", "head_lr": 1e-2, "backbone_lr": 1e-2, "image_size": 32},
    {"name": "large", "epochs": 1, "head_lr": 1e-2, "image_size": 64},
]


def stop_stage_after(epochs):
    def callback(epoch):
        if epoch.row["epoch"] == epochs:
            epoch.stop_stage("enough of it")

    return callback


def stop_run_after(epochs):
    def callback(epoch):
        if epoch.row["epoch"] == epochs:
            epoch.stop_run()

    return callback


def weights(path):
    return (path / "model.safetensors").read_bytes()


def test_it_sees_rows_and_the_network(tiny, tmp_path):
    seen = []

    def look(epoch):
        seen.append((epoch.row, epoch.best))
        epoch.row["val"].clear()  # a copy
        epoch.job.network.eval()  # put back before the next step
        torch.rand(3)

    vft.train(tiny(), out=tmp_path / "plain", sinks=[])
    run = vft.train(tiny(), out=tmp_path / "watched", sinks=[], callbacks=[look])
    assert [row["epoch"] for row, _ in seen] == [1, 2, 3]
    assert len(run.info["history"]) == 3
    assert all(row["val"] for row in run.info["history"])
    assert weights(tmp_path / "plain") == weights(tmp_path / "watched")


def test_a_stage_ends_and_the_next_begins(tiny, tmp_path):
    run = vft.train(tiny(stages=STAGES), out=tmp_path / "run", sinks=[], callbacks=[stop_stage_after(1)])
    assert [(stage["name"], stage["epochs"]) for stage in run.stages] == [("small", 1), ("large", 1)]
    assert run.stages[0]["ended"] == "enough of it"
    assert run.stages[1]["ended"] == "all steps done"


def test_a_run_ends_as_what_it_was_last_trained_as(tiny, tmp_path):
    run = vft.train(tiny(stages=STAGES), out=tmp_path / "run", sinks=[], callbacks=[stop_run_after(2)])
    assert [(stage["name"], stage["epochs"]) for stage in run.stages] == [("small", 2)]
    assert (run.spec.input.height, run.spec.input.width) == (32, 32)
    again = vft.open_run(tmp_path / "run")
    assert again.evaluate("val").to_dict() == run.evaluate("val").to_dict()
    assert again.report().is_file()
    assert again.model.preprocess(again.samples("val")[0].image).shape == (1, 32, 32, 3)
    assert run.spec.provenance["validation"] == run.stages[0]["best"]


@pytest.mark.parametrize("stop", [stop_stage_after, stop_run_after])
def test_a_decision_survives_being_killed(tiny, tmp_path, stop):
    """Once between the decision and its checkpoint, and once at the stage's end, after it."""
    vft.train(tiny(stages=STAGES), out=tmp_path / "whole", sinks=[], callbacks=[stop(2)])
    for name, moment in (("early", "decision"), ("late", "end")):
        kills = []

        def act(event, moment=moment, kills=kills):
            if type(event).__name__ == "StageEnded" and moment == "end" and not kills:
                kills.append(os.kill(os.getpid(), signal.SIGINT))

        def decide(epoch, moment=moment, kills=kills):
            stop(2)(epoch)
            if epoch.row["epoch"] == 2 and moment == "decision" and not kills:
                kills.append(1)
                raise KeyboardInterrupt

        with pytest.raises((KeyboardInterrupt, Interrupted)):
            vft.train(tiny(stages=STAGES), out=tmp_path / name, sinks=[act], callbacks=[decide])
        rows = []
        resumed = vft.train(
            tiny(stages=STAGES),
            out=tmp_path / name,
            resume=True,
            sinks=[lambda event, rows=rows: rows.append(event) if isinstance(event, EpochDone) else None],
            callbacks=[stop(2)] if moment == "decision" else [],
        )
        assert weights(tmp_path / name) == weights(tmp_path / "whole")
        assert len(resumed.info["history"]) == len(vft.open_run(tmp_path / "whole").info["history"])


def test_what_it_raises_ends_training(tiny, tmp_path):
    def fail(epoch):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        vft.train(tiny(), out=tmp_path / "run", sinks=[], callbacks=[fail])
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "training"


def test_what_cannot_be_called(tiny, tmp_path):
    for bad, told in (([3], "3 is not callable"), (print, "is one; give a list")):
        with pytest.raises(RecipeError, match=f"callbacks: .*{told}"):
            vft.train(tiny(), out=tmp_path / "run", sinks=[], callbacks=bad)
    assert not (tmp_path / "run").exists()


@pytest.fixture
def own_backbone(monkeypatch):
    from tests.models.backbones.test_module_family import Pyramid

    monkeypatch.setattr(CATALOGS["backbone"][0], "_added", {})
    return vft.register("backbone")(Pyramid)


@pytest.mark.parametrize("recipes", ["tiny", "scenes"])
def test_a_network_of_the_users_own_trains_resumes_and_exports(own_backbone, recipes, request, tmp_path):
    recipe = request.getfixturevalue(recipes)(
        backbone={"name": "pyramid"},
        stages=[
            {"name": "head", "unfreeze": "none", "steps": 2, "head_lr": 1e-2},
            {"name": "deep", "unfreeze": ["deep"], "steps": 2, "norm": "all"},
        ],
    )
    run = vft.train(recipe, out=tmp_path / "run", sinks=[])
    assert run.stages[1]["groups"] == ["deep"]
    assert run.spec.provenance["backbone"] == "module/pyramid"
    again = vft.open_run(tmp_path / "run")
    assert again.evaluate("val").to_dict() == run.evaluate("val").to_dict()
    if recipes == "tiny":
        assert again.export().parity.max_abs_difference <= 1e-4
