"""A stage that gets another length on the way: its rates go on from where they are, and end where they should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionft.stages import Stage, plan
from visionft.stages.pace import Pace

SCHEDULES = ["constant", "cosine", "linear", "one_cycle", "polynomial", "step"]


def one(schedule="cosine", steps=100):
    stage = Stage(name="s", unfreeze="none", steps=steps, schedule=schedule)
    return plan([stage], ("stem",), steps_per_epoch=10)[0]


@given(st.data())
def test_the_schedule_is_gone_through_to_its_end_without_a_jump(data):
    pace, step = Pace(data.draw(st.integers(1, 200))), 0
    for _ in range(data.draw(st.integers(1, 4))):
        if pace.steps - step < 2:
            break
        step = data.draw(st.integers(step, pace.steps - 1))
        before = pace.place(step)
        pace = pace.changed(step, data.draw(st.integers(step + 1, 300)))
        assert pace.place(step) == pytest.approx(before)
    places = [pace.place(number) for number in range(pace.steps + 1)]
    assert places == sorted(places)
    assert places[0] == 0
    assert places[-1] == pytest.approx(pace.planned)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_what_was_done_before_a_change_stays(schedule):
    whole = one(schedule)
    shorter = whole.of_length(30, 50)
    assert shorter.steps == 50
    assert [shorter.lr_factor(step) for step in range(30)] == [whole.lr_factor(step) for step in range(30)]
    assert shorter.of_length(40, 45).steps == 45


def test_a_shorter_stage_ends_with_low_rates():
    whole = one()
    for at in (1, 5, 30, 40):
        assert whole.of_length(at, 50).lr_factor(49) < 0.04
        assert whole.lr_factor(49) > 0.4


def test_a_change_in_the_warm_up_is_no_jump_over_the_peak():
    shorter = one().of_length(2, 12)
    factors = [shorter.lr_factor(step) for step in range(12)]
    assert max(factors) <= 1
    assert factors[:2] == [one().lr_factor(0), one().lr_factor(1)]


def test_a_stage_cannot_end_before_it_is():
    with pytest.raises(ValueError, match="step 50 of 50"):
        one().of_length(50, 50)
