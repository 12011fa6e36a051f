"""The weighted sum of losses."""

import pytest
import torch

from tests.models.losses.scenes import scene
from visionft.errors import RecipeError, UnknownName
from visionft.models.losses import PIXEL_LOSSES
from visionft.models.losses.combine import LossSum
from visionft.models.losses.pixelwise import CrossEntropy

WEIGHTS_K = torch.tensor([0.5, 2.0, 1.0, 0.25])


def test_it_is_the_weighted_sum():
    logits_BKHW, masks_BHW = scene(1)
    weights = {"cross_entropy": 1, "dice": 0.5, "lovasz": 0.25, "focal": 2, "tversky": 3}
    expected = sum(weight * PIXEL_LOSSES[name]()(logits_BKHW, masks_BHW, WEIGHTS_K) for name, weight in weights.items())
    assert LossSum(weights)(logits_BKHW, masks_BHW, WEIGHTS_K).item() == pytest.approx(expected.item(), rel=1e-12)


def test_options_reach_their_loss():
    logits_BKHW, masks_BHW = scene(2)
    loss = LossSum({"cross_entropy": 2.0}, {"cross_entropy": {"label_smoothing": 0.1}})
    expected = 2 * CrossEntropy(label_smoothing=0.1)(logits_BKHW, masks_BHW)
    assert loss(logits_BKHW, masks_BHW).item() == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize(
    ("weights", "options", "part"),
    [
        ({}, {}, "none given; allowed are one or more of cross_entropy, dice"),
        ({"dice": 0}, {}, "'dice': its weight is 0"),
        ({"dice": -1.0}, {}, "its weight is -1"),
        ({"dice": float("nan")}, {}, "its weight is nan"),
        ({"dice": float("inf")}, {}, "its weight is inf"),
        ({"dice": 1.0}, {"focal": {"gamma": 1.0}}, "'focal': has options but no weight"),
    ],
)
def test_unusable_sums_are_refused(weights, options, part):
    with pytest.raises(RecipeError, match=part):
        LossSum(weights, options)


def test_unknown_names_are_refused():
    with pytest.raises(UnknownName, match="loss 'dise': no such loss; close: dice"):
        LossSum({"cross_entropy": 1.0, "dise": 1.0})
