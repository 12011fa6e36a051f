"""Exported pages: the same canvases and the same answers as in Python, in Node.js and in a browser."""

import json
import subprocess
from base64 import b64decode
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnx
import PIL.Image
import pytest

from tests.export.browser import CHROMIUM, ask_page, link_runtime, missing_for_pages
from tests.predict.stand_in import (
    DETECTION,
    INSTANCES,
    SEGMENTATION,
    SPEC,
    write_detector,
    write_model,
    write_segmenter,
)
from visionft.errors import ExportError
from visionft.export.writers import web
from visionft.export.writers.web import find_runtime, write_page
from visionft.imaging import to_canvas
from visionft.predict import Predictor
from visionft.spec import InputSpec
from visionft.tasks import TASKS

RUNNER = Path(__file__).parents[1] / "page_in_node.mjs"
SIZES = [(64, 48), (101, 77), (50, 40), (32, 24), (30, 300), (96, 72), (3, 9), (1, 1)]
CANVASES = [
    (size, InputSpec(24, 32 if fit != "crop" else 24, fit=fit, crop_pct=0.875, interpolation=filter_))
    for fit in ("stretch", "crop", "pad")
    for filter_ in ("bilinear", "bicubic")
    for size in SIZES
]

needs_pages = pytest.mark.skipif(missing_for_pages() is not None, reason=missing_for_pages() or "")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


def with_fit(spec, fit):
    return replace(spec, input=replace(spec.input, fit=fit))


def write_regressor(path, spec):
    model = onnx.load(write_model(path, spec))
    model.graph.output[0].name = model.graph.node[-1].output[0] = "values"
    onnx.save(model, path)
    return path


NUMBERS = replace(SPEC, task="regression", class_names=("weight [g]", "age (d)", "size"))
PAGES = {
    "classification": (write_model, SPEC),
    "labels": (write_model, replace(SPEC, task="multilabel", thresholds=(0.2, 0.5, 0.9))),
    "numbers": (write_regressor, NUMBERS),
    "pixels": (write_segmenter, SEGMENTATION),
    "pixels, cropped": (write_segmenter, with_fit(SEGMENTATION, "crop")),
    "pixels of windows": (write_segmenter, with_fit(SEGMENTATION, "tile")),
    "boxes": (write_detector, DETECTION),
    "boxes of windows": (write_detector, with_fit(DETECTION, "tile")),
    "objects": (write_detector, INSTANCES),
    "objects of windows": (write_detector, with_fit(INSTANCES, "tile")),
}


def photo(seed):
    """Return blocks of strong colours on noise, in which the stand-ins find something."""
    generator = np.random.default_rng(seed)
    image_HW3 = generator.integers(0, 90, (37, 45, 3), dtype=np.uint8)
    for channel in range(3):
        x, y = generator.integers(0, 30, 2)
        image_HW3[y : y + 9, x : x + 14, channel] = generator.integers(130, 256)
    return image_HW3


def write_raw(folder, name, image_HW3):
    (folder / name).write_bytes(image_HW3.tobytes())
    return {"file": str(folder / name), "width": image_HW3.shape[1], "height": image_HW3.shape[0]}


def make_page(folder, writer, spec):
    folder.mkdir()
    writer(folder / "model.onnx", spec)
    write_page(spec, folder)
    return folder


