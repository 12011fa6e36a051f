"""A tracker that fails."""

import pytest

from visionft.errors import MissingExtra
from visionft.tracking.base import Tracker, flatten, require_packages
from visionft.tracking.csv_file import CsvTracker
from visionft.tracking.guard import GuardedTracker


class Full:
    def __init__(self):
        self.asked = self.closed = 0

    def log(self, values, step):
        self.asked += 1
        raise OSError(28, "No space left on device")

    def close(self, *, finished):
        self.closed += not finished
        raise OSError(28, "No space left on device")


def test_the_first_failure_is_told_once_and_the_tracker_is_left_alone():
    told, full = [], Full()
    tracker = GuardedTracker("full", lambda: full, told.append)
    for step in range(3):
        tracker.do(lambda opened, step=step: opened.log({}, step))
    assert (full.asked, full.closed) == (1, 1)
    assert len(told) == 1
    assert "full" in told[0]
    assert "No space left" in told[0]


def test_what_cannot_be_opened_has_a_problem():
    def refuse():
        raise ConnectionError("no server\n" + 100 * "and more ")

    tracker = GuardedTracker("far", refuse, lambda text: None)
    tracker.do(lambda opened: opened.nothing())
    assert tracker.tracker is None
    assert "no server" in tracker.problem
    assert len(tracker.problem) < 400
    assert "\n" not in tracker.problem


def test_an_interruption_is_not_a_failure():
    tracker = GuardedTracker("slow", object, lambda text: None)

    def interrupt(opened):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tracker.do(interrupt)


def test_a_missing_package_is_named_with_its_extra():
    class Needy(CsvTracker):
        kind = "needy"
        packages = {"json": "stdlib", "no_such_module": "no-such-distribution"}  # noqa: RUF012

    with pytest.raises(MissingExtra, match=r"track: needy.*'no-such-distribution'.*visionft\[needy\]"):
        require_packages(Needy)
    require_packages(CsvTracker)


def test_a_tracker_says_at_least_where_it_is_and_keeps_values():
    with pytest.raises(TypeError, match="log"):
        type("Nothing", (Tracker,), {"kind": "nothing"})(None, None)


def test_a_recipe_becomes_names_and_values():
    config = {"seed": 0, "a": {"b": {"c": 0.5}, "d": None}, "l": [1, 2], "stages": [{"name": "x", "lr": 1}], "e": []}
    assert flatten(config) == {
        "seed": 0,
        "a.b.c": 0.5,
        "a.d": "None",
        "l": "[1, 2]",
        "stages.x.name": "x",
        "stages.x.lr": 1,
        "e": "[]",
    }
