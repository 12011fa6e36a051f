"""The command as a process: exit codes, streams, pipes. Each costs an interpreter, so there are few."""

import json
import os
import subprocess
import sys

import pytest

from visionft.recipe import recipe_to_yaml


def start(*arguments, **options):
    command = [sys.executable, "-m", "visionft", *map(str, arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **streams | options)


def run(*arguments, **options):
    process = start(*arguments, **options)
    out, err = process.communicate()
    return process.returncode, out, err


def test_help_names_every_verb():
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    for verb in ("train", "eval", "predict", "export", "check", "list", "demo", "schema"):
        assert f"\n  {verb}" in out


@pytest.mark.slow
def test_results_and_progress_keep_apart(tiny, tmp_path):
    """Without a terminal progress is plain lines: no control characters, no bar."""
    stages = [{"name": "[bold]head[/]", "unfreeze": "none", "epochs": 1}]
    (tmp_path / "r.yaml").write_text(recipe_to_yaml(tiny(stages=stages)))
    code, out, err = run("train", tmp_path / "r.yaml", "--out", tmp_path / "run", "--json")
    assert code == 0, err
    assert json.loads(out)["run"] == str(tmp_path / "run")
    assert "\x1b" not in err
    assert "\r" not in err
    lines = err.splitlines()
    assert "stage 1 of 1: [bold]head[/]" in lines
    assert sum(line.startswith("  epoch   1  train loss") for line in lines) == 1


def test_a_mistake_is_one_message(tmp_path):
    (tmp_path / "r.yaml").write_text("sead: 1\n")
    code, out, err = run("train", tmp_path / "r.yaml")
    assert (code, out) == (2, "")
    assert err == f"visionft: {tmp_path}/r.yaml:1: sead: unknown key; did you mean 'seed'?\n"


@pytest.mark.parametrize("what", ["backbones", "heads"])
def test_a_reader_that_goes_away_is_no_traceback(what):
    """As with ``| head``; a short output fails when Python ends, if nobody sees to it before."""
    process = start("list", what)
    process.stdout.close()
    assert process.wait() == 1
    assert process.stderr.read() == ""
    process.stderr.close()


def test_names_reach_a_pipe_that_takes_ascii_only(finished, image_folder, tmp_path):
    image = tmp_path / "żaba.png"
    image.write_bytes((image_folder / "bar/01.png").read_bytes())
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    code, out, err = run("predict", finished / "model.onnx", image, "--json", env=environment)
    assert code == 0, err
    assert json.loads(out)[0]["image"] == str(image)
    code, out, err = run("predict", finished / "model.onnx", image, env=environment)
    assert code == 0, err
    assert "\\u017caba.png" in out
