"""Which number of kept views is chosen, on made-up times."""

from dataclasses import replace

import pytest

from visionft.autotune.cost import KeptTimes, StageTimes, Work
from visionft.autotune.views import choose_views

WORK = Work(train=100, val=10)
TIMES = StageTimes(0.01, 0.002, 0.042, 0.02, kept=KeptTimes(0.02, 0.02, 0.005, 1000))


@pytest.mark.parametrize(
    ("epochs", "room", "views"),
    [(40, 1e9, 8), (40, 110_000, None), (40, 350_000, 3), (1, 1e9, None), (8, 1e9, 6)],
)
def test_as_many_as_save_time_and_have_room(epochs, room, views):
    assert choose_views(TIMES, WORK, epochs, room, changing=True).views == views


def test_images_that_do_not_change_have_one():
    assert choose_views(TIMES, WORK, 8, 1e9, changing=False).views == 1


def test_a_long_suffix_gains_nothing():
    slow = replace(TIMES, kept=replace(TIMES.kept, step=0.04))
    choice = choose_views(slow, WORK, 8, 1e9, changing=True)
    assert choice.views is None
    assert "nothing is kept" in choice.why


def test_where_it_cannot_be_it_says_why():
    choice = choose_views(replace(TIMES, kept=None, why_not="the network cannot be cut"), WORK, 8, 1e9, changing=True)
    assert (choice.views, "cannot be cut" in choice.why) == (None, True)
