"""What every loss promises."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.losses.scenes import IGNORED, certain, scene, scenes
from visionft.errors import UnknownName
from visionft.models.losses import PIXEL_LOSSES

every_loss = pytest.mark.parametrize("kind", list(PIXEL_LOSSES))
WEIGHTS_K = torch.tensor([0.5, 2.0, 1.0, 0.25])


def gradient(loss, logits_BKHW, *rest):
    value = loss(logits_BKHW, *rest)
    return value, torch.autograd.grad(value, logits_BKHW)[0]


def test_the_names():
    assert list(PIXEL_LOSSES) == ["cross_entropy", "dice", "focal", "lovasz", "tversky"]
    with pytest.raises(UnknownName, match="close: lovasz"):
        PIXEL_LOSSES["lovas"]


def test_listing_names_loads_no_torch():
    program = (
        "import sys; from visionft.models.losses import LOSSES; [*map(list, LOSSES)]; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


@every_loss
@pytest.mark.parametrize("weights_K", [None, WEIGHTS_K])
def test_gradients_equal_finite_differences(kind, weights_K):
    loss = PIXEL_LOSSES[kind]()
    logits_BKHW, masks_BHW = scene(3, present=[0, 1, 3])
    assert torch.autograd.gradcheck(lambda logits: loss(logits, masks_BHW, weights_K), logits_BKHW)


@every_loss
@settings(max_examples=50, deadline=None)
@given(drawn=scenes(), seed=st.integers(0, 2**32 - 1))
def test_what_is_predicted_under_ignored_pixels_does_not_matter(kind, drawn, seed):
    loss = PIXEL_LOSSES[kind]()
    logits_BKHW, masks_BHW = drawn
    ignored_BKHW = (masks_BHW == IGNORED)[:, None].expand(logits_BKHW.shape)
    noise_BKHW = 50 * torch.randn(logits_BKHW.shape, generator=torch.Generator().manual_seed(seed)).double()
    other_BKHW = torch.where(ignored_BKHW, noise_BKHW, logits_BKHW.detach()).requires_grad_()
    value, slope_BKHW = gradient(loss, logits_BKHW, masks_BHW)
    other_value, other_slope_BKHW = gradient(loss, other_BKHW, masks_BHW)
    assert value.item() == other_value.item()
    assert torch.equal(slope_BKHW, other_slope_BKHW)
    assert (slope_BKHW[ignored_BKHW] == 0).all()
    assert torch.isfinite(slope_BKHW).all()
    assert value.item() >= -1e-12


@every_loss
@pytest.mark.parametrize("weights_K", [None, WEIGHTS_K])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_batch_of_ignored_pixels_costs_nothing_and_can_be_learned_from(kind, weights_K, dtype):
    logits_BKHW = torch.randn(2, 4, 3, 3).to(dtype).requires_grad_()
    masks_BHW = torch.full((2, 3, 3), IGNORED, dtype=torch.uint8)
    value, slope_BKHW = gradient(PIXEL_LOSSES[kind](), logits_BKHW, masks_BHW, weights_K)
    assert value.shape == ()
    assert value.item() == 0
    assert torch.equal(slope_BKHW, torch.zeros_like(logits_BKHW))


@every_loss
def test_classes_of_weight_0_alone_cost_nothing(kind):
    logits_BKHW, masks_BHW = scene(3, present=[0, 1])
    value, slope_BKHW = gradient(PIXEL_LOSSES[kind](), logits_BKHW, masks_BHW, torch.tensor([0.0, 0.0, 1.0, 1.0]))
    assert value.item() == 0
    assert (slope_BKHW == 0).all()


@every_loss
def test_the_order_of_images_does_not_matter(kind):
    loss = PIXEL_LOSSES[kind]()
    logits_BKHW, masks_BHW = scene(5, batch=4)
    order = [2, 0, 3, 1]
    shuffled = loss(logits_BKHW[order], masks_BHW[order])
    assert shuffled.item() == pytest.approx(loss(logits_BKHW, masks_BHW).item(), abs=1e-12)


@every_loss
def test_weights_are_relative(kind):
    loss = PIXEL_LOSSES[kind]()
    logits_BKHW, masks_BHW = scene(6, present=[0, 2, 3])
    values = [loss(logits_BKHW, masks_BHW, weights_K).item() for weights_K in (WEIGHTS_K, 7 * WEIGHTS_K)]
    assert values[0] == pytest.approx(values[1], abs=1e-12)
    even = loss(logits_BKHW, masks_BHW, torch.full((4,), 3.0)).item()
    assert even == pytest.approx(loss(logits_BKHW, masks_BHW).item(), abs=1e-12)
    assert abs(values[0] - even) > 1e-4


@every_loss
@pytest.mark.parametrize("present", [[0, 1, 2, 3], [1, 3], [2]])
def test_right_answers_cost_nothing_and_wrong_ones_do(kind, present):
    loss = PIXEL_LOSSES[kind]()
    _, masks_BHW = scene(7, present=present)
    value, slope_BKHW = gradient(loss, certain(masks_BHW, 4), masks_BHW)
    assert value.item() == pytest.approx(0, abs=1e-6)
    assert torch.isfinite(slope_BKHW).all()
    wrong_BHW = torch.where(masks_BHW == IGNORED, masks_BHW, (masks_BHW + 1) % 4)
    value, slope_BKHW = gradient(loss, certain(wrong_BHW, 4), masks_BHW)
    assert value.item() > 0.99
    assert torch.isfinite(slope_BKHW).all()


@every_loss
def test_learning_lowers_the_loss(kind):
    loss = PIXEL_LOSSES[kind]()
    logits_BKHW, masks_BHW = scene(8)
    value, slope_BKHW = gradient(loss, logits_BKHW, masks_BHW)
    step = 1e-3 / slope_BKHW.norm()
    assert loss(logits_BKHW - step * slope_BKHW, masks_BHW) < value


@every_loss
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("autocast", [False, True])
def test_half_precision_logits_are_measured_in_float32(kind, dtype, autocast):
    loss = PIXEL_LOSSES[kind]()
    logits_BKHW, masks_BHW = scene(9)
    half_BKHW = logits_BKHW.detach().to(dtype).requires_grad_()
    with torch.autocast("cpu", dtype, enabled=autocast):
        value, slope_BKHW = gradient(loss, half_BKHW, masks_BHW, WEIGHTS_K.to(dtype))
    assert value.dtype == torch.float32
    assert slope_BKHW.dtype == dtype
    assert value.item() == pytest.approx(loss(half_BKHW.double(), masks_BHW, WEIGHTS_K).item(), rel=1e-5)


@every_loss
def test_many_pixels_are_added_up_without_loss(kind):
    """A running sum of float32 numbers would be wrong in the fifth digit here."""
    generator = torch.Generator().manual_seed(0)
    logits_BKHW = torch.randn((2, 2, 1024, 1024), generator=generator)
    masks_BHW = torch.randint(0, 2, (2, 1024, 1024), generator=generator).to(torch.uint8)
    loss = PIXEL_LOSSES[kind]()
    value, exact = (loss(logits, masks_BHW).item() for logits in (logits_BKHW, logits_BKHW.double()))
    assert value == pytest.approx(exact, rel=2e-6)
