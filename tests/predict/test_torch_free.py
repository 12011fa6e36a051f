"""The promise to whoever deploys: prediction needs numpy, OpenCV and onnxruntime, nothing else."""

import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from tests.export.tiny import SPEC, TASK, tiny
from tests.predict.stand_in import DETECTION, INSTANCES, SEGMENTATION, write_detector, write_segmenter
from visionft.export.gate import export_verified
from visionft.export.writers.onnx import OnnxWriter
from visionft.imaging import decode, to_canvas
from visionft.predict import Predictor

ROOT = Path(__file__).parents[2]
NEEDED = ("numpy", "opencv-python-headless", "onnxruntime")
# This list is the promise; none of these may be imported, directly or not.
FORBIDDEN = {
    "PIL", "albumentations", "annotated_types", "matplotlib", "onnx", "onnxscript", "pydantic", "rich", "safetensors",
    "timm", "torch", "torchmetrics", "torchvision", "typer", "yaml",
}  # fmt: skip

PROGRAM = f"""
import json, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {FORBIDDEN}:
            raise ModuleNotFoundError(f"the predictor must not import {{name}}", name=name)

sys.meta_path.insert(0, Refuse())
import visionft
predictor = visionft.Predictor(sys.argv[1], threads=1)
found = predictor(sys.argv[2:])
if predictor.spec.task != "classification":
    found[0].save(sys.argv[2] + ".mask")
    found[0].save_overlay(sys.argv[2], sys.argv[2] + ".overlay")
results = [result.to_dict() for result in found]
assert not {FORBIDDEN} & sys.modules.keys()
print(json.dumps({{"home": visionft.__file__, "results": results}}))
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    generator = np.random.default_rng(0)
    photos = [folder / "a.png", folder / "b.jpg", folder / "turned.jpg"]
    for photo in photos:
        image = PIL.Image.fromarray(generator.integers(0, 256, (9, 13, 3), dtype=np.uint8)).resize((130, 90))
        exif = image.getexif()
        exif[0x0112] = 6 if photo.stem == "turned" else 1  # orientation: turn right by 90 degrees
        image.save(photo, exif=exif)
    return photos


@pytest.fixture(scope="module")
def deployed(tmp_path_factory, photos):
    """A really exported file, photos, and what the torch network itself says about them."""
    model = tmp_path_factory.mktemp("deployed") / "m.onnx"
    network = tiny()
    canvases_BHW3 = np.stack([to_canvas(decode(photo), SPEC.input) for photo in photos])
    batch = canvases_BHW3, np.zeros(len(photos), np.int64)
    export_verified(OnnxWriter(), network, TASK, SPEC, model, [batch])
    with torch.inference_mode():
        return model, photos, network(torch.tensor(canvases_BHW3))[0].numpy()


def predict_with(python: Path | str, cwd: Path, model: Path, photos: list[Path]) -> dict:
    """Run the program above in a fresh interpreter."""
    done = subprocess.run([python, "-c", PROGRAM, model, *photos], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows(results: list[dict]) -> list[list[float]]:
    return [list(result["probabilities"].values()) for result in results]


def test_predictor_gives_the_networks_answers(deployed):
    model, photos, expected_BK = deployed
    results = [result.to_dict() for result in Predictor(model)(photos)]
    np.testing.assert_allclose(rows(results), expected_BK, atol=1e-6)
    assert len({result["confidence"] for result in results}) == 3


def test_nothing_forbidden_is_imported(deployed):
    model, photos, expected_BK = deployed
    found = predict_with(sys.executable, ROOT, model, photos)
    np.testing.assert_allclose(rows(found["results"]), expected_BK, atol=1e-6)


@pytest.mark.parametrize(
    ("write", "spec"), [(write_segmenter, SEGMENTATION), (write_detector, DETECTION), (write_detector, INSTANCES)]
)
def test_nothing_forbidden_is_imported_for_masks_and_boxes(photos, tmp_path, write, spec):
    model = write(tmp_path / "m.onnx", spec)
    found = predict_with(sys.executable, ROOT, model, photos)
    assert found["results"] == [result.to_dict() for result in Predictor(model, threads=1)(photos)]


def test_the_refusal_works():
    """The test above proves nothing if its hook lets torch through."""
    program = PROGRAM.replace("import visionft\n", "import torch\n")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "the predictor must not import torch" in done.stderr


@pytest.mark.slow
def test_in_an_environment_without_torch(deployed, tmp_path):
    model, photos, expected_BK = deployed
    source = tmp_path / "source"  # a copy, since building a package writes beside it
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "build", "*.egg-info", "runs"))
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    pip_install(python, *NEEDED)
    pip_install(python, "--no-deps", str(source))
    found = predict_with(python, tmp_path, model, photos)
    home = Path(found["home"])
    assert home.is_relative_to(tmp_path / "env")
    assert (home.parent / "recipes" / "solar_cells.yaml").is_file()  # recipes are installed with the package
    np.testing.assert_allclose(rows(found["results"]), expected_BK, atol=1e-6)


def pip_install(python: Path, *what: str) -> None:
    """Install, or skip where no package index can be reached: the one cause that is not ours."""
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--retries", "1", *what]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and "after connection broken by" in done.stdout + done.stderr:
        pytest.skip("pip reaches no package index, so no environment without torch can be built; .ci/run has one")
    assert done.returncode == 0, done.stderr
