from typing import NamedTuple

from visionft.report.charts import BOTTOM, LEFT, RIGHT, TOP
from visionft.report.precision_recall import precision_recall_chart


class CurvePoint(NamedTuple):
    recall: float
    precision: float


CURVE = (CurvePoint(0.25, 1.0), CurvePoint(0.5, 0.5))


def test_a_curve_rises_with_precision_and_moves_right_with_recall():
    chart = precision_recall_chart("a", "bolt", "AP 40 %", CURVE, 0.3, precision=0.5, recall=0.5)
    across, down = (RIGHT - LEFT) / 4, (BOTTOM - TOP) / 2
    assert chart.points == ((LEFT, TOP), (LEFT + across, TOP), (LEFT + 2 * across, TOP + down))
    assert chart.chosen == chart.points[-1]
    assert chart.summary.startswith("AP 40 %; precision 100.0\u202f% at a recall of 25.0\u202f%")
    assert chart.chosen_words == "threshold 0.30: precision 50.0\u202f%, recall 50.0\u202f%"


def test_nothing_is_chosen_where_nothing_is_believed_and_nothing_drawn_without_points():
    assert precision_recall_chart("a", "bolt", "AP 0 %", CURVE, 0.5, precision=None, recall=0.0).chosen is None
    assert precision_recall_chart("a", "bolt", "AP –", (), 0.5, precision=None, recall=None) is None
