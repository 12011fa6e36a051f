import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.stats import spearmanr
from sklearn import metrics as reference

from tests.tasks.regression.measured import measured, simulate
from visionft.errors import DataError
from visionft.metrics import bootstrap
from visionft.seeds import derive_seed
from visionft.tasks.regression.metrics import RegressionMetrics, largest_errors, quick_metrics, regression_metrics

UNITLESS = ["r2", "spearman"]


def measure(predicted_NV, true_NV, **options):
    names = [f"value {column}" for column in range(np.shape(predicted_NV)[1])]
    return regression_metrics(predicted_NV, true_NV, names, **{"bootstrap": 0, **options})


def by_reference(predicted_N, true_N):
    """Return the scores of one value by scikit-learn and SciPy, those that are not defined left out."""
    known_N = ~np.isnan(true_N)
    predicted_N, true_N = predicted_N[known_N], true_N[known_N]
    if not len(true_N):
        return {}
    errors = {
        "mae": reference.mean_absolute_error(true_N, predicted_N),
        "rmse": reference.root_mean_squared_error(true_N, predicted_N),
        "error_p90": np.quantile(abs(predicted_N - true_N), 0.9),
        "worst_error": reference.max_error(true_N, predicted_N),
        "bias": (predicted_N - true_N).mean(),
        "spread": true_N.std(),
    }
    if len(set(true_N)) > 1:
        errors["r2"] = reference.r2_score(true_N, predicted_N)
        if len(set(predicted_N)) > 1:
            errors["spearman"] = spearmanr(true_N, predicted_N).statistic
    return errors


@settings(max_examples=150, deadline=None)
@given(measured())
def test_scores_equal_scikit_learn_and_scipy(drawn):
    predicted_NV, true_NV = drawn
    found = measure(predicted_NV, true_NV)
    expected = [by_reference(*pair) for pair in zip(predicted_NV.T, true_NV.T, strict=True)]
    assert found.n == (~np.isnan(true_NV)).any(axis=1).sum()
    for column, (scores, of_reference) in enumerate(zip(found.per_value.values(), expected, strict=True)):
        plain = {name: value for name, value in vars_of(scores).items() if value is not None}
        assert plain.pop("n") == (~np.isnan(true_NV[:, column])).sum()
        assert plain == pytest.approx(of_reference, rel=1e-9, abs=1e-9)
    for name in UNITLESS:
        defined = [scores[name] for scores in expected if name in scores]
        mean = pytest.approx(np.mean(defined), rel=1e-9, abs=1e-9) if defined else None
        assert getattr(found, name) == mean
    for name in ["mae", "rmse"]:
        single = expected[0][name] if len(expected) == 1 else None
        assert getattr(found, name) == (pytest.approx(single) if single is not None else None)


def vars_of(scores):
    return {name: getattr(scores, name) for name in scores.__slots__ if name not in ("unit", "intervals")}


@settings(max_examples=60, deadline=None)
@given(measured())
def test_quick_metrics_agree_with_the_full_ones(drawn):
    full = measure(*drawn)
    names = [*UNITLESS, "mae", "rmse"]
    assert quick_metrics(*drawn) == {name: score for name in names if (score := getattr(full, name)) is not None}


@pytest.mark.parametrize("constant", [0.1, 1 / 3, 1e8 + 0.1])
def test_a_constant_has_neither_r2_nor_a_correlation_whatever_rounding_does(constant):
    true_NV = np.full((7, 1), constant)
    predicted_NV = constant + np.arange(7.0)[:, None]
    scores = measure(predicted_NV, true_NV, bootstrap=50)
    assert (scores.r2, scores.spearman) == (None, None)
    assert set(scores.intervals) == {"mae", "rmse"}
    assert scores.mae == pytest.approx(3)
    flipped = measure(true_NV, predicted_NV)
    assert (flipped.r2 is None, flipped.spearman) == (False, None)


def test_always_answering_the_mean_has_an_r2_of_0_and_the_spread_for_an_rmse():
    _, true_NV = simulate(50, values=2, missing=0.2)
    predicted_NV = np.broadcast_to(np.nanmean(true_NV, axis=0), true_NV.shape)
    found = measure(predicted_NV, true_NV)
    assert found.r2 == pytest.approx(0, abs=1e-12)
    for scores in found.per_value.values():
        assert scores.rmse == pytest.approx(scores.spread)


def test_a_value_that_nobody_knows_is_told_without_scores():
    predicted_NV, true_NV = simulate(9, values=2)
    true_NV[:, 1] = np.nan
    found = regression_metrics(predicted_NV, true_NV, ["weight", "height"], ["g", ""], bootstrap=10)
    weight, height = found.per_value.values()
    assert (weight.unit, weight.n, height.unit, height.n) == ("g", 9, "", 0)
    assert set(vars_of(height).values()) == {None, 0}
    assert not height.intervals
    assert found.r2 == weight.r2


