"""From a recipe to a finished run, and what keeps a run from starting."""

import json
import shutil

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import visionft
from tests.conftest import SHAPES
from visionft.api import complete, train
from visionft.errors import CheckpointError, DataError, RecipeError, UnknownName, WeightsError
from visionft.models.backbones import Backbone, hub
from visionft.recipe import load_recipe, recipe_to_yaml
from visionft.training.events import EpochDone, Notice, RunPlanned, StageEnded, StageStarted, StepDone, Working

QUICK = {"stages": [{"name": "head", "unfreeze": "none", "steps": 1}]}


class Recorder:
    """A sink that keeps every event."""

    def __init__(self):
        self.events = []

    def __call__(self, event):
        self.events.append(event)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


class PowerCut(Exception):
    """Ends a run from outside, without anything being saved."""


def cut_after(steps):
    """Return a sink that ends the process's training at a step, before any checkpoint is due."""
    seen = []

    def sink(event):
        if isinstance(event, StepDone):
            seen.append(event)
            if len(seen) == steps:
                raise PowerCut

    return sink


class TestAFinishedRun:
    def test_everything_is_in_its_folder(self, finished):
        names = {path.name for path in finished.iterdir()}
        assert names == {
            "events.jsonl",
            "metrics.json",
            "model.onnx",
            "model.onnx.card.md",
            "model.onnx.parity.json",
            "model.safetensors",
            "recipe.yaml",
            "report.html",
            "run.json",
            "spec.json",
        }

    def test_what_is_written_down(self, finished, tiny):
        run = visionft.open_run(finished)
        assert run.recipe == tiny()
        info = run.info
        assert info["status"] == "finished"
        assert info["seconds"] > 0
        assert info["data"]["classes"] == list(SHAPES)
        assert sum(info["data"]["images"].values()) == 72
        assert info["weights"]["source"] == "none: random initialisation"
        assert info["environment"]["versions"]["torch"] == torch.__version__.partition("+")[0]
        assert [stage["name"] for stage in run.stages] == ["head", "all"]
        assert [row["epoch"] for row in info["history"]] == [1, 2, 3]

    def test_the_spec_says_where_the_model_comes_from(self, finished):
        spec = visionft.open_run(finished).spec
        assert spec.class_names == SHAPES
        assert (spec.input.height, spec.input.width, spec.input.fit) == (32, 32, "stretch")
        assert spec.provenance["backbone"] == "timm/test_resnet"
        assert spec.provenance["data"]["sha256"] == visionft.open_run(finished).info["data"]["sha256"]
        assert spec.provenance["validation"]["accuracy"] >= 0

    def test_the_stored_recipe_can_be_run_again(self, finished, tiny):
        assert load_recipe(finished / "recipe.yaml") == tiny()

    def test_every_line_of_the_events_is_json(self, finished):
        events = [json.loads(line) for line in (finished / "events.jsonl").read_text().splitlines()]
        kinds = [event["event"] for event in events]
        assert kinds[0] == "RunPlanned"
        assert kinds.count("EpochDone") == 3
        assert kinds.count("StageEnded") == 2
        assert not {"StepDone", "Working"} & set(kinds)


def test_what_a_sink_hears_and_the_summary(tiny, tmp_path):
    recorder = Recorder()
    summary = complete(train(tiny(), out=tmp_path / "run", sinks=[recorder]))
    main = [type(event) for event in recorder.events if not isinstance(event, StepDone | Working)]
    assert main == [
        RunPlanned, StageStarted, EpochDone, StageEnded, StageStarted, EpochDone, EpochDone, StageEnded,
    ]  # fmt: skip
    assert [row["stage"] for row in recorder.of(RunPlanned)[0].rows] == ["head", "all"]
    for what in ("reading images", "evaluating test", "exporting"):
        last = [event for event in recorder.of(Working) if event.what == what][-1]
        assert last.done == last.total > 0
    assert summary["split"] == "test"
    assert {"split": "test", **summary["metrics"]} == json.loads((tmp_path / "run/metrics.json").read_text())
    assert summary["stages"] == visionft.open_run(tmp_path / "run").stages
    for key, name in (("run", ""), ("model", "model.onnx"), ("report", "report.html")):
        assert summary[key] == str(tmp_path / "run" / name)
    json.dumps(summary, allow_nan=False)


