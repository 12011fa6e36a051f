"""Schedules against torch's own, and what every one of them promises."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from visionft.errors import RecipeError
from visionft.stages import Stage, plan
from visionft.stages.schedules import SCHEDULES, OneCycle, Polynomial, Steps

STEPS = 40


def factors(steps=STEPS, **keys):
    (filled,) = plan([Stage(name="s", steps=steps, **keys)], ["stem"], 10)
    return [filled.lr_factor(step) for step in range(steps)]


def torch_factors(make, steps=STEPS):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_the_names():
    assert list(SCHEDULES) == ["constant", "cosine", "linear", "one_cycle", "polynomial", "step"]
    assert all(SCHEDULES[name].kind == name for name in SCHEDULES)


def test_one_cycle_is_that_of_torch():
    """Torch's first rate is at 0 of the rise, ours after one step of it; so ours are compared as functions."""
    schedule = OneCycle()
    expected = torch_factors(
        lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=101, pct_start=0.41), 101
    )
    rise = [schedule.rise(step / 40.41) for step in range(40)]
    fall = [schedule((step - 40.41) / (100 - 40.41)) for step in range(41, 101)]
    assert [*rise, *fall] == pytest.approx(expected[:40] + expected[41:], abs=1e-3)
    ours = factors(schedule="one_cycle", warmup=0.5)
    assert ours[19] == 1.0
    assert 1 / 25 < ours[0] < 1.2 / 25
    assert ours[-1] < 2e-3


def test_step_is_that_of_torch():
    ours = factors(schedule="step", warmup=0.0, schedule_options={"milestones": [0.3, 0.5, 0.9], "gamma": 0.2})
    make = torch.optim.lr_scheduler.MultiStepLR
    expected = torch_factors(lambda optimizer: make(optimizer, [12, 20, 36], gamma=0.2))
    assert ours == pytest.approx(expected)


def test_polynomial_is_that_of_torch():
    schedule = Polynomial(power=2.0)
    make = torch.optim.lr_scheduler.PolynomialLR
    expected = torch_factors(lambda optimizer: make(optimizer, STEPS, power=2.0))
    assert [schedule(step / STEPS) for step in range(STEPS)] == pytest.approx(expected)
    assert factors(schedule="polynomial", schedule_options={"power": 1}) == pytest.approx(factors(schedule="linear"))


@given(steps=st.integers(1, 200), warmup=st.floats(0, 1), name=st.sampled_from(list(SCHEDULES)))
def test_rates_rise_to_their_peak_then_never_again(steps, warmup, name):
    (filled,) = plan([Stage(name="s", steps=steps, warmup=warmup, schedule=name)], ["stem"], 10)
    found = [filled.lr_factor(step) for step in range(steps)]
    assert all(0 < factor <= 1 for factor in found)
    rising, falling = found[: filled.warmup_steps], found[filled.warmup_steps :]
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    assert not rising or rising[-1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: Polynomial(power=0), "power is 0"),
        (lambda: Steps(milestones=(0.5, 0.2)), "milestones"),
        (lambda: Steps(milestones=(1.5,)), "milestones"),
        (lambda: Steps(gamma=2), "gamma is 2"),
        (lambda: OneCycle(start=0.5), "start is 0.5"),
    ],
)
def test_options_out_of_range(make, part):
    with pytest.raises(RecipeError, match=part):
        make()


def test_options_are_checked_in_the_plan_of_a_program_too():
    with pytest.raises(RecipeError, match=r"stages\[0\].schedule_options.powr: .*did you mean 'power'"):
        factors(schedule="polynomial", schedule_options={"powr": 2})


def test_a_schedule_of_a_program(monkeypatch):
    monkeypatch.setattr(SCHEDULES, "_added", {})

    class Saw:
        kind = "saw"

        def __init__(self, teeth: int, low: float = 0.0) -> None:
            self.teeth, self.low = teeth, low

        def __call__(self, done):
            return max(self.low, 1 - (self.teeth * done) % 1)

    SCHEDULES.add(Saw)
    found = factors(schedule="saw", warmup=0.0, schedule_options={"teeth": 4})
    assert found[:10] == pytest.approx(found[10:20])
    with pytest.raises(RecipeError, match=r"schedule_options.teeth: is required"):
        factors(schedule="saw")
    Saw.__call__ = lambda _self, done: -1.0
    with pytest.raises(RecipeError, match=r"stages\[0\].schedule: saw gives -1.0 at step 4 of 40"):
        factors(schedule="saw", schedule_options={"teeth": 1}, warmup=0.1)
