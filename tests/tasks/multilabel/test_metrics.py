"""Multi-label metrics against scikit-learn.

Shape suffixes: N images, K classes.
"""

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn import metrics as reference

from tests.tasks.multilabel.predictions import predictions, simulate
from visionft.errors import DataError
from visionft.seeds import derive_seed
from visionft.tasks.multilabel.metrics import MultilabelMetrics, multilabel_metrics, quick_metrics


def measure(probabilities_NK, labels_NK, thresholds_K, **options):
    names = [f"class {label}" for label in range(probabilities_NK.shape[1])]
    return multilabel_metrics(probabilities_NK, labels_NK, names, thresholds_K, **{"bootstrap": 0, **options})


def close(value, expected):
    return value == pytest.approx(expected, abs=1e-9) if expected is not None else value is None


def or_none(value):
    return None if np.isnan(value) else value


def reference_scores(probabilities_NK, labels_NK, thresholds_K):
    """Return the overall scores by scikit-learn, NaN where they are not defined."""
    given_NK = probabilities_NK >= np.float32(thresholds_K)
    ranked_K = labels_NK.any(axis=0) & ~labels_NK.all(axis=0)
    scores = {
        "exact_match": reference.accuracy_score(labels_NK.astype(int), given_NK.astype(int)),
        "hamming_loss": reference.hamming_loss(labels_NK.astype(int), given_NK.astype(int)),
        "micro_f1": reference.f1_score(labels_NK.ravel(), given_NK.ravel(), zero_division=np.nan),
        "nll": reference.log_loss(labels_NK.ravel(), probabilities_NK.ravel().astype(float), labels=[False, True]),
        "map": np.nan,
        "macro_f1": np.nan,
    }
    if ranked_K.any():
        columns = [(labels_NK[:, k], probabilities_NK[:, k], given_NK[:, k]) for k in np.flatnonzero(ranked_K)]
        scores["map"] = np.mean([reference.average_precision_score(true, chance) for true, chance, _ in columns])
        scores["macro_f1"] = np.mean([reference.f1_score(true, given, zero_division=0) for true, _, given in columns])
    return scores


@settings(max_examples=150, deadline=None)
@given(predictions())
def test_scores_equal_scikit_learn(drawn):
    measured = measure(*drawn)
    assert measured.n == len(drawn[0])
    for name, expected in reference_scores(*drawn).items():
        assert close(getattr(measured, name), or_none(expected)), name


@settings(max_examples=150, deadline=None)
@given(predictions())
def test_scores_by_class_equal_scikit_learn(drawn):
    probabilities_NK, labels_NK, thresholds_K = drawn
    measured = measure(*drawn)
    for label, (name, scores) in enumerate(measured.per_class.items()):
        true_N, chance_N = labels_NK[:, label], probabilities_NK[:, label]
        given_N = chance_N >= np.float32(thresholds_K[label])
        rows = reference.precision_recall_fscore_support(true_N, given_N, labels=[True], zero_division=np.nan)
        precision, recall, f1, support = (row[0] for row in rows)
        assert close(scores.precision, or_none(precision))
        assert close(scores.recall, or_none(recall))
        assert close(scores.f1, or_none(f1))
        assert scores.support == support == true_N.sum()
        assert scores.threshold == thresholds_K[label]
        ranked = true_N.any() and not true_N.all()
        assert close(scores.ap, reference.average_precision_score(true_N, chance_N) if ranked else None)
        assert (name in measured.left_out) == (not ranked)
        assert bool(scores.curve) == ranked


@settings(max_examples=60, deadline=None)
@given(predictions())
def test_quick_metrics_agree_with_the_full_ones(drawn):
    quick, full = quick_metrics(*drawn), measure(*drawn)
    expected = {name: getattr(full, name) for name in ("map", "macro_f1", "micro_f1", "exact_match")}
    expected["loss"] = full.nll
    assert quick == pytest.approx({name: value for name, value in expected.items() if value is not None})


