"""A run to be tracked."""

import numpy as np
import pytest

from visionft.tracking.base import TrackedRun

CONFIG = {
    "name": "cells",
    "optim": {"batch_size": 16, "betas": [0.9, 0.999]},
    "stages": [{"name": "head", "head_lr": 0.01}, {"name": "all", "head_lr": 0.001}],
}


@pytest.fixture
def run(tmp_path):
    """A new run, in a folder of its own."""
    folder = tmp_path / "cells-001"
    folder.mkdir()
    return TrackedRun(folder, CONFIG)


@pytest.fixture
def picture():
    """A picture of 6 x 4 pixels, uint8 RGB."""
    return np.arange(72, dtype=np.uint8).reshape(4, 6, 3)


@pytest.fixture
def page(tmp_path):
    """A report."""
    path = tmp_path / "report.html"
    path.write_text("<p>all of it</p>")
    return path