def test_a_folder_of_images_is_a_recipe(image_folder, tmp_path, monkeypatch):
    """The default recipe for the folder, with a few keys laid over it; the run gets the folder's name."""
    monkeypatch.chdir(tmp_path)
    quick = [f"stages.{name}.{length}" for name in ("head", "top", "all") for length in ("epochs=null", "steps=1")]
    small = ["backbone.name=test_resnet", "backbone.weights=none", "input.size=32", "evaluate.bootstrap=0"]
    small += ["runtime.precision=fp32", "stages.top.unfreeze=2"]
    run = train(image_folder, overrides=[*quick, *small], sinks=[])
    assert run.path.parts == ("runs", f"{image_folder.name}-001")
    assert run.evaluate().n == run.info["data"]["images"]["test"] > 0
    assert run.recipe.data.path == image_folder


def test_a_last_batch_of_one_image(tiny, finished, tmp_path):
    """Batch norm could not train on it."""
    images = visionft.open_run(finished).info["data"]["images"]["train"]
    recipe = tiny(optim={"batch_size": images - 1}, stages=[{"name": "all", "norm": "all", "epochs": 1}])
    assert train(recipe, out=tmp_path / "run", sinks=[]).stages[0]["steps"] == 1


def test_no_test_part_measures_on_validation(tiny, tmp_path):
    run = train(tiny(data={"test_fraction": 0}, **QUICK), out=tmp_path / "run", sinks=[])
    assert run.default_split == "val"
    assert run.evaluate().n == len(run.samples("val"))
    with pytest.raises(DataError, match="no images in the test part"):
        run.evaluate("test")
    assert "validation" in run.report().read_text()


class TestResume:
    def test_a_finished_run_stays_as_it_is(self, finished):
        before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
        recorder = Recorder()
        run = train(finished, resume=True, sinks=[recorder])
        assert run.path == finished
        assert "has finished already" in recorder.of(Notice)[0].text
        assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before

    def test_by_folder_by_name_and_by_out(self, finished, tiny, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "runs").mkdir()
        shutil.copytree(finished, "runs/tiny-001")
        shutil.copytree(finished, "runs/tiny-002")
        assert train("runs/tiny-001", resume=True, sinks=[]).path.name == "tiny-001"
        assert train(tiny(), resume=True, sinks=[]).path.name == "tiny-002"
        assert train(tiny(), out="runs/tiny-001", resume=True, sinks=[]).path.name == "tiny-001"

    def test_nothing_to_resume(self, tiny, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(CheckpointError, match=r"--resume .*: there is no run called 'tiny' here; .*--out"):
            train(tiny(), resume=True, sinks=[])
        with pytest.raises(CheckpointError, match="not a run folder"):
            train(tiny(), out=tmp_path, resume=True, sinks=[])

    @pytest.mark.parametrize("change", ["added", "removed", "moved"])
    def test_changed_images_are_refused(self, tiny, image_folder, tmp_path, change):
        images, out = tmp_path / "shapes", tmp_path / "run"
        shutil.copytree(image_folder, images)
        recipe = tiny(data={"path": str(images)})
        with pytest.raises(PowerCut):
            train(recipe, out=out, sinks=[cut_after(1)])
        if change == "added":
            cv2.imwrite(str(images / "disc/new.png"), np.zeros((48, 48, 3), np.uint8))
        elif change == "removed":
            (images / "disc/00.png").unlink()
        else:
            (images / "disc/00.png").rename(images / "ring/disc00.png")
        with pytest.raises(DataError, match=r"run: shapes has changed since the run began: .*start a new run"):
            train(recipe, out=out, resume=True, sinks=[])

    @pytest.mark.slow
    def test_power_cut_before_the_first_checkpoint(self, tiny, tmp_path):
        """There is no state to go back to: the run must begin again, and from the same pretrained weights."""
        torch.manual_seed(5)
        network = Backbone("test_resnet", "none").network
        save_file(network.state_dict(), tmp_path / "pretrained.safetensors")
        recipe = tiny(backbone={"weights": str(tmp_path / "pretrained.safetensors")})
        train(recipe, out=tmp_path / "whole", sinks=[])
        with pytest.raises(PowerCut):
            train(recipe, out=tmp_path / "cut", sinks=[cut_after(2)])
        assert not list((tmp_path / "cut").glob("checkpoints/*"))
        run = train(recipe, out=tmp_path / "cut", resume=True, sinks=[])
        whole, resumed = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "cut"))
        assert all(torch.equal(whole[name], resumed[name]) for name in whole)
        assert run.info["weights"]["source"].startswith("file ")

    def test_no_undamaged_checkpoint_is_refused_every_time(self, tiny, tmp_path):
        recipe = tiny(runtime={"checkpoint_minutes": 1e-9})
        with pytest.raises(PowerCut):
            train(recipe, out=tmp_path / "run", sinks=[cut_after(3)])
        for file in (tmp_path / "run").glob("checkpoints/*/model.safetensors"):
            file.write_bytes(b"")
        for _ in range(2):
            with pytest.raises(CheckpointError, match="no undamaged checkpoint is left"):
                train(recipe, out=tmp_path / "run", resume=True, sinks=[])


