"""Average precision against scikit-learn.

Shape suffixes: N samples, K labels, R resamples.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from visionft.metrics.average_precision import mean_ap, weighted_ap


def drawn(seed, samples, steps, common):
    """Return scores_N, often tied, which samples are positive, and how often each is in four resamples."""
    rng = np.random.default_rng(seed)
    scores_N = (rng.integers(0, steps, samples) / 1000).astype(float)
    return scores_N, rng.random(samples) < common, rng.integers(0, 3, (samples, 4)).astype(float)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 25), st.sampled_from([2, 6, 1000]), st.sampled_from([0.1, 0.5, 0.9]))
def test_weighted_ap_equals_that_of_scikit_learn(seed, samples, steps, common):
    scores_N, positive_N, weights_NR = drawn(seed, samples, steps, common)
    for ap, weights_N in zip(weighted_ap(scores_N, positive_N, weights_NR), weights_NR.T, strict=True):
        repeated = np.repeat(np.arange(samples), weights_N.astype(int))
        truth = positive_N[repeated]
        if truth.any() and not truth.all():
            assert ap == pytest.approx(average_precision_score(truth, scores_N[repeated]))
        else:
            assert np.isnan(ap)


def test_the_mean_is_over_labels_for_which_it_is_defined():
    scores_N, positive_N, weights_NR = drawn(1, 20, 1000, 0.5)
    scores_NK, positive_NK = np.stack([scores_N, -scores_N, scores_N], 1), np.zeros((20, 3), bool)
    positive_NK[:, 0] = positive_NK[:, 1] = positive_N
    of_two = weighted_ap(scores_N, positive_N, weights_NR) + weighted_ap(-scores_N, positive_N, weights_NR)
    np.testing.assert_allclose(mean_ap(scores_NK, positive_NK, weights_NR), of_two / 2)
    assert np.isnan(mean_ap(scores_NK[:, 2:], positive_NK[:, 2:], weights_NR)).all()