def test_intervals_equal_scoring_each_resample_by_reference():
    predicted_NV, true_NV = simulate(60, values=2, seed=2, missing=0.3)
    predicted_NV = predicted_NV.round()  # ties
    found = measure(predicted_NV, true_NV, bootstrap=30, seed=5)
    rng = np.random.default_rng(derive_seed(5, "bootstrap"))
    drawn = [
        [by_reference(predicted_NV[draw_N, column], true_NV[draw_N, column]) for column in range(2)]
        for draw_N in rng.integers(60, size=(30, 60))
    ]
    for column, scores in enumerate(found.per_value.values()):
        for name, interval in scores.intervals.items():
            values = [resample[column][name] for resample in drawn]
            assert interval == pytest.approx(np.percentile(values, [2.5, 97.5]), rel=1e-9), name
        assert set(scores.intervals) == {"mae", "rmse", "r2", "spearman"}
    assert set(found.intervals) == set(UNITLESS)
    for name, interval in found.intervals.items():
        means = [np.mean([scores[name] for scores in resample]) for resample in drawn]
        assert interval == pytest.approx(np.percentile(means, [2.5, 97.5]), rel=1e-9)


def test_blocks_do_not_change_the_intervals_and_the_seed_does(monkeypatch):
    drawn = simulate(40)
    whole = measure(*drawn, bootstrap=50)
    assert measure(*drawn, bootstrap=50, seed=1) != whole
    monkeypatch.setattr(bootstrap, "_BLOCK_ENTRIES", 7 * 40)
    assert measure(*drawn, bootstrap=50) == whole


@settings(max_examples=40, deadline=None)
@given(measured())
def test_json_holds_no_nan_and_everything_else(drawn):
    found = measure(*drawn, bootstrap=20)
    plain = found.to_dict()
    read = json.loads(json.dumps(plain, allow_nan=False))
    assert read == plain
    assert RegressionMetrics.from_dict(read) == found


def test_the_worst_images_come_first_counted_in_the_spread_of_their_values():
    true_NV = np.array([[0, 1000.0], [2, 3000], [0, np.nan], [2, 1000], [np.nan, np.nan], [0, 3000], [2, 1000]])
    predicted_NV = true_NV.copy()
    predicted_NV[:, 1] = [1000, 5500, 0, 1000, 0, 2000, 1000]  # errors of 2.5 and 1 spreads
    predicted_NV[:, 0] = [0, 2, 3, 2, 9, 0, 1.5]  # 3 and a half
    order_N, errors_NV = largest_errors(predicted_NV, true_NV)
    assert order_N.tolist() == [2, 1, 5, 6, 0, 3]
    spread = np.nanstd(true_NV[:, 1])
    expected = [3, 2500 / spread, 1000 / spread, 0.5, 0, 0]
    assert np.nanmax(errors_NV[order_N], axis=1) == pytest.approx(expected)
    assert np.isnan(errors_NV[4]).all()


def test_a_constant_value_still_has_worst_images():
    order_N, errors_NV = largest_errors(np.array([[1.0], [5.0]]), np.array([[2.0], [2.0]]))
    assert (order_N.tolist(), errors_NV.tolist()) == ([1, 0], [[1], [3]])


@pytest.mark.parametrize(
    ("predicted", "true", "part"),
    [
        ([[1.0]], [[1.0, 2.0]], "shape"),
        ([1.0], [1.0], "shape"),
        (np.empty((0, 1)), np.empty((0, 1)), "N >= 1"),
        (np.empty((1, 0)), np.empty((1, 0)), "V >= 1"),
        ([[1.0], [np.nan]], [[1.0], [1.0]], "row 1"),
        ([[np.inf]], [[1.0]], "row 0"),
        ([[1.0]], [[np.inf]], "infinite"),
        ([[1.0]], [[np.nan]], "none is known"),
    ],
)
def test_unusable_arrays_are_refused(predicted, true, part):
    with pytest.raises(DataError, match=part):
        quick_metrics(np.array(predicted), np.array(true))


@pytest.mark.parametrize(("names", "units"), [(["a"], []), (["a", "a"], []), (["a", "b"], ["g"])])
def test_names_and_units_must_fit(names, units):
    with pytest.raises(DataError, match="2 different names are needed"):
        regression_metrics(np.ones((1, 2)), np.ones((1, 2)), names, units)


def test_measuring_loads_no_torch():
    program = (
        "import sys, numpy as np; from visionft.tasks.regression.metrics import regression_metrics as measure;"
        "measure(np.array([[1.], [2.]]), np.array([[1.], [3.]]), ['x']); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