class TestRefusedBeforeTraining:
    def test_out_is_not_empty(self, tiny, finished):
        with pytest.raises(DataError, match=r"is not empty; use --resume"):
            train(tiny(), out=finished, sinks=[])

    def test_out_cannot_be_made(self, tiny, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(DataError, match=r"cannot be written: .*choose another --out"):
            train(tiny(), out=tmp_path / "file" / "run", sinks=[])

    def test_weights_that_cannot_be_reached(self, tiny, tmp_path, monkeypatch):
        def unreachable(published):
            raise ConnectionError("Network is unreachable")

        monkeypatch.setattr(hub, "cached", lambda published: None)
        monkeypatch.setattr(hub, "download", unreachable)
        with pytest.raises(WeightsError) as caught:
            train(tiny(backbone={"weights": "pretrained"}), out=tmp_path / "run", sinks=[])
        message = str(caught.value)
        assert "Network is unreachable" in message
        assert "set backbone.weights to a file you have" in message
        assert "none for random weights" in message
        assert not (tmp_path / "run").exists()

    def test_one_class_only(self, tiny, tmp_path, image_folder):
        shutil.copytree(image_folder / "disc", tmp_path / "photos/disc")
        with pytest.raises(DataError, match="classes: at least two are needed, found disc"):
            train(tiny(data={"path": str(tmp_path / "photos")}), out=tmp_path / "run", sinks=[])
        assert not (tmp_path / "run").exists()

    def test_no_validation_images(self, tiny, tmp_path):
        with pytest.raises(DataError, match="val"):
            train(tiny(data={"val_fraction": 0}), out=tmp_path / "run", sinks=[])

    def test_wrong_overrides_of_a_recipe_object(self, tiny, tmp_path):
        with pytest.raises(RecipeError, match=r"overrides: optim.batchsize: unknown key; did you mean 'batch_size'"):
            train(tiny(), overrides={"optim": {"batchsize": 4}}, out=tmp_path / "run", sinks=[])
        assert not (tmp_path / "run").exists()

    def test_names_that_nobody_knows(self, tiny, tmp_path):
        with pytest.raises(UnknownName, match="test_resnet"):
            train(tiny(backbone={"name": "test_resnett"}), out=tmp_path / "run", sinks=[])
        with pytest.raises(RecipeError, match="no such file"):
            train(tmp_path / "nowhere.yaml", sinks=[])


def test_an_image_deleted_while_training_is_named(tiny, image_folder, tmp_path):
    images = tmp_path / "shapes"
    shutil.copytree(image_folder, images)

    def delete(event):
        if isinstance(event, RunPlanned):
            shutil.rmtree(images / "ring")

    with pytest.raises(DataError, match=r"ring/\d\d\.png"):
        train(tiny(data={"path": str(images)}), out=tmp_path / "run", sinks=[delete])


def test_the_same_recipe_gives_the_same_bytes(tiny, finished, tmp_path):
    train(load_recipe(_written(tmp_path, tiny())), out=tmp_path / "run", sinks=[])
    assert (tmp_path / "run/model.safetensors").read_bytes() == (finished / "model.safetensors").read_bytes()


def _written(folder, recipe):
    path = folder / "recipe.yaml"
    path.write_text(recipe_to_yaml(recipe))
    return path