def test_means_leave_out_classes_that_all_images_or_none_have():
    probabilities_NK = np.array([[0.9, 0.2, 0.9], [0.1, 0.3, 0.8], [0.6, 0.8, 0.7]], np.float32)
    labels_NK = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 1]])
    measured = measure(probabilities_NK, labels_NK, (0.5, 0.5, 0.5))
    assert measured.left_out == ("class 1", "class 2")
    assert measured.map == measured.macro_f1 == 1
    assert measured.micro_f1 == pytest.approx(10 / 11)  # the wrong label of class 1 counts among all decisions


def test_intervals_equal_scoring_each_resample_with_scikit_learn():
    drawn = simulate(90, 4, seed=2)
    intervals = measure(*drawn, bootstrap=40, seed=7).intervals
    rng = np.random.default_rng(derive_seed(7, "bootstrap"))
    draws = rng.integers(90, size=(40, 90))
    scores = [reference_scores(drawn[0][draw_N], drawn[1][draw_N], drawn[2]) for draw_N in draws]
    assert set(intervals) == set(scores[0])
    for name, interval in intervals.items():
        expected = np.percentile([one[name] for one in scores], [2.5, 97.5])
        assert interval == pytest.approx(expected, abs=1e-6), name


@settings(max_examples=60, deadline=None)
@given(predictions())
def test_intervals_are_finite_and_in_order_whatever_a_resample_leaves(drawn):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        intervals = measure(*drawn, bootstrap=20).intervals
    assert all(np.isfinite(interval).all() and interval[0] <= interval[1] for interval in intervals.values())
    if measure(*drawn).map is None:
        assert "map" not in intervals
        assert "macro_f1" not in intervals


@settings(max_examples=60, deadline=None)
@given(predictions())
def test_json_holds_no_nan_and_everything_else(drawn):
    measured = measure(*drawn, bootstrap=20)
    plain = measured.to_dict()
    read = json.loads(json.dumps(plain, allow_nan=False))
    assert read == plain
    assert MultilabelMetrics.from_dict(read) == measured


@pytest.mark.parametrize(
    ("probabilities", "labels", "part"),
    [
        ([[0.5, 0.5]], [[0, 1, 1]], "shape"),
        ([0.5, 0.5], [0, 1], "shape"),
        (np.empty((0, 3)), np.empty((0, 3)), "N >= 1"),
        (np.empty((3, 0)), np.empty((3, 0)), "K >= 1"),
        ([[0.5, 0.5], [3.0, -2.0]], [[0, 1], [0, 1]], "row 1 lies in .* not logits"),
        ([[np.nan, 0.5]], [[0, 1]], "row 0"),
        ([[0.5, 0.5]], [[2, 0]], r"labels: 0\.\.2 found"),
    ],
)
def test_unusable_arrays_are_refused(probabilities, labels, part):
    with pytest.raises(DataError, match=part):
        quick_metrics(np.array(probabilities), np.array(labels), (0.5, 0.5))


@pytest.mark.parametrize(
    ("names", "thresholds", "part"),
    [
        (["a"], (0.5, 0.5), "class names"),
        (["a", "a"], (0.5, 0.5), "class names"),
        (["a", "b"], (0.5,), "thresholds: 1 given; 2 are needed"),
    ],
)
def test_class_names_and_thresholds_must_fit(names, thresholds, part):
    with pytest.raises(DataError, match=part):
        multilabel_metrics(np.array([[0.5, 0.5]]), np.array([[0, 1]]), names, thresholds)


def test_metrics_load_no_torch():
    program = (
        "import sys, numpy as np; from visionft.tasks.multilabel.metrics import multilabel_metrics;"
        "multilabel_metrics(np.array([[.2, .8], [.6, .4]]), np.array([[1, 0], [0, 1]]), 'ab', (.5, .5), bootstrap=9);"
        "sys.exit('torch' in sys.modules or 'torchmetrics' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
