"""Losses of one class for each image against formulas written out in numpy, torchvision and timm.

Shape suffixes: B batch, K classes.
"""

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from timm.loss import LabelSmoothingCrossEntropy, SoftTargetCrossEntropy
from torchvision.ops import sigmoid_focal_loss

from visionft.errors import RecipeError
from visionft.models.losses import CLASS_LOSSES
from visionft.models.losses.image_classes import BalancedSoftmax, ImageCrossEntropy, ImageFocal, LogitAdjusted

COUNTS = [60, 9, 1, 0]
WEIGHTS_K = torch.tensor([0.5, 2.0, 1.0, 0.25], dtype=torch.float64)
MADE = {
    "cross_entropy": ImageCrossEntropy(label_smoothing=0.1),
    "focal": ImageFocal(gamma=1.5),
    "logit_adjusted": LogitAdjusted(class_counts=COUNTS, tau=0.7),
    "balanced_softmax": BalancedSoftmax(class_counts=COUNTS, label_smoothing=0.2),
}
every_loss = pytest.mark.parametrize("loss", MADE.values(), ids=MADE)


def batch(seed, images=6, classes=4):
    """Return logits_BK, labels_B and shares_BK of mixed images."""
    generator = torch.Generator().manual_seed(seed)
    logits_BK = 2 * torch.randn(images, classes, generator=generator, dtype=torch.float64)
    shares_BK = torch.rand(images, classes, generator=generator, dtype=torch.float64)
    labels_B = torch.randint(classes, (images,), generator=generator)
    return logits_BK.requires_grad_(), labels_B, shares_BK / shares_BK.sum(dim=1, keepdim=True)


def test_all_are_tried():
    assert list(CLASS_LOSSES) == sorted(MADE)
    assert all(CLASS_LOSSES[name].kind == name for name in CLASS_LOSSES)


@every_loss
@pytest.mark.parametrize("weights_K", [None, WEIGHTS_K])
def test_gradients_equal_finite_differences(loss, weights_K):
    logits_BK, labels_B, shares_BK = batch(0)
    assert torch.autograd.gradcheck(lambda logits: loss(logits, labels_B, weights_K), logits_BK)
    assert torch.autograd.gradcheck(lambda logits: loss(logits, shares_BK, weights_K), logits_BK)


@every_loss
@pytest.mark.parametrize("weights_K", [None, WEIGHTS_K])
def test_a_whole_share_is_a_label(loss, weights_K):
    logits_BK, labels_B, _ = batch(1)
    whole_BK = torch.eye(4, dtype=torch.float64)[labels_B]
    assert loss(logits_BK, whole_BK, weights_K).item() == pytest.approx(loss(logits_BK, labels_B, weights_K).item())


@every_loss
@pytest.mark.parametrize("scale", [0.0, 1e4])
def test_sure_and_unsure_logits_give_finite_numbers(loss, scale):
    logits_BK, labels_B, _ = batch(2)
    logits_BK = (scale * logits_BK.detach()).float().requires_grad_()
    value = loss(logits_BK, labels_B)
    (slope_BK,) = torch.autograd.grad(value, logits_BK)
    assert torch.isfinite(value)
    assert torch.isfinite(slope_BK).all()
    half = loss(logits_BK.detach().clamp(-9, 9).bfloat16(), labels_B)
    assert half.dtype == torch.float32


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_is_timms(smoothing):
    logits_BK, labels_B, shares_BK = batch(3)
    loss = ImageCrossEntropy(label_smoothing=smoothing)
    expected = LabelSmoothingCrossEntropy(smoothing)(logits_BK, labels_B)
    assert loss(logits_BK, labels_B).item() == pytest.approx(expected.item())
    spread_BK = (1 - smoothing) * shares_BK + smoothing / 4
    assert loss(logits_BK, shares_BK).item() == pytest.approx(SoftTargetCrossEntropy()(logits_BK, spread_BK).item())


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 3.7])
def test_focal_of_two_classes_is_torchvisions(gamma):
    """The softmax of two logits is the sigmoid of their difference."""
    logits_BK, labels_B, _ = batch(4, classes=2)
    difference_B = logits_BK[:, 1] - logits_BK[:, 0]
    expected = sigmoid_focal_loss(difference_B, labels_B.double(), alpha=-1, gamma=gamma, reduction="mean")
    assert ImageFocal(gamma=gamma)(logits_BK, labels_B).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("weights_K", [None, WEIGHTS_K])
def test_focal_is_the_formula(weights_K):
    logits_BK, _, shares_BK = batch(5)
    weights = np.ones(4) if weights_K is None else weights_K.numpy()
    total = parts = 0.0
    for row, shares in zip(logits_BK.detach().numpy(), shares_BK.numpy(), strict=True):
        probabilities = np.exp(row) / np.exp(row).sum()
        for p, share, weight in zip(probabilities, shares, weights, strict=True):
            total -= share * weight * (1 - p) ** 2 * np.log(p)
            parts += share * weight
    assert ImageFocal()(logits_BK, shares_BK, weights_K).item() == pytest.approx(total / parts)


def test_without_gamma_focal_is_the_cross_entropy():
    logits_BK, labels_B, shares_BK = batch(6)
    for targets in (labels_B, shares_BK):
        found, expected = (
            loss(logits_BK, targets, WEIGHTS_K).item() for loss in (ImageFocal(gamma=0.0), ImageCrossEntropy())
        )
        assert found == pytest.approx(expected)


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0, 2.0])
def test_logit_adjustment_is_the_papers_pairwise_form(tau):
    """Menon et al. (2021), equation 10: log(1 + sum over y' != y of (pi_y' / pi_y)^tau exp(f_y' - f_y))."""
    logits_BK, labels_B, _ = batch(7)
    frequencies = np.maximum(COUNTS, 1) / np.maximum(COUNTS, 1).sum()
    losses = []
    for row, label in zip(logits_BK.detach().numpy(), labels_B.tolist(), strict=True):
        others = [k for k in range(4) if k != label]
        ratios = (frequencies[others] / frequencies[label]) ** tau
        losses.append(np.log1p((ratios * np.exp(row[others] - row[label])).sum()))
    loss = LogitAdjusted(class_counts=COUNTS, tau=tau)
    assert loss(logits_BK, labels_B).item() == pytest.approx(np.mean(losses))


def test_balanced_softmax_is_the_papers_formula():
    """Ren et al. (2020), equation 4: -log of n_y exp(f_y) over the sum of n_k exp(f_k)."""
    logits_BK, labels_B, _ = batch(8)
    rows, counts = logits_BK.detach().numpy(), np.maximum(COUNTS, 1)
    right = rows[np.arange(6), labels_B.numpy()] + np.log(counts[labels_B.numpy()])
    expected = (logsumexp(rows, axis=1, b=counts) - right).mean()
    assert BalancedSoftmax(class_counts=COUNTS)(logits_BK, labels_B).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: ImageCrossEntropy(label_smoothing=1.5), "label_smoothing is 1.5"),
        (lambda: ImageFocal(gamma=-1), "gamma is -1"),
        (lambda: LogitAdjusted(class_counts=[1, 2], tau=-0.5), "tau is -0.5"),
    ],
)
def test_options_out_of_range(make, part):
    with pytest.raises(RecipeError, match=part):
        make()
