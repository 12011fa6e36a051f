"""Runs of tasks whose own tests are not the only ones to look at them."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.tasks.multilabel.shapes import write_shapes
from visionft.recipe import Recipe

RECIPE = """
name: discs
data: {path: TABLE}
task: {kind: regression, loss: huber, ranges: {radius: [0, 100]}}
backbone: {name: test_resnet, weights: none}
input: {size: 32}
optim: {batch_size: 16}
runtime: {device: cpu, precision: fp32, workers: 0}
evaluate: {bootstrap: 20}
stages:
  - {name: head, unfreeze: none, augment: none, epochs: 2, head_lr: 5e-2}
  - {name: all, unfreeze: all, epochs: 12, norm: all, head_lr: 2e-2, backbone_lr: 2e-2, augment: light}
"""


@pytest.fixture(scope="session")
def table(tmp_path_factory) -> Path:
    """A CSV of 96 pictures with any of three shapes, semicolons between labels."""
    return write_shapes(tmp_path_factory.mktemp("shapes"), 96, ";")


@pytest.fixture(scope="session")
def labelled(table):
    """Return a function that makes a recipe of two short stages; keyword sections are laid over it."""

    def make(**sections) -> Recipe:
        data = {
            "name": "labelled",
            "data": {"path": str(table)},
            "task": {"kind": "multilabel", "dropout": 0.0},
            "backbone": {"name": "test_resnet", "weights": "none"},
            "input": {"size": 32, "fit": "stretch"},
            "augment": {"mixup": 0.2, "cutmix": 0.2, "orientation": "fixed"},
            "optim": {"batch_size": 12},
            "runtime": {"device": "cpu", "precision": "fp32"},
            "evaluate": {"bootstrap": 20},
            "stages": [
                {"name": "head", "unfreeze": "none", "epochs": 2, "head_lr": 1e-2, "augment": "none"},
                {"name": "all", "unfreeze": "all", "epochs": 12, "norm": "all", "backbone_lr": 1e-2, "head_lr": 1e-2},
            ],
        }
        for name, value in sections.items():
            data[name] = data[name] | value if isinstance(value, dict) else value
        return Recipe.model_validate(data)

    return make


@pytest.fixture(scope="session")
def finished_labels(labelled, tmp_path_factory) -> Path:
    """A run folder after training, evaluation, export and report."""
    from visionft.api import complete, train  # here and not above: most tests need no torch

    path = tmp_path_factory.mktemp("runs") / "labelled-001"
    complete(train(labelled(), out=path, sinks=[]))
    return path


@pytest.fixture(scope="session")
def disc_table(tmp_path_factory):
    """A table of 72 discs with their radii and greys: decimal commas, a text, a gap and a number beyond all others."""
    root = tmp_path_factory.mktemp("discs")
    rng = np.random.default_rng(0)
    lines = ["path;radius [px];grey"]
    for number in range(72):
        radius, grey = rng.uniform(4, 20), int(rng.integers(100, 255))
        image = np.full((48, 48, 3), 20, np.uint8)
        cv2.circle(image, (24 * 16, 24 * 16), int(radius * 16), (grey,) * 3, -1, cv2.LINE_AA, 4)
        cv2.imwrite(str(root / f"{number:02}.png"), image)
        lines.append(f"{number:02}.png;{radius:.2f};{grey}".replace(".", ",").replace(",png", ".png"))
    for line, radius in ((3, "large"), (5, ""), (7, "4000,5")):
        name, _, grey = lines[line].split(";")
        lines[line] = f"{name};{radius};{grey}"
    path = root / "discs.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def finished_discs(disc_table, tmp_path_factory):
    """A run folder of regression after everything, with its summary beside it; a test that changes it takes a copy."""
    from visionft.api import complete, train

    folder = tmp_path_factory.mktemp("regression")
    (folder / "discs.yaml").write_text(RECIPE.replace("TABLE", str(disc_table)))
    summary = complete(train(folder / "discs.yaml", out=folder / "run", sinks=[]))
    (folder / "summary.json").write_text(json.dumps(summary, allow_nan=False))
    return folder / "run"
