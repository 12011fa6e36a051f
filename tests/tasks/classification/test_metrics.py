import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn import metrics as reference

from tests.tasks.classification.predictions import predictions, simulate
from visionft.errors import DataError
from visionft.tasks.classification.metrics import ClassificationMetrics, classification_metrics, quick_metrics

SCALARS = ["accuracy", "balanced_accuracy", "macro_f1", "auroc"]


def measure(probabilities_NK, labels_N, **options):
    names = [f"class {label}" for label in range(probabilities_NK.shape[1])]
    return classification_metrics(probabilities_NK, labels_N, names, **{"bootstrap": 0, **options})


def reference_auroc(probabilities_NK, labels_N, label):
    positive_N = labels_N == label
    if positive_N.all() or not positive_N.any():
        return None
    return reference.roc_auc_score(positive_N, probabilities_NK[:, label])


def close(value, expected):
    return value == pytest.approx(expected, abs=1e-6) if expected is not None else value is None


@settings(max_examples=150, deadline=None)
@given(predictions())
def test_scores_equal_scikit_learn(given_predictions):
    probabilities_NK, labels_N = given_predictions
    classes = probabilities_NK.shape[1]
    predicted_N = probabilities_NK.argmax(axis=1)
    present = np.unique(labels_N)
    measured = measure(probabilities_NK, labels_N)

    assert measured.n == len(labels_N)
    assert close(measured.accuracy, reference.accuracy_score(labels_N, predicted_N))
    recalls = reference.recall_score(labels_N, predicted_N, labels=present, average="macro", zero_division=0)
    assert close(measured.balanced_accuracy, recalls)
    f1 = reference.f1_score(labels_N, predicted_N, labels=present, average="macro", zero_division=0)
    assert close(measured.macro_f1, f1)
    assert close(measured.nll, reference.log_loss(labels_N, probabilities_NK, labels=np.arange(classes)))
    confusion = reference.confusion_matrix(labels_N, predicted_N, labels=np.arange(classes))
    assert measured.to_dict()["confusion"] == confusion.tolist()

    areas = [reference_auroc(probabilities_NK, labels_N, label) for label in range(classes)]
    defined = [area for area in areas if area is not None]
    expected = areas[1] if classes == 2 else (np.mean(defined) if defined else None)
    assert close(measured.auroc, expected)
    per_class = reference.precision_recall_fscore_support(
        labels_N, predicted_N, labels=np.arange(classes), zero_division=np.nan
    )
    for scores, area, *row in zip(measured.per_class.values(), areas, *per_class, strict=True):
        precision, recall, f1, support = (None if np.isnan(value) else value for value in row)
        assert close(scores.precision, precision)
        assert close(scores.recall, recall)
        assert close(scores.f1, f1)
        assert scores.support == support
        assert close(scores.auroc, area)


@settings(max_examples=60, deadline=None)
@given(predictions())
def test_quick_metrics_agree_with_the_full_ones(given_predictions):
    probabilities_NK, labels_N = given_predictions
    quick, full = quick_metrics(probabilities_NK, labels_N), measure(probabilities_NK, labels_N)
    expected = {name: getattr(full, name) for name in SCALARS} | {"loss": full.nll}
    expected = {name: value for name, value in expected.items() if value is not None}
    assert quick == pytest.approx(expected, abs=1e-6)


def test_macro_scores_equal_scikit_learn_when_every_class_is_there():
    probabilities_NK, labels_N = simulate(400, 5, seed=1)
    measured, predicted_N = measure(probabilities_NK, labels_N), probabilities_NK.argmax(axis=1)
    assert close(measured.balanced_accuracy, reference.balanced_accuracy_score(labels_N, predicted_N))
    assert close(measured.macro_f1, reference.f1_score(labels_N, predicted_N, average="macro"))
    assert close(measured.auroc, reference.roc_auc_score(labels_N, probabilities_NK, multi_class="ovr"))


@settings(max_examples=60, deadline=None)
@given(predictions())
def test_json_holds_no_nan_and_everything_else(given_predictions):
    measured = measure(*given_predictions, bootstrap=20)
    plain = measured.to_dict()
    read = json.loads(json.dumps(plain, allow_nan=False))
    assert read == plain
    assert ClassificationMetrics.from_dict(read) == measured


def test_float32_softmax_output_is_accepted():
    probabilities_NK, labels_N = simulate(50, 3, seed=0)
    probabilities_NK[0] = [1.0 + 1e-7, 0.0, 0.0]
    measured = measure(probabilities_NK.astype(np.float32), labels_N.astype(np.int32))
    assert close(measured.accuracy, (probabilities_NK.argmax(axis=1) == labels_N).mean())
    assert 0.5 < measured.auroc < 1


@pytest.mark.parametrize(
    ("probabilities", "labels", "part"),
    [
        ([[0.5, 0.5]], [0, 1], "shape"),
        ([0.5, 0.5], [0, 1], "shape"),
        (np.empty((0, 3)), [], "N >= 1"),
        ([[1.0]], [0], "K >= 2"),
        ([[0.5, 0.5], [3.0, -2.0]], [0, 1], "row 1 .* not logits"),
        ([[np.nan, 0.5]], [0], "row 0"),
        ([[0.5, 0.5]], [2], r"labels: 2\.\.2 found; allowed are 0\.\.1"),
        ([[0.5, 0.5]], [-1], "labels"),
    ],
)
def test_unusable_arrays_are_refused(probabilities, labels, part):
    with pytest.raises(DataError, match=part):
        quick_metrics(np.array(probabilities), np.array(labels))


@pytest.mark.parametrize("names", [["a"], ["a", "a"], ["a", "b", "c"]])
def test_class_names_must_fit(names):
    with pytest.raises(DataError, match="class names"):
        classification_metrics(np.array([[0.5, 0.5]]), np.array([0]), names)


def test_importing_and_quick_metrics_load_no_torch():
    program = (
        "import sys, numpy as np; from visionft.tasks.classification.metrics import quick_metrics;"
        "quick_metrics(np.array([[.2, .8], [.6, .4]]), np.array([1, 0]));"
        "sys.exit('torch' in sys.modules or 'torchmetrics' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
