"""Masks of Mask R-CNN: against torchvision's loss on whole masks, and against what they must learn.

Shape suffixes: B batch, H height, W width, K classes, N objects or detections, S cells of a side of a mask, R what a
row of results holds.
"""

from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models.detection import roi_heads
from torchvision.ops import MultiScaleRoIAlign, poolers, roi_align

from tests.models.heads.test_rcnn import (
    CHANNELS,
    NOTHING,
    PADDED,
    SIZE,
    STRIDES,
    maps_of,
    narrow,
    one_thread,
    outspoken,
)
from visionft.annotations.marks import CROWD, IGNORE
from visionft.annotations.object_mask import MASK_SIDE
from visionft.batch import InstanceTargets
from visionft.models.heads import HEADS, mask_rcnn
from visionft.models.heads.maps import PaddedMaps

OBJECTS_BN5 = torch.tensor([[[20.0, 20, 84, 60, 1], [4, 10, 44, 66, 0]], [[5, 5, 60, 50, 2], NOTHING]])
FEATURES = PaddedMaps(maps_of(PADDED), PADDED, SIZE)
__all__ = ["narrow", "one_thread"]


def make(classes: int = 3) -> nn.Module:
    torch.manual_seed(0)
    return HEADS["mask_rcnn"](CHANNELS, STRIDES, classes)


def inside(x: Tensor, y: Tensor, box_4: Tensor) -> Tensor:
    """Say which places lie in the ellipse in a box, without its lower right quarter."""
    middle_2, radius_2 = (box_4[:2] + box_4[2:4]) / 2, (box_4[2:4] - box_4[:2]) / 2
    right, below = (x - middle_2[0]) / radius_2[0], (y - middle_2[1]) / radius_2[1]
    return (right**2 + below**2 < 1) & ~((right > 0) & (below > 0))


def in_box(box_4: Tensor, side: int) -> Tensor:
    at_S = (torch.arange(side) + 0.5) / side
    y_SS, x_SS = torch.meshgrid(at_S, at_S, indexing="ij")
    width, height = (box_4[2:4] - box_4[:2]).tolist()
    return inside(box_4[0] + x_SS * width, box_4[1] + y_SS * height, box_4)


def instances(boxes_BN5: Tensor) -> InstanceTargets:
    masks = [[in_box(box_5, MASK_SIDE) for box_5 in rows_N5] for rows_N5 in boxes_BN5]
    return InstanceTargets(boxes_BN5, torch.stack([torch.stack(rows) for rows in masks]).to(torch.uint8))


def flat_masks(head: nn.Module, logits: list[float]) -> nn.Module:
    """Make the masks of each class the same everywhere."""
    nn.init.zeros_(head.masks[1].mask_fcn_logits.weight)
    head.masks[1].mask_fcn_logits.bias.data = torch.tensor(logits)
    return head


def mask_loss(head: nn.Module, targets: InstanceTargets) -> Tensor:
    outputs = head(FEATURES)
    torch.manual_seed(3)
    loss = head.losses(outputs, targets).total
    torch.manual_seed(3)
    return loss - head.boxes.losses(outputs, targets.boxes_BN5).total


