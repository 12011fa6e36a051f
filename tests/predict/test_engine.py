"""Which engine opens a file."""

import shutil

import numpy as np
import pytest

from tests.predict.stand_in import SPEC, write_model
from visionft.errors import CheckpointError, UnknownName
from visionft.predict import Predictor
from visionft.predict.engine import ENGINES, find_exported, locate_exported, open_engine
from visionft.predict.runtimes.onnx_runtime import OnnxRuntimeEngine


class Fixed:
    """An engine of another package, for files whose whole content is the red that it finds."""

    kind = "fixed"
    spec = SPEC

    def __init__(self, path, *, threads, providers):
        self.asked = (threads, providers)
        self.red = float(path.read_text())

    def run(self, images_BHW3):
        rest = (1 - self.red) / 2
        return {"probabilities": np.float32([[self.red, rest, rest]] * len(images_BHW3))}


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setattr(ENGINES, "_added", {})
    ENGINES.add(Fixed)


@pytest.mark.parametrize("name", ["m.fixed", "m.FIXED"])
def test_the_ending_chooses(tmp_path, name):
    (tmp_path / name).write_text("0.9")
    engine = open_engine(tmp_path / name, threads=2, providers=["NPU"])
    assert isinstance(engine, Fixed)
    assert engine.asked == (2, ["NPU"])
    assert Predictor(tmp_path / name)(np.zeros((5, 5, 3), np.uint8)).confidence == pytest.approx(0.9)


@pytest.mark.parametrize("name", ["m.onnx", "m.ONNX", "m", "model.v2"])
def test_files_of_any_other_name_are_taken_for_onnx(tmp_path, name):
    path = tmp_path / name
    shutil.copy(write_model(tmp_path / "made.onnx"), path)
    assert isinstance(open_engine(path), OnnxRuntimeEngine)


def test_the_exported_file_of_a_run_is_ours_before_that_of_another_package(tmp_path):
    with pytest.raises(CheckpointError, match=r"holds no exported model; export the run first: visionft export"):
        find_exported(tmp_path)
    (tmp_path / "other.onnx").touch()
    (tmp_path / "model.fixed").touch()
    assert find_exported(tmp_path) == tmp_path / "model.fixed"
    (tmp_path / "model.onnx").touch()
    assert find_exported(tmp_path) == tmp_path / "model.onnx"
    (tmp_path / "model-int8.onnx").touch()
    assert find_exported(tmp_path) == tmp_path / "model.onnx"


def test_a_folder_is_exported_or_holds_what_is(tmp_path):
    folder = tmp_path / "model-int8.openvino"
    folder.mkdir()
    (folder / "model.xml").touch()
    assert locate_exported(tmp_path) == locate_exported(folder) == locate_exported(folder / "model.xml") == folder


def test_of_several_files_of_other_packages_one_must_be_named(tmp_path):
    ENGINES.add(type("Other", (Fixed,), {"kind": "other"}))
    (tmp_path / "model.fixed").touch()
    (tmp_path / "model.other").touch()
    with pytest.raises(CheckpointError, match=r"holds model.fixed and model.other; say which one is meant"):
        find_exported(tmp_path)


def test_a_file_that_is_called_otherwise_for_now(tmp_path):
    (tmp_path / "m.tmp").write_text("0.5")
    assert isinstance(open_engine(tmp_path / "m.tmp", suffix=".fixed"), Fixed)
    with pytest.raises(CheckpointError, match="onnxruntime cannot load it"):
        open_engine(tmp_path / "m.tmp")
    with pytest.raises(UnknownName, match="engine 'mixed': no such engine; close: fixed"):
        open_engine(tmp_path / "m.tmp", suffix=".mixed")
