"""Which of the loop's events reach a tracker, and as what."""

import math

import pytest

from visionft.tracking.guard import GuardedTracker
from visionft.training.events import EpochDone, StageStarted, StepDone
from visionft.training.tracking import TrackerSink


class Recorder:
    """Keeps what it is asked."""

    def __init__(self):
        self.rewound, self.logged = [], []

    def rewind(self, step):
        self.rewound.append(step)

    def log(self, values, step):
        self.logged.append((step, dict(values)))


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def sink(recorder):
    return TrackerSink(GuardedTracker("recorder", lambda: recorder, pytest.fail))


def stage(index, step, steps, run_step):
    return StageStarted(f"s{index}", index, 2, 1.0, step, steps, run_step)


def step(number, run_step, loss=0.5):
    return StepDone("s", 1, number, 8, 0.4, 10.0, 1.0, run_step, loss, 2.0, {"head": 0.1})


def test_steps_have_their_own_loss_norm_and_rates_and_the_first_of_a_stage_says_so(sink, recorder):
    sink(stage(0, 0, 1, 0))
    sink(step(1, 1))
    sink(stage(1, 0, 2, 1))
    sink(step(1, 2, loss=None))
    sink(step(2, 3))
    usual = {"step/loss": 0.5, "step/gradient_norm": 2.0, "lr/head": 0.1}
    assert recorder.rewound == [0]
    assert recorder.logged == [
        (1, usual | {"stage": 0}),
        (2, {"step/gradient_norm": 2.0, "lr/head": 0.1, "stage": 1}),
        (3, usual),
    ]


def test_a_long_stage_is_thinned_evenly_wherever_it_was_interrupted(sink, recorder):
    sink(stage(0, 0, 2500, 0))
    for number in range(1, 2501):
        sink(step(number, number))
    straight = [number for number, _ in recorder.logged]
    assert straight[0] == 1  # the boundary
    assert straight[1:] == list(range(3, 2501, 3))
    again = Recorder()
    resumed = TrackerSink(GuardedTracker("recorder", lambda: again, pytest.fail))
    resumed(stage(0, 1000, 2500, 1000))
    for number in range(1001, 2501):
        resumed(step(number, number))
    assert again.rewound == [1000]
    assert [number for number, _ in again.logged] == [number for number in straight if number > 1000]


def test_an_epoch_has_its_finite_values(sink, recorder):
    row = {"epoch": 3, "stage": 1, "step": 40, "train_loss": None, "lr": 0.1, "images_per_second": 5.0}
    sink(EpochDone(row | {"val": {"loss": math.inf, "accuracy": 0.5, "auroc": None}}, best=True))
    assert recorder.logged == [
        (40, {"epoch": 3, "stage": 1, "train/lr": 0.1, "train/images_per_second": 5.0, "val/accuracy": 0.5})
    ]
