import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss, roc_auc_score

from tests.tasks.classification.predictions import predictions, simulate
from visionft.metrics import bootstrap
from visionft.metrics.bootstrap import bootstrap_intervals
from visionft.metrics.scores import weighted_auroc
from visionft.seeds import derive_seed


def test_intervals_equal_scoring_each_resample_with_scikit_learn():
    probabilities_NK, labels_N = simulate(120, 4, seed=2)
    intervals = bootstrap_intervals(probabilities_NK, labels_N, resamples=40, seed=7)
    rng = np.random.default_rng(derive_seed(7, "bootstrap"))
    scores = {name: [] for name in intervals}
    for draw_N in rng.integers(120, size=(40, 120)):
        truth_N, chances_NK = labels_N[draw_N], probabilities_NK[draw_N]
        predicted_N = chances_NK.argmax(axis=1)
        scores["accuracy"].append(accuracy_score(truth_N, predicted_N))
        scores["balanced_accuracy"].append(balanced_accuracy_score(truth_N, predicted_N))
        scores["macro_f1"].append(f1_score(truth_N, predicted_N, average="macro"))
        scores["auroc"].append(roc_auc_score(truth_N, chances_NK, multi_class="ovr"))
        scores["nll"].append(log_loss(truth_N, chances_NK))
    for name, interval in intervals.items():
        assert interval == pytest.approx(np.percentile(scores[name], [2.5, 97.5]), abs=1e-9), name


def test_blocks_do_not_change_the_intervals(monkeypatch):
    probabilities_NK, labels_N = simulate(60, 3, seed=3)
    whole = bootstrap_intervals(probabilities_NK, labels_N, resamples=50, seed=0)
    monkeypatch.setattr(bootstrap, "_BLOCK_ENTRIES", 7 * 60)
    assert bootstrap_intervals(probabilities_NK, labels_N, resamples=50, seed=0) == whole


def test_the_seed_decides():
    probabilities_NK, labels_N = simulate(60, 3, seed=3)
    first, again, other = (
        bootstrap_intervals(probabilities_NK, labels_N, resamples=50, seed=seed) for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", ["accuracy", "auroc", "nll"])
def test_intervals_hold_the_true_value_about_95_times_in_100(name):
    # the true value is the score on a sample so large that its own error does not matter
    probabilities_NK, labels_N = simulate(200_000, 2, seed=11)
    truth = np.mean(bootstrap_intervals(probabilities_NK, labels_N, resamples=2, seed=0)[name])
    covered = 0
    for run in range(200):
        low, high = bootstrap_intervals(*simulate(300, 2, seed=1000 + run), resamples=200, seed=run)[name]
        covered += low <= truth <= high
    assert 0.89 <= covered / 200 <= 0.99  # three standard errors around 0.94, what few resamples reach


@settings(max_examples=60, deadline=None)
@given(predictions())
def test_scores_that_are_never_defined_have_no_interval(given_predictions):
    probabilities_NK, labels_N = given_predictions
    intervals = bootstrap_intervals(probabilities_NK, labels_N, resamples=30, seed=0)
    if len(np.unique(labels_N)) == 1:
        assert "auroc" not in intervals
    assert all(np.isfinite(interval).all() and interval[0] <= interval[1] for interval in intervals.values())


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.sampled_from([2, 5, 1000]))
def test_weighted_auroc_counts_pairs(seed, samples, levels):
    rng = np.random.default_rng(seed)
    scores_N = rng.integers(0, levels, samples) / levels
    positive_N = np.arange(samples) < rng.integers(1, samples)
    weights_N = rng.integers(0, 3, samples).astype(float)
    wins = pairs = 0.0
    for i in np.flatnonzero(positive_N):
        for j in np.flatnonzero(~positive_N):
            weight = weights_N[i] * weights_N[j]
            pairs += weight
            wins += weight * (float(scores_N[i] > scores_N[j]) + 0.5 * float(scores_N[i] == scores_N[j]))
    expected = wins / pairs if pairs else np.nan
    area = weighted_auroc(scores_N, positive_N, weights_N[:, None])[0]
    assert area == pytest.approx(expected, nan_ok=True)
