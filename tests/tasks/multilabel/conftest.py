from pathlib import Path

import pytest

from tests.tasks.multilabel.shapes import write_shapes
from visionft.recipe import Recipe


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