@pytest.fixture(scope="module")
def in_node(tmp_path_factory):
    """Return what the modules of all pages make of the same images, and their canvases, by one process."""
    folder = tmp_path_factory.mktemp("pages")
    photos = [photo(seed) for seed in range(4)]
    images = [write_raw(folder, f"{number}.raw", image) for number, image in enumerate(photos)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web, "_copy_runtime", link_runtime)
        pages = [
            {"folder": str(make_page(folder / str(number), *page)), "images": images, "threshold": None}
            for number, page in enumerate(PAGES.values())
        ]
    generator = np.random.default_rng(0)
    pictures = [generator.integers(0, 256, (high, wide, 3), dtype=np.uint8) for (wide, high), _ in CANVASES]
    canvases = [
        write_raw(folder, f"canvas{number}.raw", picture) | {"input": asdict(spec)}
        for number, (picture, (_, spec)) in enumerate(zip(pictures, CANVASES, strict=True))
    ]
    work = folder / "work.json"
    imaging = Path(web.__file__).parents[1] / "page" / "imaging.js"
    (folder / "imaging.mjs").write_bytes(imaging.read_bytes())
    work.write_text(json.dumps({"pages": pages, "canvases": canvases, "imaging": str(folder / "imaging.mjs")}))
    for page in pages:  # what makes Node.js take .js files for modules
        (Path(page["folder"]) / "package.json").write_text('{"type": "module"}')
    done = subprocess.run(["node", RUNNER, work], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    expected = {name: Predictor(folder / str(number) / "model.onnx") for number, name in enumerate(PAGES)}
    return {
        "photos": photos,
        "pictures": pictures,
        "fitted": [np.frombuffer(b64decode(text), np.uint8) for text in found["fitted"]],
        "answers": dict(zip(PAGES, found["answers"], strict=True)),
        "expected": {name: [predictor(image) for image in photos] for name, predictor in expected.items()},
    }


@needs_pages
def test_canvases_are_those_of_python(in_node):
    for (size, spec), picture, found in zip(CANVASES, in_node["pictures"], in_node["fitted"], strict=True):
        expected = to_canvas(picture, spec).ravel()
        away = np.abs(found.astype(int) - expected)
        assert away.max() <= (1 if spec.interpolation == "bicubic" else 0), (size, spec.fit)
        assert (away > 0).mean() < 2e-3, (size, spec.fit)


@needs_pages
@pytest.mark.parametrize("name", PAGES)
def test_answers_are_those_of_python(name, in_node):
    pairs = list(zip(in_node["answers"][name], in_node["expected"][name], strict=True))
    assert len(pairs) == 4
    for found, expected in pairs:
        compare(found, expected)
    if name.startswith(("boxes", "objects")):
        assert sum(len(found["detections"]) for found, _ in pairs) > 4


def compare(found, expected):
    plain = expected.to_dict()
    for one in plain.get("detections", ()):
        one.pop("segmentation", None)
    masks = [one.pop("mask", None) for one in found.get("detections", ())]
    pixels = found.pop("mask", None)
    assert approximate(found) == plain
    if pixels is not None:
        assert (np.frombuffer(b64decode(pixels), np.uint8) == expected.mask_HW.ravel()).mean() > 0.999
    for mask, whole in zip(masks, getattr(expected, "masks", ()), strict=False):
        cells = np.frombuffer(b64decode(mask["pixels"]), np.uint8).reshape(mask["height"], mask["width"])
        left, top, right, bottom = whole.box
        shown = np.zeros_like(expected.to_numpy()["masks"][0])
        shown[mask["top"] :, mask["left"] :][: mask["height"], : mask["width"]] = cells
        assert np.array_equal(shown, whole.whole(expected.size)), (left, top, right, bottom)


def approximate(value):
    if isinstance(value, dict):
        return {key: approximate(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [approximate(inner) for inner in value]
    return pytest.approx(value, abs=1e-4) if isinstance(value, float) else value


@needs_pages
@needs_browser
def test_a_browser_reads_files_as_python_does_and_asks_nobody_else(tmp_path):
    folder = make_page(tmp_path / "page", write_segmenter, with_fit(SEGMENTATION, "stretch"))
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    picture = PIL.Image.fromarray(pixels).resize((160, 120), PIL.Image.Resampling.BICUBIC)
    exif = picture.getexif()
    exif[0x0112] = 6  # to be turned right by 90 degrees
    picture.save(tmp_path / "plain.jpg", quality=90)
    picture.save(tmp_path / "turned.jpg", exif=exif, quality=85)
    picture.convert("L").save(tmp_path / "grey.png")
    see_through = picture.copy()
    see_through.putalpha(PIL.Image.fromarray(np.tile(np.arange(160, dtype=np.uint8), (120, 1))))
    see_through.save(tmp_path / "alpha.png")
    (tmp_path / "broken.jpg").write_bytes((tmp_path / "plain.jpg").read_bytes()[:9])
    names = ["plain.jpg", "turned.jpg", "grey.png", "alpha.png", "broken.jpg"]
    said = ask_page(folder, [tmp_path / name for name in names])
    *answers, broken = said["answers"]
    predictor = Predictor(folder / "model.onnx")
    for name, found in zip(names, answers, strict=False):
        expected = predictor(tmp_path / name)
        same = np.frombuffer(b64decode(found["mask"]), np.uint8) == expected.mask_HW.ravel()
        assert (found["width"], found["height"]) == expected.mask_HW.shape[::-1], name
        assert same.mean() > 0.995, name
    assert broken["error"]
    assert said["refused"] == []
    assert (said["before"].startswith("Ready"), said["after"]) == (True, "chosen")
    assert "%" in said["summary"]
    inside = {f"/{file.relative_to(folder).as_posix()}" for file in folder.rglob("*")}
    assert {path for path in said["asked"] if not path.startswith(("/images/", "/harness", "/result"))} <= inside


def test_every_task_has_its_part_of_a_page():
    for task in TASKS.shipped:
        name = TASKS[task].browser
        assert name.endswith(".js"), task
        assert "export async function predict" in web._task_module(replace(SPEC, task=task))


def test_what_npm_must_install_is_told(tmp_path, monkeypatch):
    monkeypatch.delenv("NODE_PATH", raising=False)
    with pytest.raises(ExportError, match="npm install"):
        find_runtime(tmp_path)
    package = tmp_path / "node_modules" / "onnxruntime-web"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"version": "1.0.0"}')
    (tmp_path / "below").mkdir()
    with pytest.raises(ExportError, match="ort-wasm"):
        find_runtime(tmp_path / "below")


def test_the_page_loads_nothing_from_elsewhere():
    for file in (Path(web.__file__).parents[1] / "page").iterdir():
        text = file.read_text(encoding="utf-8")
        assert "http:" not in text, file.name
        assert "https:" not in text, file.name
