import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from visionft.errors import RecipeError
from visionft.models.losses import VALUE_LOSSES
from visionft.models.losses.regression import Huber

every_loss = pytest.mark.parametrize("kind", list(VALUE_LOSSES))
TORCH = {"mse": F.mse_loss, "l1": F.l1_loss, "huber": F.huber_loss}


def values(seed, images=6, columns=3, missing=0.3):
    """Return float64 predictions that need a gradient, and true values with NaN where nobody knows."""
    generator = torch.Generator().manual_seed(seed)
    predicted_BV, true_BV = 2 * torch.randn((2, images, columns), generator=generator, dtype=torch.float64)
    true_BV[torch.rand(true_BV.shape, generator=generator) < missing] = torch.nan
    return predicted_BV.requires_grad_(), true_BV


def gradient(loss, predicted_BV, *rest):
    value = loss(predicted_BV, *rest)
    return value, torch.autograd.grad(value, predicted_BV)[0]


@every_loss
@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.4, 0.8]))
def test_the_known_values_cost_what_torch_says(kind, seed, missing):
    predicted_BV, true_BV = values(seed, missing=missing)
    known_BV = ~true_BV.isnan()
    value, slope_BV = gradient(VALUE_LOSSES[kind](), predicted_BV, true_BV)
    assert (slope_BV[~known_BV] == 0).all()
    if known_BV.any():
        expected, expected_slope_BV = gradient(lambda it: TORCH[kind](it[known_BV], true_BV[known_BV]), predicted_BV)
        assert value.item() == pytest.approx(expected.item())
        assert torch.allclose(slope_BV, expected_slope_BV)


@pytest.mark.parametrize("delta", [0.1, 1.0, 3.0])
def test_delta_is_torchs(delta):
    predicted_BV, true_BV = values(1, missing=0)
    assert Huber(delta=delta)(predicted_BV, true_BV).item() == pytest.approx(
        F.huber_loss(predicted_BV, true_BV, delta=delta).item()
    )


@pytest.mark.parametrize("delta", [0.0, -1.0, float("nan")])
def test_delta_must_be_positive(delta):
    with pytest.raises(RecipeError, match=r"huber.*more than 0"):
        Huber(delta=delta)


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_batch_of_which_nothing_is_known_costs_nothing_and_can_be_learned_from(kind, dtype):
    predicted_BV = torch.randn(4, 2).to(dtype).requires_grad_()
    value, slope_BV = gradient(VALUE_LOSSES[kind](), predicted_BV, torch.full((4, 2), torch.nan))
    assert (value.shape, value.item()) == ((), 0)
    assert torch.equal(slope_BV, torch.zeros_like(predicted_BV))


@every_loss
def test_weights_are_relative_and_leave_values_out(kind):
    loss = VALUE_LOSSES[kind]()
    predicted_BV, true_BV = values(2)
    weights_V = torch.tensor([1.0, 0.0, 3.0])
    weighted = loss(predicted_BV, true_BV, weights_V).item()
    assert loss(predicted_BV, true_BV, 5 * weights_V).item() == pytest.approx(weighted)
    first, third = (loss(predicted_BV[:, [v]], true_BV[:, [v]]) for v in (0, 2))
    known = [(~true_BV[:, v].isnan()).sum().item() for v in (0, 2)]
    expected = (known[0] * first + 3 * known[1] * third) / (known[0] + 3 * known[1])
    assert weighted == pytest.approx(expected.item())


@every_loss
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_measured_in_float32(kind, dtype):
    loss = VALUE_LOSSES[kind]()
    predicted_BV, true_BV = values(3)
    half_BV = predicted_BV.detach().to(dtype).requires_grad_()
    value, slope_BV = gradient(loss, half_BV, true_BV.float())
    assert (value.dtype, slope_BV.dtype) == (torch.float32, dtype)
    assert value.item() == pytest.approx(loss(half_BV.double(), true_BV).item(), rel=1e-5)


@every_loss
def test_right_answers_cost_nothing_and_learning_lowers_the_loss(kind):
    loss = VALUE_LOSSES[kind]()
    predicted_BV, true_BV = values(4)
    value, slope_BV = gradient(loss, predicted_BV, true_BV)
    assert loss(predicted_BV - 1e-3 / slope_BV.norm() * slope_BV, true_BV) < value
    assert loss(true_BV.nan_to_num(9), true_BV).item() == 0
