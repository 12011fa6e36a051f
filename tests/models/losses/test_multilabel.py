"""Losses of labels that do not exclude each other, against formulas in numpy, torch, torchvision and timm.

Shape suffixes: B batch, K classes.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.loss import AsymmetricLossMultiLabel
from torchvision.ops import sigmoid_focal_loss

from visionft.errors import RecipeError
from visionft.models.losses import LABEL_LOSSES
from visionft.models.losses.multilabel import (
    Asymmetric,
    BinaryCrossEntropy,
    BinaryFocal,
    balanced_weights,
)

every_loss = pytest.mark.parametrize("kind", list(LABEL_LOSSES))
WEIGHTS_2K = torch.tensor([[0.5, 1.0, 3.0, 0.1], [2.0, 1.0, 0.25, 7.0]], dtype=torch.float64)


def scene(seed, *, soft=False, spread=2.0, batch=6, classes=4):
    """Return float64 logits_BK that need a gradient, and targets_BK."""
    rng = np.random.default_rng(seed)
    logits_BK = torch.tensor(spread * rng.normal(size=(batch, classes)), requires_grad=True)
    targets_BK = rng.random((batch, classes)) if soft else rng.integers(0, 2, (batch, classes))
    return logits_BK, torch.tensor(targets_BK)


def written_out(logits_BK, targets_BK, weights_2K, *, present, absent):
    """Add up decision by decision what a label costs, given functions of its probability."""
    chances_BK = 1 / (1 + np.exp(-logits_BK.detach().numpy()))
    weights_2K = np.ones((2, logits_BK.shape[1])) if weights_2K is None else weights_2K.numpy()
    costs = []
    for row_K, target_K in zip(chances_BK, targets_BK.numpy(), strict=True):
        for label, (chance, target) in enumerate(zip(row_K, target_K, strict=True)):
            cost = target * weights_2K[1, label] * present(chance)
            costs.append(cost + (1 - target) * weights_2K[0, label] * absent(chance))
    return np.mean(costs)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_cross_entropy_is_the_formula(seed, soft, weighted):
    drawn, weights_2K = scene(seed, soft=soft), WEIGHTS_2K if weighted else None
    expected = written_out(*drawn, weights_2K, present=lambda p: -np.log(p), absent=lambda p: -np.log(1 - p))
    assert BinaryCrossEntropy()(*drawn, weights_2K).item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("soft", [False, True])
def test_cross_entropy_equals_that_of_torch(soft):
    logits_BK, targets_BK = scene(0, soft=soft)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits_BK, targets_BK.double())
    assert BinaryCrossEntropy()(logits_BK, targets_BK).item() == pytest.approx(expected.item(), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0]), st.booleans(), st.booleans())
def test_focal_is_the_formula(seed, gamma, soft, weighted):
    drawn, weights_2K = scene(seed, soft=soft), WEIGHTS_2K if weighted else None
    expected = written_out(
        *drawn,
        weights_2K,
        present=lambda p: -((1 - p) ** gamma) * np.log(p),
        absent=lambda p: -(p**gamma) * np.log(1 - p),
    )
    assert BinaryFocal(gamma=gamma)(*drawn, weights_2K).item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("alpha", [-1, 0.25])
def test_focal_equals_that_of_torchvision(alpha):
    logits_BK, targets_BK = scene(1)
    weights_2K = None if alpha < 0 else torch.tensor([[1 - alpha] * 4, [alpha] * 4])
    expected = sigmoid_focal_loss(logits_BK, targets_BK.double(), alpha=alpha, gamma=2, reduction="mean")
    assert BinaryFocal()(logits_BK, targets_BK, weights_2K).item() == pytest.approx(expected.item(), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 1.0, 4.0]),
    st.sampled_from([0.0, 0.5, 2.0]),
    st.sampled_from([0.0, 0.05, 0.3]),
    st.booleans(),
    st.booleans(),
)
def test_asymmetric_is_the_formula(seed, gamma_absent, gamma_present, margin, soft, weighted):
    def absent(p):
        shifted = max(p - margin, 0)
        return -(shifted**gamma_absent) * np.log(1 - shifted)

    drawn, weights_2K = scene(seed, soft=soft), WEIGHTS_2K if weighted else None
    loss = Asymmetric(gamma_absent=gamma_absent, gamma_present=gamma_present, margin=margin)
    expected = written_out(*drawn, weights_2K, present=lambda p: -((1 - p) ** gamma_present) * np.log(p), absent=absent)
    assert loss(*drawn, weights_2K).item() == pytest.approx(expected, rel=1e-9)


def test_asymmetric_equals_that_of_timm():
    logits_BK, targets_BK = scene(2)
    theirs = AsymmetricLossMultiLabel(gamma_neg=4, gamma_pos=1, clip=0.05)(logits_BK, targets_BK)
    ours = Asymmetric(gamma_present=1)(logits_BK, targets_BK)
    assert ours.item() * logits_BK.shape[1] == pytest.approx(theirs.item(), rel=1e-6)


def test_asymmetric_with_equal_powers_and_no_margin_is_focal_and_without_powers_cross_entropy():
    drawn = scene(3)
    focal = Asymmetric(gamma_absent=2, gamma_present=2, margin=0)(*drawn, WEIGHTS_2K)
    assert focal.item() == pytest.approx(BinaryFocal()(*drawn, WEIGHTS_2K).item(), rel=1e-12)
    plain = Asymmetric(gamma_absent=0, gamma_present=0, margin=0)(*drawn, WEIGHTS_2K)
    assert plain.item() == pytest.approx(BinaryCrossEntropy()(*drawn, WEIGHTS_2K).item(), rel=1e-12)


def test_absent_labels_below_the_margin_cost_nothing():
    logits_BK = torch.tensor([[-3.0]], requires_grad=True)  # a probability of 0.047
    loss = Asymmetric()(logits_BK, torch.zeros(1, 1))
    loss.backward()
    assert loss.item() == 0
    assert logits_BK.grad.item() == 0


@every_loss
@pytest.mark.parametrize("weights_2K", [None, WEIGHTS_2K])
@pytest.mark.parametrize("soft", [False, True])
def test_gradients_equal_finite_differences(kind, weights_2K, soft):
    loss = LABEL_LOSSES[kind]()
    logits_BK, targets_BK = scene(4, soft=soft)
    assert torch.autograd.gradcheck(lambda logits: loss(logits, targets_BK, weights_2K), logits_BK)


@every_loss
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_logits_are_measured_in_float32(kind, dtype):
    loss = LABEL_LOSSES[kind]()
    logits_BK, targets_BK = scene(5)
    half_BK = logits_BK.detach().to(dtype).requires_grad_()
    with torch.autocast("cpu", dtype):
        value = loss(half_BK, targets_BK, WEIGHTS_2K.to(dtype))
    value.backward()
    assert value.dtype == torch.float32
    assert half_BK.grad.dtype == dtype
    weights_2K = WEIGHTS_2K.to(dtype).double()
    assert value.item() == pytest.approx(loss(half_BK.double(), targets_BK, weights_2K).item(), rel=1e-5)


@pytest.mark.parametrize(
    "loss",
    [
        BinaryCrossEntropy(),
        *(BinaryFocal(gamma=gamma) for gamma in (0.0, 0.2, 1.0, 2.0)),
        *(Asymmetric(gamma_absent=4, gamma_present=gamma, margin=0) for gamma in (0.0, 0.2)),
        *(Asymmetric(gamma_absent=gamma, margin=0.05) for gamma in (0.0, 0.2, 4.0)),
        Asymmetric(margin=1e-12),
    ],
    ids=str,
)
def test_certainty_has_a_finite_cost_and_slope(loss):
    logits_BK = torch.tensor([[200.0, -200.0, 200.0, -200.0]], requires_grad=True)
    value = loss(logits_BK, torch.tensor([[0, 0, 1, 1]]))
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(logits_BK.grad).all()


@every_loss
def test_learning_lowers_the_loss(kind):
    loss = LABEL_LOSSES[kind]()
    logits_BK, targets_BK = scene(8)
    value = loss(logits_BK, targets_BK)
    (slope_BK,) = torch.autograd.grad(value, logits_BK)
    assert loss(logits_BK - 1e-3 * slope_BK / slope_BK.norm(), targets_BK) < value


def test_balanced_weights_make_present_and_absent_labels_push_alike():
    """The first class is in one image of four, the second in three: without weights both would be pushed."""
    targets_BK = torch.tensor([[1, 1], [0, 1], [0, 1], [0, 0]])
    logits_BK = torch.zeros(4, 2, requires_grad=True)
    weights_2K = balanced_weights(targets_BK.sum(dim=0), 4)
    BinaryCrossEntropy()(logits_BK, targets_BK, weights_2K).backward()
    np.testing.assert_allclose(logits_BK.grad.sum(dim=0).numpy(), 0, atol=1e-7)
    mean_K = (targets_BK * weights_2K[1] + (1 - targets_BK) * weights_2K[0]).mean(dim=0)
    np.testing.assert_allclose(mean_K.numpy(), 1, rtol=1e-6)


def test_balanced_weights_of_classes_that_are_never_or_always_there_are_finite():
    weights_2K = balanced_weights(torch.tensor([0, 10]), 10)
    np.testing.assert_allclose(weights_2K.numpy(), [[0.5, 5.0], [5.0, 0.5]])


@pytest.mark.parametrize(
    ("loss", "options", "part"),
    [
        (BinaryFocal, {"gamma": -1.0}, "gamma is -1.0; allowed is 0 or more"),
        (BinaryFocal, {"gamma": float("nan")}, "gamma is nan"),
        (Asymmetric, {"gamma_absent": -1.0}, "gamma_absent is -1.0; allowed is 0 or more"),
        (Asymmetric, {"gamma_present": -0.5}, "gamma_present is -0.5"),
        (Asymmetric, {"margin": 1.0}, "margin is 1.0; allowed is 0..1, but not 1"),
    ],
)
def test_unusable_options_are_refused(loss, options, part):
    with pytest.raises(RecipeError, match=part):
        loss(**options)
