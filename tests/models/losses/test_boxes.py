"""Overlap and losses of boxes, against torchvision and by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import box_iou, generalized_box_iou

from visionft.models.losses.boxes import distance_loss, giou_loss, pairwise_iou


def draw_boxes(seed: int, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    low = torch.rand(count, 2, generator=generator) * 80
    return torch.cat([low, low + torch.rand(count, 2, generator=generator) * 60 + 0.5], dim=1)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 9), st.integers(1, 9))
def test_iou_of_every_pair_is_torchvisions(seed, n, m):
    boxes_N4, others_M4 = draw_boxes(seed, n), draw_boxes(seed + 1, m)
    assert torch.allclose(pairwise_iou(boxes_N4[None], others_M4[None])[0], box_iou(boxes_N4, others_M4), atol=1e-6)


def test_empty_boxes_overlap_nothing():
    empty_124 = torch.tensor([[[5.0, 5, 5, 5], [0, 0, 10, 10]]])
    assert pairwise_iou(empty_124, empty_124)[0].tolist() == [[0, 0], [0, 1]]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_giou_is_torchvisions_and_pulls_distant_boxes_together(seed):
    boxes_N4, truth_N4 = draw_boxes(seed, 7).requires_grad_(), draw_boxes(seed + 1, 7)
    loss_N = giou_loss(boxes_N4, truth_N4)
    assert torch.allclose(loss_N, 1 - generalized_box_iou(boxes_N4, truth_N4).diagonal(), atol=1e-5)
    apart = giou_loss(boxes_N4, truth_N4 + 500).sum()
    apart.backward()
    assert (boxes_N4.grad.abs().sum(dim=1) > 0).all()


def test_distances_between_two_bins_are_learned_as_a_mixture_of_both():
    logits_145 = torch.log(torch.tensor([0.05, 0.6, 0.25, 0.05, 0.05])).expand(1, 4, 5)
    at_14 = torch.tensor([[1.0, 1.25, 2.0, -3.0]])
    by_hand = [
        -torch.log(torch.tensor(0.6)),
        -0.75 * torch.log(torch.tensor(0.6)) - 0.25 * torch.log(torch.tensor(0.25)),
        -torch.log(torch.tensor(0.25)),
        -torch.log(torch.tensor(0.05)),
    ]
    assert distance_loss(logits_145, at_14).item() == pytest.approx(sum(by_hand).item() / 4, rel=1e-6)


def test_a_distance_beyond_the_last_bin_asks_for_the_last():
    logits_145 = torch.zeros(1, 4, 5, requires_grad=True)
    distance_loss(logits_145, torch.full((1, 4), 99.0)).sum().backward()
    assert (logits_145.grad[..., 4] < 0).all()
    assert (logits_145.grad[..., :3] > 0).all()
