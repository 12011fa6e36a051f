"""A stage that begins by undoing what was learned is told."""

import pytest

from visionft.metrics.score import LOSS, Score
from visionft.stages import Stage
from visionft.training.events import Notice
from visionft.training.setback import setback

AUROC = Score("auroc", "AUROC")
HEAD = Stage(name="head", unfreeze="none", augment="none", epochs=2)
TOP = Stage(name="top", unfreeze=3, augment="medium", epochs=2)


def history(name, *values):
    """Return rows of two stages with two epochs each."""
    return [{"stage": n // 2, "val": {} if value is None else {name: value}} for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("score", "values", "told"),
    [
        (AUROC, (0.9, 0.906, 0.857, 0.923), True),
        (AUROC, (0.9, 0.906, 0.905, 0.8), False),
        (AUROC, (0.9, 0.906, 0.93, 0.8), False),
        (LOSS, (0.5, 0.3, 0.53, 0.2), True),
        (LOSS, (0.5, 0.3, 0.31, 0.9), False),
        (LOSS, (None, None, 0.9, 0.9), False),
    ],
)
def test_only_a_clear_loss_is_told(score, values, told):
    text = setback(history(score.name, *values), [HEAD, TOP], 1, score)
    assert (text is not None) is told
    if told:
        assert f"from {values[1]:g} to {values[2]:g}" in text
        assert "augment: medium" in text
    assert setback(history(score.name, *values), [HEAD, TOP], 0, score) is None


def test_where_the_images_are_the_same_the_rates_are_to_blame():
    stages = [Stage(name="head", unfreeze="none", augment="medium", epochs=2), TOP]
    assert "backbone_lr" in setback(history("auroc", 0.9, 0.9, 0.5, 0.5), stages, 1, AUROC)


def test_a_run_tells_it(tiny, train):
    stages = [
        {"name": "head", "unfreeze": "none", "augment": "none", "epochs": 6, "head_lr": 3e-2},
        {"name": "all", "unfreeze": "all", "augment": "none", "epochs": 2, "head_lr": 1.0, "warmup": 0.0},
    ]
    _, _, recorder = train(tiny(stages=stages, evaluate={"select": "loss"}, optim={"clip_norm": None}))
    assert any("stage all: its first epoch took loss" in event.text for event in recorder.of(Notice))
