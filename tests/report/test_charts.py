import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionft.report import charts

WIDE = st.floats(1e-6, 1e6)


@given(st.floats(-1e3, 1e3), WIDE, st.integers(3, 8))
def test_nice_ticks_are_round_few_and_inside(low, extent, most):
    high = low + extent
    ticks = charts.nice_ticks(low, high, most)
    assert 1 <= len(ticks) <= most + 1
    assert all(low - 1e-6 * extent <= tick <= high + 1e-6 * extent for tick in ticks)
    for first, second in pairwise(ticks):
        leading = (second - first) / 10 ** math.floor(math.log10(second - first) + 1e-6)
        assert round(leading, 3) in (1, 2, 5, 10)


@given(st.floats(1e-8, 1.0), st.floats(4, 1e4))
def test_log_ticks_are_inside_and_at_least_one(low, factor):
    ticks = charts.log_ticks(low, low * factor)
    assert ticks
    assert all(low <= tick <= low * factor for tick in ticks)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20))
def test_losses_lie_inside_the_drawing(losses):
    axis = charts.loss_axis(losses)
    places = [axis.place(loss) for loss in losses]
    assert all(charts.TOP <= place <= charts.BOTTOM for place in places)
    assert axis.place(0.0) == charts.BOTTOM
    assert axis.ticks()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.sampled_from([charts.percent_axis, charts.decimal_axis]))
def test_shares_lie_inside_the_drawing_higher_for_more(shares, axis_for):
    axis = axis_for(shares)
    places = [axis.place(share) for share in sorted(shares)]
    assert places == sorted(places, reverse=True)
    assert all(charts.TOP - 1e-6 <= place <= charts.BOTTOM + 1e-6 for place in places)
    labels = [tick.label for tick in axis.ticks()]
    assert len(labels) == len(set(labels)) >= 2


@pytest.mark.parametrize("values", [(0.5, 1.6473), (-3.0, 0.9), (12.0,)])
def test_decimals_beyond_0_and_1_lie_inside_the_drawing_too(values):
    axis = charts.decimal_axis(values)
    assert all(charts.TOP <= axis.place(value) <= charts.BOTTOM for value in values)


def test_equal_factors_are_equal_steps_on_the_rate_axis():
    axis = charts.rate_axis([1e-5, 1e-4, 1e-3])
    low, middle, high = (axis.place(rate) for rate in (1e-5, 1e-4, 1e-3))
    assert low - middle == pytest.approx(middle - high)
    assert [tick.label for tick in axis.ticks()] == ["1e-5", "1e-4", "1e-3"]


def chart(epochs_of_stages):
    spans, first = [], 1
    for number, epochs in enumerate(epochs_of_stages, start=1):
        spans.append(charts.Span(number, f"stage {number}", first, first + epochs - 1))
        first += epochs
    series = charts.Series("validation", "val", {epoch: 1 / epoch for epoch in range(1, first)})
    return charts.line_chart("loss", "Loss", [series], spans, charts.loss_axis, best_epochs=[2])


def test_stages_tile_the_drawing_and_hold_their_epochs():
    drawing = chart([2, 3, 5])
    assert drawing.bands[0].x == charts.LEFT
    ends = [band.x + band.width for band in drawing.bands]
    assert ends[:-1] == pytest.approx([band.x for band in drawing.bands[1:]])
    assert ends[-1] == pytest.approx(charts.RIGHT)
    xs = [x for x, _ in drawing.lines[0].points]
    assert [sum(band.x < x < band.x + band.width for x in xs) for band in drawing.bands] == [2, 3, 5]
    assert drawing.best == (drawing.lines[0].points[1],)
    assert drawing.summary == "validation: 1.0 in epoch 1, 0.1 in epoch 10"


def test_short_stages_are_labelled_with_their_number():
    assert [band.label for band in chart([20, 1, 20]).bands] == ["stage 1", "2", "stage 3"]
    assert [band.label for band in chart([100, 1, 100]).bands] == ["stage 1", "", "stage 3"]


def test_epochs_are_labelled_with_whole_numbers():
    for epochs in (1, 2, 3, 7, 40):
        labels = [tick.label for tick in chart([epochs]).x_ticks]
        assert labels
        assert all(label.isdigit() for label in labels)


def test_a_chart_without_values_is_none():
    empty = charts.Series("validation", "val", {})
    assert charts.line_chart("a", "A", [empty], [charts.Span(1, "a", 1, 2)], charts.loss_axis) is None


def test_an_axis_of_decimals_reaches_below_0_where_a_value_does():
    axis = charts.decimal_axis([-3.0, 0.5])
    assert charts.TOP <= axis.place(0.5) < axis.place(-3.0) <= charts.BOTTOM
