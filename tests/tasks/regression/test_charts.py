import numpy as np
import pytest

from tests.tasks.regression.measured import simulate
from visionft.tasks.regression.charts import ScatterChart, residual_chart, scatter_chart

BOTTOM = ScatterChart.top + ScatterChart.side
RIGHT = ScatterChart.left + ScatterChart.side


def drawn(chart_of, images=20, **options):
    predicted_NV, true_NV = simulate(images, **options)
    ids = [f"{index}.png" for index in range(images)]
    return chart_of("key", predicted_NV[:, 0], true_NV[:, 0], ids, "g"), predicted_NV[:, 0], true_NV[:, 0]


def test_dots_lie_where_the_ticks_say():
    chart, predicted_N, true_N = drawn(scatter_chart)
    for axis, ticks, values in [("x", chart.x_ticks, true_N), ("y", chart.y_ticks, predicted_N)]:
        first, last = ticks[0], ticks[-1]
        scale = (last.at - first.at) / (float(last.label) - float(first.label))
        places = [first.at + scale * (value - float(first.label)) for value in values]
        assert [getattr(dot, axis) for dot in chart.dots] == pytest.approx(places)
    (x1, y1), (x2, y2) = chart.right
    assert (x1, y1, x2, y2) == pytest.approx((ScatterChart.left, BOTTOM, RIGHT, ScatterChart.top))
    assert (chart.x_title, chart.y_title) == ("true [g]", "predicted [g]")
    assert chart.dots[3].label.startswith("3.png: ")


def test_errors_lie_about_a_level_line():
    chart, predicted_N, true_N = drawn(residual_chart)
    (x1, y1), (x2, y2) = chart.right
    assert (x1, x2) == pytest.approx((ScatterChart.left, RIGHT))
    assert y1 == y2 == pytest.approx((ScatterChart.top + BOTTOM) / 2)
    assert [dot.y < y1 for dot in chart.dots] == (predicted_N > true_N).tolist()


@pytest.mark.parametrize("chart_of", [scatter_chart, residual_chart])
@pytest.mark.parametrize(
    "values", [([2.0], [2.0]), ([0.0, 0.0], [0.0, 0.0]), ([1e9] * 2, [1e9, -1e9]), ([1e-9], [2e-9])]
)
def test_single_and_equal_values_have_a_place(chart_of, values):
    predicted_N, true_N = map(np.array, values)
    chart = chart_of("key", predicted_N, true_N, ["image"] * len(true_N), "")
    for dot in chart.dots:
        assert ScatterChart.left <= dot.x <= RIGHT
        assert ScatterChart.top <= dot.y <= BOTTOM
    assert chart.x_ticks
    assert "[" not in chart.x_title


@pytest.mark.parametrize("chart_of", [scatter_chart, residual_chart])
def test_of_many_images_the_worst_are_drawn_and_it_is_said(chart_of):
    chart, predicted_N, true_N = drawn(chart_of, images=5000)
    assert 600 < len(chart.dots) <= 800
    assert f"{len(chart.dots)} of them are drawn" in chart.summary
    shown = {int(dot.label.split(".")[0]) for dot in chart.dots}
    assert set(np.argsort(-np.abs(predicted_N - true_N))[:80].tolist()) <= shown
