"""Stages fitted to a time, on made-up times of their parts."""

from dataclasses import replace

import pytest

from visionft.autotune.budget import MARGIN, Need, Size, fit_to_budget
from visionft.autotune.cost import KeptTimes, StageTimes, Work
from visionft.errors import RecipeError
from visionft.stages import Stage

WORK = Work(train=100, val=10)
HEAD = StageTimes(0.01, 0.0, 0.0, 0.0, kept=KeptTimes(0.02, 1e-5, 1e-5, 100), single_pass=True)
TOP = StageTimes(0.01, 0.002, 0.06, 0.02, kept=KeptTimes(0.02, 0.02, 0.005, 10_000))
ALL = StageTimes(0.01, 0.002, 0.1, 0.02, why_not="nothing is frozen")


def need(name, times, epochs, unfreeze):
    stage = Stage(name=name, unfreeze=unfreeze, epochs=epochs)
    return Need(stage, epochs, times, WORK, room=1e9, changing=not times.single_pass)


NEEDS = (need("head", HEAD, 30, "none"), need("top", TOP, 8, 6), need("all", ALL, 8, "all"))
WHOLE = sum(each.seconds() for each in NEEDS)


def test_what_fits_stays_as_it_is():
    fitted = fit_to_budget(NEEDS, WHOLE / MARGIN + 1, 0.0)
    assert fitted.stages == tuple(each.stage for each in NEEDS)
    assert not fitted.why


@pytest.mark.parametrize("fraction", [0.9, 0.7, 0.5, 0.35, 0.2, 0.12])
@pytest.mark.parametrize("around", [0.0, 10.0])
def test_what_does_not_fit_is_shortened_until_it_does(fraction, around):
    left = fraction * WHOLE + around
    fitted = fit_to_budget(NEEDS, left, around, [Size(160, 160, 0.5)])
    assert fitted.seconds + around <= left + around
    assert fitted.why
    assert all(each.epochs >= 1 for each in fitted.stages)
    assert fitted.stages[0].epochs == 30  # next to nothing, whatever is left


def test_the_last_stage_goes_before_the_canvas_does():
    names = []
    for fraction in (0.8, 0.2, 0.07):
        fitted = fit_to_budget(NEEDS, fraction * WHOLE, 0.0, [Size(160, 160, 0.5)])
        names.append(([stage.name for stage in fitted.stages], fitted.stages[0].image_size))
    assert names[0] == (["head", "top", "all"], None)
    assert names[1] == (["head", "top"], None)
    assert names[2] == (["head", "top"], (160, 160))


def test_fewer_epochs_have_fewer_views():
    fitted = fit_to_budget(NEEDS, 0.15 * WHOLE, 0.0)
    top = fitted.stages[1]
    assert top.views is not None
    assert top.views <= max(1, top.epochs / 2 + 0.5)


def test_views_that_are_asked_for_stay():
    asked = replace(NEEDS[1], stage=replace(NEEDS[1].stage, views=7))
    fitted = fit_to_budget((NEEDS[0], asked), 12.0, 0.0)
    assert fitted.stages[1].views == 7


def test_a_budget_that_is_too_small_names_the_least():
    with pytest.raises(RecipeError, match=r"too little.*--set budget=\d+s") as caught:
        fit_to_budget(NEEDS, 0.5, 10.0)
    least = float(str(caught.value).rpartition("budget=")[2].removesuffix("s"))
    fit_to_budget(NEEDS, least - 10.0, 10.0)  # its own advice works
