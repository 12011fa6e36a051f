"""What multi-label classification learns and how files are compared. Shape suffixes: B batch, N images, K classes."""

import numpy as np
import pytest
import torch

from tests.tasks.multilabel.predictions import simulate
from visionft.data.targets.label_set import LabelSet
from visionft.export.parity import verify
from visionft.models.losses.multilabel import Asymmetric, BinaryCrossEntropy, BinaryFocal, balanced_weights
from visionft.tasks.multilabel.learning import MultilabelLearner
from visionft.tasks.multilabel.metrics import multilabel_metrics
from visionft.tasks.multilabel.ranking import choose_thresholds

NAMES = ("a", "b", "c")


def scene():
    rng = np.random.default_rng(0)
    return torch.tensor(rng.normal(size=(6, 3))), torch.tensor(rng.integers(0, 2, (6, 3)))


@pytest.mark.parametrize(
    ("arguments", "loss"),
    [
        ({}, BinaryCrossEntropy()),
        ({"loss": "focal"}, BinaryFocal()),
        ({"loss": "focal", "loss_options": {"gamma": 1.0}}, BinaryFocal(gamma=1.0)),
        ({"loss": "asymmetric", "loss_options": {"gamma_absent": 2.0}}, Asymmetric(gamma_absent=2.0)),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_is_the_chosen_one(arguments, loss, weighted):
    positives = ([3, 1, 6], 6)
    weights_2K = balanced_weights(torch.tensor(positives[0]), 6) if weighted else None
    task = MultilabelLearner(NAMES, positives=positives if weighted else None, **arguments)
    ((name, value),) = task.losses(*scene()).items()
    assert name == arguments.get("loss", "bce")
    assert value.item() == pytest.approx(loss(*scene(), weights_2K).item(), rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_results_are_float32_probabilities(dtype):
    logits_BK = torch.linspace(-20, 20, 30).view(10, 3).to(dtype)
    probabilities_BK = MultilabelLearner(NAMES).probabilities(logits_BK)
    assert probabilities_BK.dtype == torch.float32
    np.testing.assert_allclose(probabilities_BK.numpy(), 1 / (1 + np.exp(-logits_BK.double().numpy())), rtol=1e-5)


@pytest.mark.parametrize("precision", [None, 0.8])
def test_validation_and_evaluation_agree_at_the_thresholds_of_the_same_images(precision):
    probabilities_NK, labels_NK, _ = simulate(80, 3, seed=0)
    meter = MultilabelLearner(NAMES, precision=precision).meter()
    for part in (slice(0, 17), slice(17, 80)):
        meter.update({"probabilities": probabilities_NK[part]}, labels_NK[part].astype(np.float32))
    quick = meter.values()
    thresholds = [value for value, _ in choose_thresholds(probabilities_NK.astype(float), labels_NK, precision)]
    full = multilabel_metrics(probabilities_NK, labels_NK, NAMES, thresholds, bootstrap=0)
    for name in ("map", "macro_f1", "micro_f1", "exact_match"):
        assert quick[name] == pytest.approx(getattr(full, name))
    assert quick["loss"] == pytest.approx(full.nll, rel=1e-4)


def test_the_validation_loss_is_the_one_that_is_trained():
    probabilities_NK, labels_NK, _ = simulate(50, 3, seed=1)
    positives = (labels_NK.sum(axis=0).tolist(), 50)
    task = MultilabelLearner(NAMES, loss="asymmetric", positives=positives)
    meter = task.meter()
    meter.update({"probabilities": probabilities_NK}, labels_NK.astype(np.float32))
    logits_NK = torch.from_numpy(probabilities_NK).logit()
    (expected,) = task.losses(logits_NK, torch.from_numpy(labels_NK)).values()
    assert meter.values()["loss"] == pytest.approx(expected.item(), rel=1e-5)


def test_certain_probabilities_have_a_finite_loss():
    meter = MultilabelLearner(NAMES).meter()
    meter.update({"probabilities": np.array([[0, 1, 1]], np.float32)}, np.array([[1, 0, 1]], np.float32))
    assert np.isfinite(meter.values()["loss"])


def results(*rows):
    return {"probabilities": np.array(rows, np.float32)}


def test_images_agree_when_all_of_their_labels_do():
    task = MultilabelLearner(("a", "b"))
    network, file = results([0.7, 0.2], [0.4, 0.45]), results([0.7, 0.2], [0.4, 0.55])
    assert task.compare(file, network)[:2] == (1, 2)  # 0.5 where nobody has chosen thresholds
    assert task.compare(file, network).difference == pytest.approx(0.1, abs=1e-6)
    assert task.compare(file, network, (0.5, 0.6))[:2] == (2, 2)
    assert task.compare(file, network, (0.5, 0.5))[:2] == (1, 2)


@pytest.mark.parametrize(("thresholds", "agreement"), [((), 0.5), ((0.5, 0.6), 1.0)])
def test_the_gate_compares_from_the_thresholds_of_the_spec_on(thresholds, agreement):
    network, file = results([0.7, 0.2], [0.4, 0.45]), results([0.7, 0.2], [0.4, 0.55])
    batches = [(np.array([number]), np.array([[1.0, 0.0]], np.float32)) for number in range(2)]

    def said(answers):
        return lambda images_B: {"probabilities": answers["probabilities"][images_B]}

    parity = verify(said(file), said(network), MultilabelLearner(("a", "b")), batches, thresholds=thresholds)
    assert parity.agreement == agreement


def test_nan_agrees_with_nothing():
    assert np.isnan(MultilabelLearner(("a", "b")).compare(results([np.nan, 0.2]), results([0.4, 0.2])).difference)


def test_blank_targets_of_one_column_fit_the_loss():
    blank = LabelSet.blank(torch.zeros(2, 8, 8, 3, dtype=torch.uint8))
    assert MultilabelLearner(NAMES).losses(torch.zeros(2, 3), blank)["bce"].item() == pytest.approx(np.log(2))
