"""Arithmetic of what a stage takes, on made-up times."""

import pytest

from visionft.autotune.cost import KeptTimes, StageTimes, Work, stage_seconds

TIMES = StageTimes(decode=0.1, augment=0.01, step=0.5, forward=0.2, saving=3.0, kept=KeptTimes(0.3, 0.05, 0.02, 1000))
WORK = Work(train=10, val=4)


def test_without_views_every_epoch_runs_the_whole_network():
    once = 14 * 0.1  # files are read once, then canvases stay
    assert stage_seconds(TIMES, WORK, 3) == pytest.approx(once + 3 * (10 * (0.01 + 0.5) + 4 * 0.2 + 3.0))


def test_canvases_that_do_not_stay_are_read_in_every_epoch():
    work = Work(train=10, val=4, stays=False)
    assert stage_seconds(TIMES, work, 3) == pytest.approx(3 * (10 * (0.1 + 0.01 + 0.5) + 4 * (0.1 + 0.2) + 3.0))


@pytest.mark.parametrize(("epochs", "views", "seen"), [(8, 2, 2), (2, 4, 2), (1.5, 4, 2)])
def test_frozen_layers_run_once_for_each_view_that_an_epoch_shows(epochs, views, seen):
    validations = -(-epochs // 1)
    frozen = 14 * 0.1 + seen * 10 * (0.01 + 0.3) + 4 * 0.3
    expected = frozen + epochs * 10 * 0.05 + validations * 4 * 0.02
    assert stage_seconds(TIMES, WORK, epochs, views) == pytest.approx(expected)


def test_processes_load_while_the_network_runs():
    busy = Work(train=10, val=0, workers=2, stays=False)
    assert stage_seconds(TIMES, busy, 1) == pytest.approx(10 * 0.5 + 3.0)
    slow = StageTimes(decode=2.0, augment=0.0, step=0.5, forward=0.2)
    assert stage_seconds(slow, busy, 1) == pytest.approx(10 * 2.0 / 2)


def test_images_that_do_not_change_are_run_once_whatever_is_said_of_views():
    kept = KeptTimes(prefix=0.3, step=0.001, forward=0.001, size=10)
    times = StageTimes(0.1, 0.0, 0.0, 0.0, kept=kept, single_pass=True)
    assert stage_seconds(times, WORK, 30) == pytest.approx(14 * 0.4 + 30 * (10 + 4) * 0.001)


def test_what_runs_on_pixels_follows_the_canvas():
    half = TIMES.on_canvas(0.5)
    assert (half.decode, half.step, half.forward) == (0.1, 0.25, 0.1)
    assert half.kept == KeptTimes(0.15, 0.025, 0.01, 500)
