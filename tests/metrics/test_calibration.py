import numpy as np
import pytest
from hypothesis import given, settings

from tests.tasks.classification.predictions import predictions, simulate
from visionft.metrics.calibration import calibration


def brute_force_error(probabilities_NK, labels_N, bins):
    """Sum over bins of |accuracy - confidence|, weighted by the share of samples, one sample at a time."""
    edges = [(part.low, part.high) for part in bins]
    total = 0.0
    for place, (low, high) in enumerate(edges):
        gaps = []
        for row, label in zip(probabilities_NK, labels_N, strict=True):
            confidence = max(row)
            last = place == len(edges) - 1
            if low <= confidence < high or (last and confidence >= high):
                gaps.append(float(np.argmax(row) == label) - confidence)
        total += abs(sum(gaps)) / len(labels_N)
    return total


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_error_equals_a_loop_over_bins(classes):
    probabilities_NK, labels_N = simulate(500, classes, seed=classes, sharpness=3.0)
    error, bins = calibration(probabilities_NK, labels_N)
    assert len(bins) == 15
    assert error == pytest.approx(brute_force_error(probabilities_NK, labels_N, bins), abs=1e-6)


def test_certainty_belongs_to_the_last_bin():
    # half of the certain answers are wrong, all of the 0.95 ones are right: one bin, not two
    probabilities_NK = np.array([[1.0, 0.0]] * 4 + [[0.95, 0.05]] * 4)
    labels_N = np.array([0, 0, 1, 1, 0, 0, 0, 0])
    error, bins = calibration(probabilities_NK, labels_N)
    assert bins[-1].count == 8
    assert error == pytest.approx(0.975 - 0.75, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(predictions())
def test_bins_and_error_tell_the_same(given_predictions):
    probabilities_NK, labels_N = given_predictions
    error, bins = calibration(probabilities_NK, labels_N)
    filled = [part for part in bins if part.count]
    assert sum(part.count for part in filled) == len(labels_N)
    gaps = [part.count * abs(part.accuracy - part.confidence) for part in filled]
    assert error == pytest.approx(sum(gaps) / len(labels_N), abs=1e-6)
    assert all(part.low - 1e-6 <= part.confidence <= part.high + 1e-6 for part in filled)
    assert all(part.accuracy is None and part.confidence is None for part in bins if not part.count)
