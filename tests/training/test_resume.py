"""A run that is killed and resumed ends in the same bytes as one that never was."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from visionft.checkpoint import RunFolder
from visionft.errors import CheckpointError, Interrupted
from visionft.recipe import recipe_to_yaml
from visionft.training.events import EpochDone, Notice, StepDone

# Trains in another process and kills that process, as the machine might, at given steps of the run.
SCRIPT = """
import os, signal, sys
from pathlib import Path
from visionft.api import train
from visionft.training.events import StepDone

kills = {int(step) for step in sys.argv[2].split(",") if step}
seen = [0]

class Killer:
    def __call__(self, event):
        if isinstance(event, StepDone):
            seen[0] += 1
            if seen[0] in kills:
                os.kill(os.getpid(), signal.SIGKILL)

train(Path(sys.argv[1]) if sys.argv[4] == "new" else sys.argv[3],
      out=sys.argv[3] if sys.argv[4] == "new" else None, resume=sys.argv[4] == "resume", sinks=[Killer()])
"""


def run(recipe_path, out, kills, mode):
    arguments = [sys.executable, "-c", SCRIPT, str(recipe_path), kills, str(out), mode]
    return subprocess.run(arguments, capture_output=True, text=True)


@pytest.mark.slow
def test_sigkill_across_a_stage_boundary(tiny, tmp_path):
    """Stages of 4 and 8 steps: killed inside the first, then inside the second, each time resumed."""
    recipe = tiny(
        task={"dropout": 0.3},
        runtime={"checkpoint_minutes": 1e-9},  # a checkpoint before every step
        stages=[
            {"name": "top", "unfreeze": 2, "epochs": 1, "head_lr": 1e-2, "augment": "medium"},
            {"name": "all", "unfreeze": "all", "epochs": 2, "norm": "all", "backbone_lr": 1e-2, "augment": "strong"},
        ],
    )
    path = tmp_path / "tiny.yaml"
    path.write_text(recipe_to_yaml(recipe))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finished = run(path, whole, "", "new")
    assert finished.returncode == 0, finished.stderr
    assert run(path, killed, "3", "new").returncode == -signal.SIGKILL
    assert run(path, killed, "5", "resume").returncode == -signal.SIGKILL
    last = run(path, killed, "", "resume")
    assert last.returncode == 0, last.stderr
    assert (killed / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    histories = [json.loads((out / "run.json").read_text())["history"] for out in (whole, killed)]
    for row in [row for history in histories for row in history]:
        del row["seconds"], row["images_per_second"]
    assert histories[0] == histories[1]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_saves_and_gives_the_exit_code(tiny, tmp_path, number, code):
    path, out = tmp_path / "tiny.yaml", tmp_path / "out"
    path.write_text(recipe_to_yaml(tiny(stages=[{"name": "s", "epochs": 5000}])))
    process = subprocess.Popen(
        [sys.executable, "-m", "visionft", "train", str(path), "--out", str(out)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    while not list(out.glob("checkpoints/*/checksums.json")) and process.poll() is None:
        time.sleep(0.05)
    os.kill(process.pid, number)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == code, stderr
    assert f"the state is saved, go on with: visionft train {out} --resume" in stderr
    assert "Traceback" not in stderr
    assert stdout == ""
    checkpoint, damages = RunFolder.open(out).checkpoints.load_newest()
    assert checkpoint.progress["step"] > 0
    assert damages == []


def stop_after(step):
    """Return an action that sends SIGINT to this process after a step."""
    seen = []

    def act(event):
        if isinstance(event, StepDone):
            seen.append(1)
            if len(seen) == step:
                os.kill(os.getpid(), signal.SIGINT)

    return act


def model_bytes(job, path):
    from visionft.atomic import write_tensors

    write_tensors(path, job.network.state_dict())
    return path.read_bytes()


@pytest.mark.parametrize(("step", "ema"), [(1, None), (4, None), (6, None), (6, 0.9)])
def test_interrupted_anywhere_ends_the_same(tiny, train, tmp_path, step, ema):
    """Stages of 4 and 8 steps; 4 is the last step before the boundary."""
    recipe = tiny(task={"dropout": 0.3}, optim={"ema": ema})
    whole, _, _ = train(recipe, "whole")
    with pytest.raises(Interrupted) as caught:
        train(recipe, "stopped", act=stop_after(step))
    assert caught.value.exit_code == 130
    resumed, _, recorder = train(recipe, "stopped")
    assert any("resumed after" in event.text for event in recorder.of(Notice))
    assert model_bytes(resumed, tmp_path / "a") == model_bytes(whole, tmp_path / "b")


def test_a_weight_that_begins_late_has_an_average_too(tiny, train, tmp_path):
    """The head's bias has no gradient in the first step, as layers that objects teach where there are none."""

    def run(name, steps, act=None):
        def note(event):
            if isinstance(event, StepDone):
                steps.append(event.step)
            if act:
                act(event)

        def freeze_at_first(head, _):
            head.linear.bias.requires_grad_(len(steps) > 0)

        def change(job):
            job.network.head.register_forward_pre_hook(freeze_at_first)

        return train(tiny(optim={"ema": 0.9}), name, act=note, change=change)

    whole, _, _ = run("whole", [])
    steps = []
    with pytest.raises(Interrupted):
        run("stopped", steps, stop_after(1))
    checkpoint, _ = RunFolder.open(tmp_path / "stopped").checkpoints.load_newest()
    assert "head.linear.weight/average" in checkpoint.optimizer
    assert "head.linear.bias/average" not in checkpoint.optimizer
    resumed, _, _ = run("stopped", steps)
    assert model_bytes(resumed, tmp_path / "a") == model_bytes(whole, tmp_path / "b")