def test_the_loss_is_torchvisions_on_whole_masks_but_for_the_cells_on_the_edge(monkeypatch):
    monkeypatch.setattr(mask_rcnn, "_LEARNED", 10**6)
    for module in (poolers, roi_heads):  # torchvision cuts out half a cell, and half a pixel, away
        monkeypatch.setattr(module, "roi_align", partial(roi_align, aligned=True))
    head = make()
    nn.init.normal_(head.masks[1].mask_fcn_logits.weight)
    targets = instances(OBJECTS_BN5)
    outputs = head(FEATURES)
    torch.manual_seed(3)
    _, regions, _ = head.boxes.learn(outputs, targets.boxes_BN5)

    y_HW, x_HW = torch.meshgrid(torch.arange(96) + 0.5, torch.arange(128) + 0.5, indexing="ij")
    whole = [torch.stack([inside(x_HW, y_HW, box_5) for box_5 in rows_N5]) for rows_N5 in OBJECTS_BN5]
    found = [(regions.images_P == image) & (regions.labels_P > 0) for image in range(2)]
    assert min(found_P.sum() for found_P in found) > 4
    boxes = [regions.boxes_P4[found_P] for found_P in found]
    levels = {str(index): level for index, level in enumerate(outputs.levels)}
    logits_PKss = head.masks(MultiScaleRoIAlign(["0", "1", "2", "3"], 14, 2)(levels, boxes, [SIZE] * 2))
    labels = [rows_N5[:, 4].long() for rows_N5 in OBJECTS_BN5]
    rows = [regions.rows_P[found_P] for found_P in found]

    def gradient(loss: Tensor, logits: Tensor) -> Tensor:
        """Return what every cell is taught, over all regions in whatever order."""
        return torch.autograd.grad(loss, logits)[0].sum(dim=0)

    def theirs(masks: list[Tensor]) -> Tensor:
        return roi_heads.maskrcnn_loss(logits_PKss, boxes, masks, labels, rows)

    seen: list[Tensor] = []
    head.masks.register_forward_hook(lambda module, given, result: seen.append(result))
    loss = mask_loss(head, targets)
    torch.testing.assert_close(loss, theirs(whole), rtol=0.02, atol=0)
    taught_Kss = gradient(loss, seen[0])
    near, left, right = (
        (taught_Kss - gradient(theirs([masks_NHW.roll(shift, dims=2) for masks_NHW in whole]), logits_PKss)).abs().sum()
        for shift in (0, -1, 1)
    )
    assert near < 0.05 * taught_Kss.abs().sum()
    assert near < 0.65 * left  # a pixel away, the masks are others already
    assert near < 0.65 * right


def test_masks_that_nobody_knows_are_not_learned():
    head = flat_masks(make(), [2.0, 2.0, 2.0])
    masks_BNSS = torch.zeros(2, 2, MASK_SIDE, MASK_SIDE, dtype=torch.uint8)
    wrong = torch.tensor(2.0).exp().log1p()  # of any cell, where no mask has any
    torch.testing.assert_close(mask_loss(head, InstanceTargets(OBJECTS_BN5, masks_BNSS)), wrong)
    masks_BNSS[0, 1] = IGNORE
    torch.testing.assert_close(mask_loss(head, InstanceTargets(OBJECTS_BN5, masks_BNSS)), wrong)
    assert mask_loss(head, InstanceTargets(OBJECTS_BN5, masks_BNSS * 0 + IGNORE)) == 0


def test_an_object_has_its_own_mask_whatever_stands_before_it():
    head = make()
    nn.init.normal_(head.masks[1].mask_fcn_logits.weight)
    boxes_BN5, masks_BNSS = instances(OBJECTS_BN5)
    crowd_B15 = torch.tensor([[[90.0, 60, 99, 69, CROWD]], [NOTHING]])
    others_B1SS = torch.ones(2, 1, MASK_SIDE, MASK_SIDE, dtype=torch.uint8)
    behind = InstanceTargets(torch.cat([crowd_B15, boxes_BN5], dim=1), torch.cat([others_B1SS, masks_BNSS], dim=1))
    before = InstanceTargets(torch.cat([boxes_BN5, crowd_B15], dim=1), torch.cat([masks_BNSS, others_B1SS], dim=1))
    torch.testing.assert_close(mask_loss(head, behind), mask_loss(head, before))
    mixed = InstanceTargets(before.boxes_BN5, behind.masks_BNSS)
    assert not torch.isclose(mask_loss(head, mixed), mask_loss(head, before))


@pytest.mark.parametrize("label", [NOTHING[4], CROWD, 1])
def test_without_a_mask_every_weight_has_a_gradient(label):
    head = make()
    boxes_BN5 = torch.tensor([[[10.0, 10, 50, 40, label]]]).expand(2, 1, 5)
    masks_BNSS = torch.full((2, 1, MASK_SIDE, MASK_SIDE), IGNORE, dtype=torch.uint8)
    loss = head(FEATURES, InstanceTargets(boxes_BN5, masks_BNSS)).total
    loss.backward()
    assert loss.isfinite()
    assert [name for name, parameter in head.named_parameters() if parameter.grad is None] == []
    assert not any(parameter.grad.any() for parameter in head.masks.parameters())


