import pytest

from visionft.metrics import Score
from visionft.report import wording


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (59.6, "1 min 00 s"),
        (75, "1 min 15 s"),
        (3599.7, "1 h 00 min"),
        (90061, "25 h 01 min"),
    ],
)
def test_durations_show_their_two_largest_units(seconds, words):
    assert wording.duration(seconds).replace("\u202f", " ") == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(1e-3, "1e-3"), (0.00025, "2.5e-4"), (3e-5, "3e-5"), (1.0, "1e0"), (9.999e-4, "1e-3"), (0.0, "0"), (None, "–")],
)
def test_rates_are_short(value, words):
    assert wording.rate(value) == words


def test_numbers():
    assert wording.percent(0.8125) == "81.2\u202f%"
    assert wording.percent(0.5, 0) == "50\u202f%"
    assert wording.percent(None) == "–"
    assert wording.decimal(0.98765) == "0.988"
    assert wording.decimal(None) == "–"
    assert wording.whole(3393822) == "3\u202f393\u202f822"
    assert wording.short(3.0) == "3"
    assert wording.short(2.5) == "2.5"
    assert wording.short(7 / 3) == "2.33"


def test_scores_are_written_in_their_own_unit():
    decimal, share = Score("auroc", "AUROC", percent=False), Score("macro_f1", "macro F1")
    assert wording.score(0.5, decimal) == "0.500"
    assert wording.score(0.5, share) == "50.0\u202f%"
    assert wording.score(None, share) == "–"
    assert wording.interval(0.8125, 0.9, share) == "81.2–90.0\u202f%"
    assert wording.interval(0.8125, 0.9, decimal) == "0.812–0.900"


def test_colours_are_written_for_style_sheets():
    assert wording.css((1, 20, 255)) == "rgb(1 20 255)"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_what_no_chart_can_place_is_none(value):
    assert wording.finite(value) is None