def test_interrupted_in_the_last_validation_stops_too(tiny, train, tmp_path):
    """The signal comes when there is no step left to stop before."""

    def act(event):
        if isinstance(event, EpochDone) and event.row["epoch"] == 3:
            os.kill(os.getpid(), signal.SIGINT)

    whole, _, _ = train(tiny(), "whole")
    with pytest.raises(Interrupted, match="interrupted at the end of stage all"):
        train(tiny(), "stopped", act=act)
    resumed, _, recorder = train(tiny(), "stopped")
    assert recorder.of(StepDone) == []
    assert model_bytes(resumed, tmp_path / "a") == model_bytes(whole, tmp_path / "b")


def test_a_damaged_checkpoint_is_left_aside_loudly(tiny, train, tmp_path):
    recipe = tiny()
    whole, _, _ = train(recipe, "whole")
    with pytest.raises(Interrupted):
        train(recipe, "stopped", act=stop_after(6))
    newest = max((tmp_path / "stopped" / "checkpoints").iterdir())
    file = newest / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    resumed, _, recorder = train(recipe, "stopped")
    texts = [event.text for event in recorder.of(Notice)]
    assert any("damaged checkpoint left aside" in text and "model.safetensors" in text for text in texts)
    assert model_bytes(resumed, tmp_path / "a") == model_bytes(whole, tmp_path / "b")


def test_no_undamaged_checkpoint_left(tiny, train, tmp_path):
    recipe = tiny()
    with pytest.raises(Interrupted):
        train(recipe, "stopped", act=stop_after(6))
    for file in (tmp_path / "stopped" / "checkpoints").glob("*/progress.json"):
        file.write_text("{}")
    with pytest.raises(CheckpointError, match="no undamaged checkpoint is left"):
        train(recipe, "stopped")


def test_optimizer_state_survives_the_boundary_for_what_stays_trainable(tiny, train, tmp_path):
    """The head trains in both stages: its step count goes on. The stem is new in the second: it starts at 1."""
    steps = {}

    def act(event):
        if isinstance(event, EpochDone):
            checkpoints = RunFolder.open(tmp_path / "run").checkpoints
            checkpoint, _ = checkpoints.load_newest()
            if checkpoint is not None:
                steps[event.row["epoch"]] = dict(checkpoint.optimizer)

    train(tiny(), act=act)
    after_first, last = steps[2], RunFolder.open(tmp_path / "run").checkpoints.load_newest()[0].optimizer
    assert after_first["head.linear.weight/step"] == 4
    assert not any(name.startswith("backbone.") for name in after_first)
    assert last["head.linear.weight/step"] == 12
    stem = [value for name, value in last.items() if name.startswith("backbone.") and name.endswith("/step")]
    assert stem
    assert {int(value) for value in stem} == {8}


@pytest.mark.slow
def test_segmentation_resumes_in_the_same_bytes(scenes, tmp_path):
    recipe = scenes(
        task={"dropout": 0.3},
        runtime={"checkpoint_minutes": 1e-9},
        stages=[
            {"name": "head", "unfreeze": "none", "epochs": 1, "augment": "none"},
            {"name": "all", "unfreeze": "all", "epochs": 1, "norm": "all", "augment": "strong"},
        ],
    )
    path = tmp_path / "scenes.yaml"
    path.write_text(recipe_to_yaml(recipe))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finished = run(path, whole, "", "new")
    assert finished.returncode == 0, finished.stderr
    assert run(path, killed, "5", "new").returncode == -signal.SIGKILL
    resumed = run(path, killed, "", "resume")
    assert resumed.returncode == 0, resumed.stderr
    assert (killed / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
