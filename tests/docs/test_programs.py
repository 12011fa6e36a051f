"""Programs for who deploys without this package: each is run, and gives the predictor's answers."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from tests.predict.stand_in import DETECTION, SEGMENTATION, SPEC, write_detector, write_model, write_segmenter
from visionft.predict import Predictor
from visionft.predict.engine import open_engine

PROGRAMS = Path(__file__).parents[2] / "docs" / "deploy"
MODELS = {
    "classification": (write_model, SPEC),
    "segmentation": (write_segmenter, SEGMENTATION),
    "detection": (write_detector, DETECTION),
}


def package(name):
    found = find_spec(name)
    return Path(found.origin).parent if found and found.origin else None


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a folder with the models and a photograph, as a file and fitted to their canvas."""
    folder = tmp_path_factory.mktemp("programs")
    for kind, (write, spec) in MODELS.items():
        write(folder / f"{kind}.onnx", spec)
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    pixels[2:6, 3:9, 0] = 255
    PIL.Image.fromarray(pixels).save(folder / "canvas.ppm")
    photo = PIL.Image.fromarray(pixels[:5, :7]).resize((70, 50))
    exif = photo.getexif()
    exif[0x0112] = 6
    photo.save(folder / "photo.jpg", exif=exif)
    return folder


def lines_of(folder, kind, engine):
    """Return what a program in C++ prints: names with values of the canvas, objects with their boxes."""
    results = engine.run(np.array(PIL.Image.open(folder / "canvas.ppm"))[None])
    names = engine.spec.class_names
    if kind == "detection":
        rows = range(int(results["count"][0]))
        return [[names[results["labels"][0, r]], results["scores"][0, r], *results["boxes"][0, r]] for r in rows]
    values = results["probabilities"][0].reshape(len(names), -1).mean(1)
    return [[name, value] for name, value in zip(names, values, strict=True)]


def same(printed, expected):
    rows = [line.split("\t") for line in printed.splitlines()]
    assert [row[0] for row in rows] == [row[0] for row in expected]
    for row, wanted in zip(rows, expected, strict=True):
        assert [float(value) for value in row[1:]] == pytest.approx(wanted[1:], abs=1e-4)


@pytest.mark.parametrize("kind", MODELS)
def test_plain_python_gives_the_predictors_answers(kind, made):
    command = [sys.executable, "-I", PROGRAMS / "predict.py", made / f"{kind}.onnx", made / "photo.jpg"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=made).stdout
    result = json.loads(printed)["result"]
    predictor = Predictor(made / f"{kind}.onnx")
    if kind == "detection":
        expected = predictor(made / "photo.jpg").to_dict()["detections"]
        assert [(one["label"], one["score"], one["box"]) for one in result] == [
            (one["label"], pytest.approx(one["score"]), pytest.approx(one["box"], abs=1e-3)) for one in expected
        ]
        assert expected
    elif kind == "classification":
        assert result == pytest.approx(predictor(made / "photo.jpg").probabilities, abs=1e-5)
    else:
        assert sum(result.values()) == pytest.approx(1)
        assert result == pytest.approx(predictor(made / "photo.jpg").class_fractions, abs=0.35)  # canvas, not image


def compiled(source, folder, include, library):
    compiler = shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        pytest.skip("there is no C++ compiler")
    program = folder / source.stem
    command = [compiler, "-O0", "-std=c++17", f"-I{include}", source, library, f"-Wl,-rpath,{library.parent}"]
    subprocess.run([*command, "-o", program], check=True)
    return program


@pytest.mark.slow
def test_openvino_in_cpp_gives_the_engines_answers(made):
    home = package("openvino")
    if home is None or not (home / "include").is_dir():
        pytest.skip("the package openvino, whose wheel holds the headers, is not installed")
    from visionft.export.writers.openvino import write_openvino

    library = next((home / "libs").glob("libopenvino.so.*"))
    program = compiled(PROGRAMS / "predict_openvino.cpp", made, home / "include", library)
    for kind, (_, spec) in MODELS.items():
        folder = made / f"{kind}.openvino"
        write_openvino(made / f"{kind}.onnx", spec, folder, halved=False)
        done = subprocess.run([program, folder, made / "canvas.ppm"], capture_output=True, text=True, check=True)
        same(done.stdout, lines_of(made, kind, open_engine(folder)))


@pytest.mark.slow
def test_onnxruntime_in_cpp_gives_the_engines_answers(made):
    include = Path(os.environ.get("ONNXRUNTIME_INCLUDE", "/usr/include/onnxruntime"))
    if not (include / "onnxruntime_c_api.h").is_file():
        pytest.skip("ONNXRUNTIME_INCLUDE does not name the folder of onnxruntime_c_api.h, which no wheel holds")
    (shared,) = (package("onnxruntime") / "capi").glob("libonnxruntime.so.*")
    library = made / "libonnxruntime.so.1"
    library.symlink_to(shared)
    program = compiled(PROGRAMS / "predict_onnxruntime.cpp", made, include, library)
    for kind in MODELS:
        model = made / f"{kind}.onnx"
        done = subprocess.run([program, model, made / "canvas.ppm"], capture_output=True, text=True, check=True)
        same(done.stdout, lines_of(made, kind, open_engine(model)))
