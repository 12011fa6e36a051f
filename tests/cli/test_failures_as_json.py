"""With --json a failure is one JSON object on stdout, with the exit code and the message that it has without."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.data.zoo.files import pictures


@pytest.mark.parametrize(
    ("arguments", "kind", "named"),
    [
        (["train", "nowhere"], "RecipeError", "nowhere"),
        (["eval", "nowhere"], "CheckpointError", "nowhere"),
        (["predict", "nowhere.onnx", "image.png"], "CheckpointError", "nowhere.onnx"),
        (["export", "nowhere"], "CheckpointError", "nowhere"),
        (["convert", "nowhere", "--to", "coco", "--out", "new"], "RecipeError", "nowhere"),
        (["list", "backbone"], "UnknownName", "close: backbones"),
        (["demo", "--set", "seed"], "RecipeError", "--set seed"),
        (["traim", "photos"], "UsageError", "traim"),
        (["train"], "UsageError", "recipe"),
        (["eval", "run", "--split", "valid"], "UsageError", "valid"),
        (["eval", "run", "--classes", "cat"], "RecipeError", "NAME=CLASS"),
        (["schema", "--jsn"], "UsageError", "--jsn"),
    ],
)
def test_of_every_verb(visionft, tmp_path, monkeypatch, arguments, kind, named):
    monkeypatch.chdir(tmp_path)
    result = visionft(*arguments, "--json")
    assert result.code == 2
    error = result.json["error"]
    assert (error["type"], error["exit_code"]) == (kind, 2)
    assert named.lower() in error["message"].lower()
    assert error["message"] in result.err  # people read it there


def test_a_bug_too(visionft, monkeypatch, capfd):
    def bug(*_):
        raise ZeroDivisionError("no way")

    monkeypatch.setattr("visionft.cli.listing.names_of", bug)
    with pytest.raises(ZeroDivisionError):
        visionft("list", "heads", "--json")
    assert json.loads(capfd.readouterr().out)["error"]["type"] == "ZeroDivisionError"


def test_what_follows_two_dashes_is_no_option(refused):
    assert "no such list" in refused("list", "--", "backbone", "--json")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals(visionft, monkeypatch, number, code):
    """The command ends in order: what it was doing is undone, and the error is told."""
    left = []

    def interrupted(*_):
        try:
            os.kill(os.getpid(), number)
            time.sleep(5)
        finally:
            left.append("in order")

    monkeypatch.setattr("visionft.cli.listing.names_of", interrupted)
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)
    of_shell = signal.signal(signal.SIGINT, signal.default_int_handler)  # which ignores it in the background
    try:
        result = visionft("list", "heads", "--json")
    finally:
        signal.signal(signal.SIGINT, of_shell)
    assert left == ["in order"]
    assert (result.code, result.json["error"]["exit_code"]) == (code, code)
    assert result.err == "visionft: interrupted\n"
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)) == before


@pytest.mark.parametrize("arguments", [["list", "formats"], ["schema"], ["--help"]])
def test_a_full_disk_behind_stdout(arguments):
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "visionft", *arguments]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1
    assert result.stderr == f"visionft: standard output: cannot be written: {os.strerror(28)}\n"


def test_a_closed_stdout():
    command = f"{sys.executable} -m visionft list formats >&-"
    result = subprocess.run(command, shell=True, stderr=subprocess.PIPE, text=True)
    assert (result.returncode, result.stderr) == (1, "visionft: standard output: is closed\n")


def test_names_in_a_locale_of_ascii(tmp_path):
    (tmp_path / "r.yaml").write_text("żółty: 1\n", encoding="utf-8")
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "visionft", "train", str(tmp_path / "r.yaml"), "--json"]
    result = subprocess.run(command, env=plain, capture_output=True, text=True)
    assert result.returncode == 2
    assert "żółty: unknown key" in json.loads(result.stdout)["error"]["message"]
    assert "Traceback" not in result.stderr


def test_files_with_any_names_in_a_locale_of_ascii(tmp_path):
    pictures(tmp_path / "Übung", 2, "kätzchen.{}🐈.jpg")
    pictures(tmp_path / "Übung", 2, "犬.{}.jpg")
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    command = [sys.executable, "-m", "visionft", "train", str(tmp_path / "Übung"), "--json"]
    result = subprocess.run(command, env=plain, capture_output=True, encoding="utf-8")
    message = json.loads(result.stdout)["error"]["message"]
    for text in ("Übung", "kätzchen (2)", "犬 (2)"):
        assert text in message
        assert text in result.stderr


def test_python_is_told_how_to_read_names_in_a_locale_of_ascii(tmp_path):
    pictures(tmp_path / "Müller", 2)
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    code = "import sys; from visionft.data.walk import look_into; from pathlib import Path; found = []; "
    code += "print(look_into(Path(sys.argv[1]), found).folders, ascii(str(found[0])) if found else '')"
    command = [sys.executable, "-c", code, str(tmp_path)]
    found = [
        subprocess.run(command, env=plain | more, capture_output=True, text=True).stdout
        for more in ({}, {"PYTHONUTF8": "1"})
    ]
    assert ["PYTHONUTF8=1" in text for text in found] == [True, False]
