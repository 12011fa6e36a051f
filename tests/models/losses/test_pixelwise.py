"""Cross-entropy and focal loss."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from segmentation_models_pytorch.losses import SoftCrossEntropyLoss

from tests.models.losses.scenes import IGNORED, pixels, scene, scenes
from visionft.errors import RecipeError
from visionft.models.losses.pixelwise import CrossEntropy, Focal

WEIGHTS_K = torch.tensor([0.5, 2.0, 1.0, 0.25], dtype=torch.float64)


@settings(max_examples=80, deadline=None)
@given(scenes(), st.sampled_from([0.0, 0.1, 1.0]), st.booleans())
def test_cross_entropy_equals_a_sum_over_pixels(drawn, smoothing, weighted):
    chances_PK, labels_P = pixels(*drawn)
    classes = chances_PK.shape[1]
    weights_K = np.linspace(0.5, 2, classes) if weighted else np.ones(classes)
    cost = total = 0.0
    for chances_K, label in zip(chances_PK, labels_P, strict=True):
        target_K = (1 - smoothing) * np.eye(classes)[label] + smoothing / classes
        cost -= (weights_K * target_K * np.log(chances_K)).sum()
        total += weights_K[label]
    value = CrossEntropy(label_smoothing=smoothing)(*drawn, torch.from_numpy(weights_K) if weighted else None)
    assert value.item() == pytest.approx(cost / total if total else 0, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_equals_that_of_torch(smoothing):
    logits_BKHW, masks_BHW = scene(1)
    expected = torch.nn.functional.cross_entropy(
        logits_BKHW, masks_BHW.long(), WEIGHTS_K, ignore_index=IGNORED, label_smoothing=smoothing
    )
    value = CrossEntropy(label_smoothing=smoothing)(logits_BKHW, masks_BHW, WEIGHTS_K)
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_equals_that_of_smp(smoothing):
    logits_BKHW, masks_BHW = scene(2, ignored=0)  # with ignored pixels, theirs divides by all
    expected = SoftCrossEntropyLoss(smooth_factor=smoothing)(logits_BKHW, masks_BHW.long())
    value = CrossEntropy(label_smoothing=smoothing)(logits_BKHW, masks_BHW)
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)


@settings(max_examples=80, deadline=None)
@given(scenes(), st.sampled_from([0.0, 0.5, 2.0, 5.0]), st.booleans())
def test_focal_equals_a_sum_over_pixels(drawn, gamma, weighted):
    chances_PK, labels_P = pixels(*drawn)
    weights_K = np.linspace(0.5, 2, chances_PK.shape[1]) if weighted else np.ones(chances_PK.shape[1])
    cost = total = 0.0
    for chances_K, label in zip(chances_PK, labels_P, strict=True):
        others = np.delete(chances_K, label).sum()
        cost -= weights_K[label] * others**gamma * np.log(chances_K[label])
        total += weights_K[label]
    value = Focal(gamma=gamma)(*drawn, torch.from_numpy(weights_K) if weighted else None)
    assert value.item() == pytest.approx(cost / total if total else 0, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("gamma", [0.0, 0.2, 1.0, 2.0])
def test_focal_has_finite_gradients_where_the_network_is_certain(gamma):
    logits_BKHW = torch.tensor([[[[200.0]], [[-200.0]]]], requires_grad=True)
    for label in (0, 1):
        Focal(gamma=gamma)(logits_BKHW, torch.tensor([[[label]]], dtype=torch.uint8)).backward()
    assert torch.isfinite(logits_BKHW.grad).all()


def test_focal_without_focus_is_cross_entropy():
    logits_BKHW, masks_BHW = scene(4)
    values = [loss(logits_BKHW, masks_BHW, WEIGHTS_K).item() for loss in (Focal(gamma=0.0), CrossEntropy())]
    assert values[0] == pytest.approx(values[1], rel=1e-12)


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, float("nan")])
def test_unusable_smoothing_is_refused(smoothing):
    with pytest.raises(RecipeError, match=r"label_smoothing is .*; allowed is"):
        CrossEntropy(label_smoothing=smoothing)


@pytest.mark.parametrize("gamma", [-1.0, float("nan")])
def test_unusable_gamma_is_refused(gamma):
    with pytest.raises(RecipeError, match=r"gamma is .*; allowed is 0 or more"):
        Focal(gamma=gamma)