def test_rows_are_those_of_the_boxes_with_the_masks_of_their_classes():
    head = flat_masks(make(), [-3.0, 0.0, 2.0]).eval()
    outspoken(head.boxes)
    head.boxes.roi_heads.box_predictor.cls_score[1].bias.data[0] = 10.0  # so that some rows are unused
    with torch.no_grad():
        outputs = head(FEATURES)
        found_BNR = head.postprocess(outputs)
        torch.testing.assert_close(found_BNR[..., :6], head.boxes.postprocess(outputs))
    assert found_BNR.shape == (2, 100, 6 + MASK_SIDE**2)
    used_BN = found_BNR[..., 4] > 0
    assert used_BN.any()
    assert not used_BN.all()
    assert not found_BNR[~used_BN].any()
    rows_NR = found_BNR[used_BN]
    assert rows_NR[:, 5].unique().tolist() == [0, 1, 2]
    expected_N = torch.tensor([-3.0, 0, 2]).sigmoid()[rows_NR[:, 5].long()]
    torch.testing.assert_close(rows_NR[:, 6:], expected_N[:, None].expand(-1, MASK_SIDE**2))


def test_masks_of_many_rows_are_made_some_at_a_time(monkeypatch):
    head = make().eval()
    outspoken(head.boxes)
    asked = []
    logits_of = head._logits
    monkeypatch.setattr(head, "_logits", lambda *given: asked.append(len(given[2])) or logits_of(*given))
    with torch.no_grad():
        outputs = head(FEATURES)
        whole_BNR = head.postprocess(outputs)
        monkeypatch.setattr(mask_rcnn, "_AT_ONCE", 30)
        torch.testing.assert_close(head.postprocess(outputs), whole_BNR)
    assert asked == [200, 60, 60, 60, 20]


def test_what_is_no_number_is_left_to_the_loop():
    head, features = make(), PaddedMaps([map_BCHW * float("nan") for map_BCHW in maps_of(PADDED)], PADDED, SIZE)
    assert not head(features, instances(OBJECTS_BN5)).total.isfinite()
    assert head.postprocess(head(features)).shape == (2, 100, 6 + MASK_SIDE**2)


def test_masks_are_computed_in_float32():
    head = make()
    with torch.autocast("cpu", torch.bfloat16):
        losses, outputs = head(FEATURES, instances(OBJECTS_BN5)), head(FEATURES)
    assert losses.total.dtype == torch.float32
    assert head.postprocess(outputs).dtype == torch.float32


def test_it_works_on_the_device_of_its_maps():
    head = make().to("meta").eval()  # mixing it with the CPU's tensors fails, as with a GPU's
    outputs = head(PaddedMaps([map_BCHW.to("meta") for map_BCHW in maps_of(PADDED)], PADDED, SIZE))
    assert head.postprocess(outputs).device.type == "meta"


def test_two_objects_are_learned_with_their_masks():
    padded = (64, 64)
    targets = instances(torch.tensor([[[6.0, 9, 38, 41, 0], [30, 24, 62, 60, 1]]]))
    head = make(classes=2)
    features = PaddedMaps(maps_of(padded, batch=1), padded, padded)  # of a frozen backbone: without gradients
    optimizer = torch.optim.AdamW(head.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (60 - step) / 30))
    for _ in range(60):
        optimizer.zero_grad()
        head(features, targets).total.backward()
        nn.utils.clip_grad_norm_(head.parameters(), 5.0)
        optimizer.step()
        schedule.step()  # at the full rate to the end, how good the masks are would depend on the last steps
    with torch.no_grad():
        best_2R = head.postprocess(head.eval()(features))[0, :2]
    best_2R = best_2R[best_2R[:, 5].argsort()]
    assert best_2R[:, 5].tolist() == [0, 1]
    masks_2SS = best_2R[:, 6:].unflatten(1, (MASK_SIDE, MASK_SIDE)) >= 0.5
    for mask_SS, expected_SS in zip(masks_2SS.numpy(), targets.masks_BNSS[0].numpy() > 0, strict=True):
        assert np.sum(mask_SS & expected_SS) / np.sum(mask_SS | expected_SS) > 0.85
