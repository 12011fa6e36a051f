"""Dice and Tversky."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from segmentation_models_pytorch.losses import DiceLoss, TverskyLoss

from tests.models.losses.scenes import IGNORED, certain, pixels, scene, scenes
from visionft.errors import RecipeError
from visionft.models.losses.overlap import Dice, Tversky


def reference(drawn, alpha, beta, weights_K):
    """Return the mean of 1 - Tversky index over the classes that are there, one class and pixel at a time."""
    chances_PK, labels_P = pixels(*drawn)
    cost = total = 0.0
    for label in np.unique(labels_P):
        hits = false = missed = 0.0
        for chance, truth in zip(chances_PK[:, label], labels_P == label, strict=True):
            hits += chance * truth
            false += chance * (1 - truth)
            missed += (1 - chance) * truth
        cost += weights_K[label] * (1 - hits / (hits + alpha * false + beta * missed))
        total += weights_K[label]
    return cost / total if total else 0.0


@settings(max_examples=80, deadline=None)
@given(scenes(), st.sampled_from([(0.3, 0.7), (0.0, 1.0), (2.0, 0.1)]), st.booleans())
def test_tversky_equals_a_loop_over_classes_and_pixels(drawn, prices, weighted):
    alpha, beta = prices
    weights_K = np.linspace(0.5, 2, drawn[0].shape[1]) if weighted else np.ones(drawn[0].shape[1])
    value = Tversky(alpha=alpha, beta=beta)(*drawn, torch.from_numpy(weights_K) if weighted else None)
    assert value.item() == pytest.approx(reference(drawn, alpha, beta, weights_K), rel=1e-6, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(scenes())
def test_dice_is_twice_the_overlap_over_both(drawn):
    chances_PK, labels_P = pixels(*drawn)
    costs = []
    for label in np.unique(labels_P):
        overlap = chances_PK[labels_P == label, label].sum()
        costs.append(1 - 2 * overlap / (chances_PK[:, label].sum() + (labels_P == label).sum()))
    assert Dice()(*drawn).item() == pytest.approx(np.mean(costs) if costs else 0, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("present", [[0, 1, 2, 3], [1, 3]])
def test_they_equal_those_of_smp(present):
    logits_BKHW, masks_BHW = scene(1, present=present)
    there = len(present) / 4  # theirs divides by all classes, ours by those that are there
    dice = DiceLoss("multiclass", ignore_index=IGNORED)(logits_BKHW, masks_BHW.long())
    assert Dice()(logits_BKHW, masks_BHW).item() * there == pytest.approx(dice.item(), rel=1e-9)
    tversky = TverskyLoss("multiclass", ignore_index=IGNORED, alpha=0.3, beta=0.7)(logits_BKHW, masks_BHW.long())
    assert Tversky()(logits_BKHW, masks_BHW).item() * there == pytest.approx(tversky.item(), rel=1e-9)


def test_missed_pixels_cost_more_than_false_ones():
    square, half = torch.zeros(1, 4, 4, dtype=torch.uint8), torch.zeros(1, 4, 4, dtype=torch.uint8)
    square[:, :2], half[:, :1] = 1, 1
    only_1_K = torch.tensor([0.0, 1.0])
    missed, false = Tversky()(certain(half, 2), square, only_1_K), Tversky()(certain(square, 2), half, only_1_K)
    assert missed.item() == pytest.approx(1 - 4 / (4 + 0.7 * 4), abs=1e-6)
    assert false.item() == pytest.approx(1 - 4 / (4 + 0.3 * 4), abs=1e-6)


def test_an_absent_class_costs_through_those_it_displaces():
    logits_BKHW, masks_BHW = scene(2, present=[0, 1])
    before = Dice()(logits_BKHW, masks_BHW)
    after = Dice()(logits_BKHW + torch.tensor([0.0, 0.0, 3.0, 0.0])[:, None, None], masks_BHW)
    assert after > before


@pytest.mark.parametrize(("alpha", "beta"), [(-0.1, 1.0), (0.5, 0.0), (float("nan"), 0.5)])
def test_unusable_prices_are_refused(alpha, beta):
    with pytest.raises(RecipeError, match="allowed are alpha >= 0 and beta > 0"):
        Tversky(alpha=alpha, beta=beta)
