"""Whether the run that is gone on with is the one that is meant; what may change on the way."""

import os
import re
import shlex
import shutil
import signal

import pytest
from safetensors.torch import load_file

import visionft
from tests.conftest import SHAPES
from visionft.api import train
from visionft.checkpoint import RunFolder
from visionft.checkpoint.store import CheckpointStore
from visionft.errors import CheckpointError, DataError, Interrupted, TrainingError
from visionft.recipe import load_recipe, recipe_to_yaml
from visionft.training.events import Notice, StepDone

STAGE = {"name": "all", "unfreeze": "all", "norm": "all", "epochs": 2, "head_lr": 1e-2, "backbone_lr": 1e-2}
ONE_STAGE = {"runtime": {"workers": 0}, "stages": [STAGE], "evaluate": {"bootstrap": 0}}


def stopped_after(steps):
    """Return a sink that sends SIGINT after some steps."""
    seen = []

    def sink(event):
        if isinstance(event, StepDone):
            seen.append(event)
            if len(seen) == steps:
                os.kill(os.getpid(), signal.SIGINT)

    return sink


def start(recipe, **options):
    """Train until a signal comes after the first step."""
    with pytest.raises(Interrupted):
        train(recipe, sinks=[stopped_after(1)], progress=False, **options)


@pytest.fixture
def recipe_file(tiny, tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(recipe_to_yaml(tiny(**ONE_STAGE)))
    return path


@pytest.fixture
def stopped(recipe_file, tmp_path):
    """A run that was interrupted after a step."""
    start(recipe_file, out=tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def told():
    """Return what notices said."""

    class Told(list):
        def __call__(self, event):
            if isinstance(event, Notice):
                self.append(event.text)

    return Told()


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


class TestAnotherRecipe:
    def test_the_message_names_each_key_and_its_advice_works(self, stopped, recipe_file):
        edit(recipe_file, "batch_size: 16", "batch_size: 8")
        edit(recipe_file, "seed: 0", "seed: 7")
        with pytest.raises(CheckpointError) as caught:
            train(recipe_file, out=stopped, resume=True, progress=False)
        for part in (str(stopped), "optim.batch_size: 16 then, 8 now", "seed: 0 then, 7 now"):
            assert part in str(caught.value)
        assert f"visionft train {stopped} --resume" in str(caught.value)
        assert train(stopped, resume=True, progress=False).recipe.optim.batch_size == 16

    def test_of_a_finished_run(self, finished, tiny):
        longer = load_recipe(tiny(), {"stages.all.epochs": 9})
        with pytest.raises(
            CheckpointError, match=r"(?s)has finished.*stages\.all\.epochs: 2 then, 9 now.*start a new run"
        ):
            train(longer, out=finished, resume=True, progress=False)

    def test_the_runs_own_recipe_that_was_edited(self, stopped):
        edit(stopped / "recipe.yaml", "epochs: 2", "epochs: 1")
        with pytest.raises(CheckpointError, match=r"stages\.all\.epochs: 2 then, 1 now") as caught:
            train(stopped, resume=True, progress=False)
        assert "visionft train" not in str(caught.value)  # it would say the same again
        edit(stopped / "recipe.yaml", "epochs: 1", "epochs: 2")
        assert train(stopped, resume=True, progress=False).stages[0]["epochs"] == 2

    def test_what_was_laid_over_it_then_counts_still(self, recipe_file, tmp_path):
        start(recipe_file, out=tmp_path / "run", overrides=["seed=5"])
        assert train(recipe_file, out=tmp_path / "run", resume=True, progress=False).recipe.seed == 5

    def test_what_is_laid_over_it_again_may_be_the_same(self, recipe_file, tmp_path):
        start(recipe_file, out=tmp_path / "run", overrides={"seed": 5})
        with pytest.raises(CheckpointError, match="seed: 5 then, 6 now"):
            train(recipe_file, out=tmp_path / "run", overrides=["seed=6"], resume=True, progress=False)
        train(recipe_file, out=tmp_path / "run", overrides=["seed=5"], resume=True, progress=False)

    def test_data_alone_claim_no_settings(self, stopped, image_folder):
        assert train(image_folder, out=stopped, resume=True, progress=False).recipe.name == "tiny"


class TestOfTheSameName:
    @pytest.fixture(autouse=True)
    def here(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

    def test_other_data_are_not_mixed_up(self, finished, tiny, image_folder, tmp_path):
        shutil.copytree(finished, "runs/tiny-001")
        other = shutil.copytree(image_folder, tmp_path / "other/shapes")
        with pytest.raises(CheckpointError) as caught:
            train(tiny(data={"path": str(other)}), resume=True, progress=False)
        assert all(text in str(caught.value) for text in ("runs/tiny-001", str(image_folder), f"--data {other}"))
        # which is what to do when they have moved
        assert train("runs/tiny-001", data=other, resume=True, progress=False).path.name == "tiny-001"

    def test_the_newest_with_these_settings(self, finished, tiny):
        shutil.copytree(finished, "runs/tiny-001")
        shutil.copytree(finished, "runs/tiny-002")
        shutil.copytree(finished, "runs/tiny-003")
        edit(RunFolder(visionft.open_run("runs/tiny-003").path).path / "run.json", '"seed": 0', '"seed": 9')
        assert train(tiny(), resume=True, progress=False).path.name == "tiny-002"
        with pytest.raises(CheckpointError, match=r"runs/tiny-003: has finished.*\n.*seed: 9 then, 4 now"):
            train(tiny(seed=4), resume=True, progress=False)


class TestChangedOnTheWay:
    def test_rates_are_lowered_and_that_is_written_down(self, stopped, told):
        lower = ["stages.all.head_lr=1e-3", "stages.all.backbone_lr=1e-4", "optim.clip_norm=0.5"]
        run = train(stopped, overrides=lower, resume=True, sinks=[told], progress=False)
        stage = run.recipe.stages[0]
        assert (stage.head_lr, stage.backbone_lr, run.recipe.optim.clip_norm) == (1e-3, 1e-4, 0.5)
        assert run.info["changes"][0] == {"step": 1, "key": "stages.all.head_lr", "old": 0.01, "new": 0.001}
        assert len(run.info["changes"]) == 3
        assert any("stages.all.head_lr: 0.01 then, 0.001 now" in text for text in told)
        assert max(row["lr"] for row in run.history) <= 0.01

    def test_nothing_else_is(self, stopped):
        for override in ("stages.all.epochs=3", "stages.all.warmup=0.2", "optim.weight_decay=0", "runtime.decode=cuda"):
            with pytest.raises(CheckpointError, match="was begun by another recipe"):
                train(stopped, overrides=[override], resume=True, progress=False)

    def test_what_has_no_part_in_what_is_learned_changes_nothing(self, stopped, recipe_file, tmp_path):
        whole = train(recipe_file, out=tmp_path / "whole", progress=False)
        resumed = train(stopped, overrides={"runtime.workers": 1}, resume=True, progress=False)
        weights = [load_file(run.path / "model.safetensors") for run in (whole, resumed)]
        assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])

    def test_the_gate_of_a_finished_run(self, finished, tmp_path):
        copied = shutil.copytree(finished, tmp_path / "copied")
        run = train(copied, overrides=["export.min_agreement=0.5"], resume=True, progress=False)
        assert visionft.open_run(copied).recipe.export.min_agreement == 0.5
        assert run.info["changes"][0]["key"] == "export.min_agreement"
        with pytest.raises(CheckpointError, match="has finished"):
            train(copied, overrides=["stages.all.head_lr=1"], resume=True, progress=False)


class TestMovedData:
    @pytest.fixture
    def moved(self, tiny, image_folder, tmp_path):
        """A run that was interrupted, and then its data moved."""
        images = shutil.copytree(image_folder, tmp_path / "shapes")
        start(tiny(data={"path": str(images)}, **ONE_STAGE), out=tmp_path / "run")
        return tmp_path / "run", images.rename(tmp_path / "moved")

    def test_the_message_says_how_and_it_works_and_is_remembered(self, moved, told):
        run, images = moved
        with pytest.raises(DataError, match=r"shapes: no such file or folder.*--data PATH"):
            train(run, resume=True, progress=False)
        resumed = train(run, data=images, resume=True, sinks=[told], progress=False)
        assert any(f"now at {images}" in text for text in told)
        assert [move["to"] for move in resumed.info["moved"]] == [str(images)]
        again = visionft.open_run(run)
        assert again.evaluate().n == len(again.samples("test")) > 0
        assert len(again.info["moved"]) == 1

    def test_by_an_override(self, moved):
        run, images = moved
        train(run, overrides=[f"data.path={images}"], resume=True, progress=False)
        assert visionft.open_run(run).export().parity.passed

    def test_others_are_refused(self, moved):
        run, images = moved
        (images / SHAPES[0] / "00.png").unlink()
        with pytest.raises(DataError, match="has changed since the run began"):
            train(run, data=images, resume=True, progress=False)
        assert "moved" not in RunFolder(run).info


class TestCheckpoints:
    def test_are_gone_when_the_run_is_finished(self, stopped):
        assert list((stopped / "checkpoints").iterdir())
        train(stopped, resume=True, progress=False)
        assert not (stopped / "checkpoints").exists()

    def test_are_kept_on_request(self, recipe_file, tmp_path):
        run = train(recipe_file, out=tmp_path / "run", keep_checkpoints=True, progress=False)
        assert len(list((run.path / "checkpoints").iterdir())) == 2
        assert train(run.path, resume=True, progress=False).path == run.path
        assert len(list((run.path / "checkpoints").iterdir())) == 2

    def test_are_gone_after_a_resume_where_that_was_interrupted(self, recipe_file, tmp_path, monkeypatch):
        def interrupted(_):
            raise KeyboardInterrupt

        monkeypatch.setattr(CheckpointStore, "delete", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(recipe_file, out=tmp_path / "run", progress=False)
        monkeypatch.undo()
        assert (tmp_path / "run/checkpoints").exists()
        train(tmp_path / "run", resume=True, progress=False)
        assert not (tmp_path / "run/checkpoints").exists()


def test_two_at_once(stopped):
    seen = []

    def second(event):
        if isinstance(event, StepDone) and not seen:
            with pytest.raises(CheckpointError, match=f"trains in it on {os.uname().nodename}"):
                train(stopped, resume=True, progress=False)
            seen.append(event)

    train(stopped, resume=True, sinks=[second], progress=False)
    assert seen


def test_a_run_of_an_older_version(stopped):
    """It wrote down neither its recipe nor what was laid over it."""
    folder = RunFolder(stopped)
    left = {key: value for key, value in folder.info.items() if key not in ("recipe", "asked")}
    (stopped / "run.json").unlink()
    folder.record(**left)
    assert train(stopped, resume=True, progress=False).evaluate("val").n


def test_the_advice_after_steps_that_are_not_finite(recipe_file, tmp_path, monkeypatch):
    monkeypatch.setattr("visionft.training.stage_run.Stepper.take", lambda *_, **__: None)
    with pytest.raises(TrainingError) as caught:
        train(recipe_file, overrides=["optim.max_skipped=2"], out=tmp_path / "a run", progress=False)
    monkeypatch.undo()
    command = shlex.split(re.search(r"visionft (train .*? --resume( --set \S+)+);", str(caught.value))[1])
    run = train(command[1], overrides=command[4::2], resume=True, progress=False)
    assert run.recipe.stages[0].head_lr == 1e-3
    assert run.info["changes"][0]["step"] == 2
