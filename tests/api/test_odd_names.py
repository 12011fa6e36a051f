"""Class and file names are only ever text, whatever they look like."""

import json
import os

import cv2
import numpy as np
import pytest

from tests.conftest import draw
from visionft import Predictor, open_run
from visionft.api import check, complete, evaluate, predict, train
from visionft.recipe import Recipe

NAMES = ("<script>alert(1)</script>", "[bold red]x[/] {{ 7*7 }} ${HOME} %s", "żaba 🐸\u202e\"'")


@pytest.fixture(scope="module")
def run_folder(tiny, tmp_path_factory):
    root = tmp_path_factory.mktemp("odd")
    rng = np.random.default_rng(0)
    rows = ["path,label"]
    for shape, name in zip(("bar", "disc", "ring"), NAMES, strict=True):
        for number in range(12):
            file = f"{shape} [{number}] <b>.png"
            cv2.imwrite(str(root / file), draw(shape, rng))
            rows.append(f'{file},"{name.replace(chr(34), chr(34) * 2)}"')
    (root / "list.csv").write_text("\n".join(rows), encoding="utf-8")
    stages = [{"name": "[red]<i>stage</i>", "unfreeze": "none", "steps": 1}]
    recipe: Recipe = tiny(data={"path": str(root / "list.csv")}, stages=stages)
    complete(train(recipe, out=root / "run"))  # with the console, which must print them as they are
    return root / "run"


def test_in_the_run(run_folder):
    run = open_run(run_folder)
    assert set(run.spec.class_names) == set(NAMES)
    assert set(json.loads((run_folder / "metrics.json").read_text())["per_class"]) == set(NAMES)


def test_in_the_report_they_are_escaped(run_folder):
    page = (run_folder / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<i>stage" not in page
    assert "{{ 7*7 }}" in page
    assert "<b>.png" not in page


def test_in_the_exported_file(run_folder):
    predictor = Predictor(run_folder / "model.onnx")
    assert set(predictor.class_names) == set(NAMES)
    image = open_run(run_folder).samples("test")[0].image
    ((path, result),) = predict(run_folder, [image])
    assert path == image
    assert result.label in NAMES
    assert set(result.probabilities) == set(NAMES)
    assert evaluate(run_folder / "model.onnx").accuracy == open_run(run_folder).evaluate().accuracy


def test_file_names_that_are_not_text_are_left_out_loudly(tiny, tmp_path):
    """Archives made on other systems unpack to such names."""
    rng = np.random.default_rng(0)
    for shape in ("bar", "disc"):
        folder = tmp_path / "photos" / shape
        folder.mkdir(parents=True)
        for number in range(12):
            cv2.imwrite(str(folder / f"{number}.png"), draw(shape, rng))
        (folder / "0.png").rename(folder / os.fsdecode(b"\xe4.png"))  # a latin-1 ä
    found = check(tiny(data={"path": str(tmp_path / "photos")}))
    assert found.ok
    assert sum(found.data["images"].values()) == 22
    assert sum("names that are not UTF-8 text: '\\udce4.png'" in text for text in found.warnings) == 2
