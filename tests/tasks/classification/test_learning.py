"""Multi-class classification against formulas written out in numpy.

Shape suffixes: B batch, K classes.
"""

import numpy as np
import pytest
import torch

from visionft.batch import Batch
from visionft.tasks.classification.learning import ClassificationLearner
from visionft.tasks.classification.metrics import classification_metrics

NAMES = ("a", "b", "c")


def batch_of(labels):
    labels_B = torch.tensor(labels)
    return Batch(torch.zeros(len(labels), 8, 8, 3, dtype=torch.uint8), labels_B, ("",) * len(labels))


def loss_of(task, outputs, targets):
    """Return the only loss of a task."""
    (loss,) = task.losses(outputs, targets).values()
    return loss


def log_softmax(logits_BK):
    shifted_BK = logits_BK - logits_BK.max(axis=1, keepdims=True)
    return shifted_BK - np.log(np.exp(shifted_BK).sum(axis=1, keepdims=True))


def reference_loss(logits_BK, labels, smoothing, weights_K):
    """Weighted cross-entropy against smoothed targets, averaged by the weights of the true classes (torch's rule)."""
    targets_BK = (1 - smoothing) * np.eye(len(weights_K))[labels] + smoothing / len(weights_K)
    losses_B = -(targets_BK * weights_K * log_softmax(logits_BK)).sum(axis=1)
    return losses_B.sum() / weights_K[labels].sum()


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("counts", [None, (30, 10, 5), (1, 1, 1), (10, 0, 2)])
def test_loss_is_the_formula(smoothing, counts):
    logits_BK = np.random.default_rng(0).normal(0, 3, (7, 3))
    labels = [0, 1, 2, 2, 1, 0, 0]
    # inverse frequency, so that a class of average size weighs 1; a class without images counts as one image
    filled = np.maximum(1, np.array(counts or (1, 1, 1)))
    weights_K = filled.sum() / (3 * filled)
    task = ClassificationLearner(NAMES, loss_options={"label_smoothing": smoothing}, class_counts=counts)
    loss = loss_of(task, torch.from_numpy(logits_BK).float(), batch_of(labels).targets)
    assert loss.shape == ()
    assert float(loss) == pytest.approx(reference_loss(logits_BK, labels, smoothing, weights_K), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("counts", [None, (30, 10, 5)])
def test_shares_of_classes_are_learned_by_the_same_rule(smoothing, counts):
    """A whole share is a label; else each share counts as a part of an image with that label."""
    rng = np.random.default_rng(1)
    logits_BK, labels = rng.normal(0, 3, (7, 3)), [0, 1, 2, 2, 1, 0, 0]
    weights_K = np.ones(3) if counts is None else 45 / (3 * np.array(counts))
    task = ClassificationLearner(NAMES, loss_options={"label_smoothing": smoothing}, class_counts=counts)
    outputs = torch.from_numpy(logits_BK).float()
    whole = loss_of(task, outputs, torch.from_numpy(np.eye(3)[labels]).float())
    assert float(whole) == pytest.approx(float(loss_of(task, outputs, torch.tensor(labels))), rel=1e-6)
    assert float(whole) == pytest.approx(reference_loss(logits_BK, labels, smoothing, weights_K), rel=1e-5)

    shares_BK = rng.dirichlet(np.ones(3), 7)
    each_BK = np.stack(  # of every image with every label, before dividing by weights
        [[reference_loss(row[None], [k], smoothing, weights_K) * weights_K[k] for k in range(3)] for row in logits_BK]
    )
    expected = (shares_BK * each_BK).sum() / (shares_BK * weights_K).sum()
    assert float(loss_of(task, outputs, torch.from_numpy(shares_BK).float())) == pytest.approx(expected, rel=1e-5)


def test_balanced_weights_make_every_class_count_the_same():
    """Three of one class and one of another: with uniform outputs both classes push equally hard."""
    logits_BK = torch.zeros(4, 2, requires_grad=True)
    task = ClassificationLearner(("a", "b"), class_counts=(3, 1))
    loss_of(task, logits_BK, batch_of([0, 0, 0, 1]).targets).backward()
    push_K = logits_BK.grad.sum(dim=0)
    np.testing.assert_allclose(push_K.numpy(), 0, atol=1e-7)


def test_loss_of_half_precision_outputs_is_computed_in_full():
    logits_BK = torch.tensor([[40.0, -40.0, 0.0]], dtype=torch.bfloat16)
    loss = loss_of(ClassificationLearner(NAMES), logits_BK, batch_of([1]).targets)
    assert loss.dtype == torch.float32
    assert float(loss) == 80.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_final_results_are_float32_probabilities(dtype):
    logits_BK = (torch.randn(50, 3, generator=torch.Generator().manual_seed(0)) * 20).to(dtype)
    results_BK = ClassificationLearner(NAMES).probabilities(logits_BK)
    assert results_BK.dtype == torch.float32
    np.testing.assert_allclose(results_BK.sum(dim=1).numpy(), 1, atol=1e-6)
    assert float(results_BK.min()) >= 0
    expected_BK = np.exp(log_softmax(logits_BK.double().numpy()))
    np.testing.assert_allclose(results_BK.numpy(), expected_BK, atol=1e-6)


def test_validation_and_evaluation_agree():
    rng = np.random.default_rng(0)
    results_NK = rng.dirichlet(np.ones(3), 60).astype(np.float32)
    labels_N = rng.integers(0, 3, 60)
    meter = ClassificationLearner(NAMES).meter()
    for part in (slice(0, 17), slice(17, 60)):
        meter.update({"probabilities": results_NK[part]}, labels_N[part])
    quick, full = meter.values(), classification_metrics(results_NK, labels_N, NAMES, bootstrap=0, seed=0)
    assert quick["loss"] == pytest.approx(full.nll, rel=1e-6)
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "auroc"):
        assert quick[name] == pytest.approx(getattr(full, name), abs=1e-6)
    assert tuple(full.per_class) == NAMES
