"""Suppression inside the graph, against torchvision's greedy NMS."""

from math import inf

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import batched_nms

from visionft.models.heads import nms
from visionft.models.heads.nms import candidates_for, select_detections

IOU = 0.6


def crowded(seed: int, cells: int, classes: int, span: float) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    low = torch.rand(2, cells, 2, generator=generator) * span
    boxes_BA4 = torch.cat([low, low + 20 + torch.rand(2, cells, 2, generator=generator) * 10], dim=2)
    return torch.rand(2, cells, classes, generator=generator), boxes_BA4


def greedy(scores_AK, boxes_A4, most):
    classes = scores_AK.shape[1]
    scores, pairs = scores_AK.flatten().topk(min(candidates_for(most), scores_AK.shape[0]))
    boxes, labels = boxes_A4[pairs // classes], pairs % classes
    kept = batched_nms(boxes, scores, labels, IOU)
    rows = torch.cat([boxes, scores[:, None], labels[:, None].float()], dim=1)[kept]
    return rows[rows[:, 4] >= 1e-3][:most]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**31),
    st.integers(1, 400),
    st.integers(1, 4),
    st.sampled_from([5.0, 60.0, 400.0]),
    st.sampled_from([10, 100, 300]),
)
def test_it_keeps_what_greedy_suppression_keeps(seed, cells, classes, span, rows):
    scores_BAK, boxes_BA4 = crowded(seed, cells, classes, span)
    found_BN6 = select_detections(scores_BAK, boxes_BA4, IOU, rows)
    for found_N6, scores_AK, boxes_A4 in zip(found_BN6, scores_BAK, boxes_BA4, strict=True):
        expected = greedy(scores_AK, boxes_A4, rows)
        assert torch.equal(found_N6[: len(expected)], expected)
        assert not found_N6[len(expected) :].any()


def test_a_chain_in_which_each_box_suppresses_the_next_is_settled():
    links = 12
    left = torch.arange(links, dtype=torch.float32) * 4
    boxes_1A4 = torch.stack([left, torch.zeros(links), left + 20, torch.full((links,), 20.0)], dim=1)[None]
    scores_1A1 = torch.linspace(0.9, 0.5, links)[None, :, None]
    found_N6 = select_detections(scores_1A1, boxes_1A4, IOU)[0]
    assert found_N6[found_N6[:, 4] > 0][:, 0].tolist() == left[::2].tolist()


def test_where_no_box_has_to_go_none_is_compared(monkeypatch):
    scores_BAK, boxes_BA4 = crowded(3, 50, 2, 5.0)
    expected_BN6 = select_detections(scores_BAK, boxes_BA4, 2.0)  # nothing overlaps by more than one
    monkeypatch.setattr(nms, "survivors", None)
    assert torch.equal(select_detections(scores_BAK, boxes_BA4, inf), expected_BN6)


def test_boxes_of_which_nothing_is_left_are_no_detections():
    boxes_1A4 = torch.tensor([[[0.0, 0, 10, 10], [40, 5, 40, 15], [5, 20, 15, 20.05]]])
    found_N6 = select_detections(torch.tensor([[[0.5], [0.9], [0.8]]]), boxes_1A4)[0]
    assert torch.allclose(found_N6, torch.tensor([[0.0, 0, 10, 10, 0.5, 0], [0] * 6, [0] * 6]))


def test_classes_do_not_suppress_each_other_and_low_scores_are_no_detections():
    boxes_1A4 = torch.tensor([[[0.0, 0, 10, 10], [0, 0, 10, 10]]])
    scores_1AK = torch.tensor([[[0.9, 0.0], [0.0, 0.8]]])
    found_N6 = select_detections(scores_1AK, boxes_1A4)[0]
    assert torch.allclose(found_N6, torch.tensor([[0.0, 0, 10, 10, 0.9, 0], [0, 0, 10, 10, 0.8, 1]]))
    assert not select_detections(scores_1AK * 1e-3, boxes_1A4).any()
