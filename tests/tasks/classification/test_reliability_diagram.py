import pytest

from visionft.metrics.calibration import ReliabilityBin
from visionft.tasks.classification.reliability_diagram import reliability_diagram


def test_dots_stand_where_confidence_meets_accuracy():
    bins = [
        ReliabilityBin(0.0, 0.5, 0, None, None),
        ReliabilityBin(0.5, 0.75, 25, 0.6, 0.6),
        ReliabilityBin(0.75, 1.0, 100, 0.9, 0.5),
    ]
    diagram = reliability_diagram(bins)
    on_the_line, below = diagram.dots
    bottom = diagram.top + diagram.side
    assert on_the_line.x - diagram.left == pytest.approx(bottom - on_the_line.y)
    assert below.x - diagram.left > bottom - below.y
    assert below.radius == pytest.approx(2 * on_the_line.radius)  # four times the predictions
