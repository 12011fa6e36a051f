"""The wheel that only predicts: what is in it, what that needs, and what it says of the rest."""

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import visionft
from tests.predict.moving import write_video
from tests.predict.stand_in import write_detector
from visionft import packaging
from visionft.packaging import NEEDS, imported_names, read_project, requirements, runtime_modules, write_wheel

MODULES = {"opencv-python-headless": "cv2"}  # by what a distribution's package is called, where not like itself
RUNTIMES = {"MNN", "ai_edge_litert", "coremltools", "executorch", "ncnn", "openvino", "tensorrt", "torch"}
OPTIONAL = {"predict.runtimes": RUNTIMES, "serving": {"fastapi", "starlette", "uvicorn"}}  # whoever uses one has it


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return write_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def test_modules_import_what_the_runtime_needs_and_nothing_else():
    needed = {MODULES.get(needed, needed) for needed in NEEDS} | {"visionft"} | sys.stdlib_module_names
    beyond = {}
    for name, path in runtime_modules().items():
        optional = next((more for room, more in OPTIONAL.items() if name.startswith(f"visionft.{room}.")), set())
        if more := {imported.partition(".")[0] for imported in imported_names(path)} - needed - optional:
            beyond[name] = more
    assert beyond == {}


def test_what_is_imported_is_found_wherever_it_stands(tmp_path):
    (tmp_path / "a.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\ntry:\n    import cv2 as c\nexcept E:\n"
        "    from yaml import load\nclass A:\n    import rich.text\ndef f():\n    import timm\n"
    )
    roots = {name.partition(".")[0] for name in imported_names(tmp_path / "a.py")}
    assert roots == {"typing", "cv2", "yaml", "rich"}


def test_it_has_the_version_and_the_requirements_of_the_whole():
    project = read_project()
    needed = requirements(project)
    assert {line for line in needed if ";" not in line} < set(project["dependencies"])
    assert len([line for line in needed if ";" not in line]) == len(NEEDS)
    assert any(line.startswith("openvino") and 'extra == "openvino"' in line for line in needed)


def test_the_same_sources_give_the_same_wheel(wheel, tmp_path):
    assert write_wheel(tmp_path).read_bytes() == wheel.read_bytes()
    assert wheel.name == f"visionft_runtime-{visionft.__version__}-py3-none-any.whl"
    assert wheel.stat().st_size < 1_000_000
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        record = archive.read(next(name for name in names if name.endswith("/RECORD"))).decode()
    assert sorted(line.split(",")[0] for line in record.splitlines()) == sorted(names)
    assert not any("training" in name or "models" in name for name in names)


def run(python, folder, *arguments, where=None):
    """Run a fresh interpreter that finds the unpacked wheel before the sources."""
    program = f"import sys; sys.path.insert(0, {str(where)!r})\n" if where else ""
    line = [python, "-c", program + arguments[0], *map(str, arguments[1:])]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True)


TERMINAL = "from visionft.cli import main; main()"

PREDICT = """
import json, sys, visionft
predictor = visionft.Predictor(sys.argv[1], threads=1)
found = [result.to_dict() for result in predictor.stream(sys.argv[2])]
print(json.dumps({"home": visionft.__file__, "found": found, "torch": "torch" in sys.modules}))
"""


def test_it_predicts_videos(unpacked, tmp_path):
    model, clip = write_detector(tmp_path / "m.onnx"), write_video(tmp_path / "clip.avi")
    done = run(sys.executable, tmp_path, PREDICT, model, clip, where=unpacked)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert Path(answer["home"]).is_relative_to(unpacked)
    assert not answer["torch"]
    assert answer["found"] == [result.to_dict() for result in visionft.Predictor(model, threads=1).stream(clip)]
    done = run(sys.executable, tmp_path, TERMINAL, "predict", model, clip, "--save", "out", where=unpacked)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/clip.overlay.mp4").exists()


@pytest.mark.parametrize("verb", ["train", "eval", "export", "check", "demo"])
def test_the_rest_is_said_to_need_the_whole(unpacked, tmp_path, verb):
    arguments = [] if verb == "demo" else ["x"]
    done = run(sys.executable, tmp_path, TERMINAL, verb, *arguments, where=unpacked)
    assert done.returncode == 2
    assert done.stderr.startswith(f"visionft: visionft {verb}: needs the whole package")
    assert len(done.stderr.splitlines()) == 1


def test_from_python_too(unpacked, tmp_path):
    done = run(sys.executable, tmp_path, "import visionft\nvisionft.train", where=unpacked)
    assert "NotInRuntime: visionft.train: needs the whole package" in done.stderr
    done = run(
        sys.executable,
        tmp_path,
        "from visionft.errors import MissingExtra as M; print(M('a', 'b', 'c'))",
        where=unpacked,
    )
    assert "'visionft-runtime[b]'" in done.stdout


def test_both_in_one_folder_are_told(unpacked, tmp_path):
    (tmp_path / "visionft").symlink_to(Path(visionft.__file__).parent)
    both = tmp_path / "both"
    zipfile.ZipFile(next(iter([write_wheel(tmp_path / "dist")]))).extractall(both)
    (both / "visionft/training").mkdir()  # as the whole package has it
    done = run(sys.executable, tmp_path, "import visionft; visionft.Predictor", where=both)
    assert "RuntimeWarning: visionft and visionft-runtime are both installed" in done.stderr
    done = run(sys.executable, tmp_path, TERMINAL, "--version", where=both)
    assert "are both installed" in done.stderr
    assert done.returncode == 0


def test_outside_of_a_checkout(monkeypatch, tmp_path):
    monkeypatch.setattr(packaging, "_HOME", tmp_path / "visionft")
    with pytest.raises(visionft.errors.CheckpointError, match="checkout"):
        read_project()


@pytest.mark.slow
def test_installed_in_an_environment_of_its_own(wheel, tmp_path):
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--retries", "1", str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and "after connection broken by" in done.stdout + done.stderr:
        pytest.skip("pip reaches no package index")
    assert done.returncode == 0, done.stderr
    model, images = write_detector(tmp_path / "m.onnx"), write_video(tmp_path / "clip.avi")
    done = run(python, tmp_path, PREDICT, model, images)
    assert done.returncode == 0, done.stderr
    assert Path(json.loads(done.stdout)["home"]).is_relative_to(tmp_path / "env")
    visionft_ = python.with_name("visionft")
    done = subprocess.run([visionft_, "bench", model, "--rounds", "1", "--batch", "1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
