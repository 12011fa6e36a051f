"""Models that another Python runs: arrays travel, and whatever is missing or fails is said."""

import sys

import numpy as np
import pytest

from tests.export.tiny import SPEC
from visionft.errors import CheckpointError
from visionft.predict.engine import open_engine
from visionft.predict.runtimes.isolated import VARIABLE, python_with, run_script, using_python

STAND_IN = """
import numpy as np

class Interpreter:
    def __init__(self, path, num_threads):
        self.bias = float(open(path).read())

    def get_signature_runner(self):
        return self

    def get_input_details(self):
        return {"args_0": None}

    def __call__(self, args_0):
        print("a library says this")
        if args_0.max() == 255:
            raise RuntimeError("too bright")
        red = np.float32(args_0[..., 0].mean() / 510 + self.bias)
        return {"output_0": np.float32([[red, 0.5, 0.5 - red]])}
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A model whose runtime only another Python has, which is this one with one more folder of packages."""
    package = tmp_path / "packages" / "ai_edge_litert"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "interpreter.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    monkeypatch.setenv(VARIABLE, sys.executable)
    folder = tmp_path / "model.litert"
    folder.mkdir()
    (folder / "model.tflite").write_text("0.1")
    (folder / "spec.json").write_text(SPEC.to_json())
    return folder


def test_another_python_runs_it(model):
    engine = open_engine(model)
    images_BHW3 = np.random.default_rng(0).integers(0, 255, (3, 24, 32, 3), dtype=np.uint8)
    found = engine.run(images_BHW3)["probabilities"]
    np.testing.assert_allclose(found[:, 0], images_BHW3[..., 0].mean((1, 2)) / 510 + 0.1, rtol=1e-5)


def test_what_its_process_said_last_is_told(model):
    engine = open_engine(model)
    with pytest.raises(CheckpointError, match=r"LiteRT fails on a batch of 1 \(RuntimeError: too bright\)"):
        engine.run(np.full((1, 24, 32, 3), 255, np.uint8))
    (model / "model.tflite").write_text("no number")
    with pytest.raises(CheckpointError, match=r"LiteRT cannot load it \(ValueError"):
        open_engine(model)


def test_a_missing_package_is_named_with_what_installs_it(model, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(CheckpointError, match=r"LiteRT needs .*pip install ai-edge-litert.*VISIONFT_PYTHON"):
        open_engine(model)
    with using_python(model / "gone"), pytest.raises(CheckpointError, match="there is no such program"):
        open_engine(model)
    monkeypatch.setenv("PYTHONPATH", "")
    with using_python(sys.executable), pytest.raises(CheckpointError, match="No module named 'ai_edge_litert'"):
        open_engine(model)


def test_this_python_is_taken_where_it_has_the_package():
    assert python_with("numpy", "numpy", "adding") == sys.executable


def test_a_script_that_fails_says_why(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import sys; sys.exit(sys.argv[1])")
    assert run_script(sys.executable, script, "no such operation") == "no such operation"
    script.write_text("")
    assert run_script(sys.executable, script) is None
