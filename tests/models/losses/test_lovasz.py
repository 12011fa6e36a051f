"""Lovász-softmax."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from segmentation_models_pytorch.losses import LovaszLoss
from sklearn.metrics import jaccard_score

from tests.models.losses.scenes import IGNORED, certain, pixels, scene, scenes
from visionft.models.losses.lovasz import Lovasz


def jaccard_loss(true, wrong):
    """Return 1 - IoU when the pixels of one set are true and those of another are classified wrongly."""
    return 1 - len(true - wrong) / len(true | wrong)


@settings(max_examples=80, deadline=None)
@given(scenes())
def test_it_equals_the_definition_by_sets(drawn):
    chances_PK, labels_P = pixels(*drawn)
    costs = []
    for label in np.unique(labels_P):
        true = set(np.flatnonzero(labels_P == label).tolist())
        errors_P = np.abs((labels_P == label) - chances_PK[:, label])
        wrong, cost = set(), 0.0
        for pixel in np.argsort(-errors_P).tolist():
            step = -jaccard_loss(true, wrong)
            wrong.add(pixel)
            cost += errors_P[pixel] * (step + jaccard_loss(true, wrong))
        costs.append(cost)
    assert Lovasz()(*drawn).item() == pytest.approx(np.mean(costs) if costs else 0, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_jaccard_loss_of_hard_predictions(seed):
    _, masks_BHW = scene(seed, present=[0, 1, 3])
    _, predicted_BHW = scene(seed + 100, ignored=0)
    kept_BHW = masks_BHW != IGNORED
    true, predicted = masks_BHW[kept_BHW].numpy(), predicted_BHW[kept_BHW].numpy()
    iou = jaccard_score(true, predicted, labels=[0, 1, 3], average="macro")
    assert Lovasz()(certain(predicted_BHW, 4), masks_BHW).item() == pytest.approx(1 - iou, abs=1e-6)


@pytest.mark.parametrize("present", [[0, 1, 2, 3], [1, 3]])
def test_value_and_gradient_equal_those_of_smp(present):
    logits_BKHW, masks_BHW = scene(1, present=present)
    # theirs works in float32 only
    expected = LovaszLoss("multiclass", ignore_index=IGNORED, from_logits=True)(logits_BKHW.float(), masks_BHW)
    value = Lovasz()(logits_BKHW, masks_BHW)
    assert value.item() == pytest.approx(expected.item(), rel=1e-6)
    slopes = [torch.autograd.grad(loss, logits_BKHW)[0] for loss in (value, expected)]
    torch.testing.assert_close(*slopes, rtol=1e-5, atol=1e-7)
