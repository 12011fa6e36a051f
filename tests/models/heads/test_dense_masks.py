"""The masks of the dense head: where they look, what they learn, and that they learn it.

Shape suffixes: B batch, C channels, N objects, S cells of a side of a mask.
"""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from visionft.annotations.marks import CROWD, IGNORE, PADDING
from visionft.annotations.object_mask import MASK_SIDE
from visionft.batch import InstanceTargets
from visionft.models.heads import dense_masks
from visionft.models.heads.dense_masks import DenseMaskHead
from visionft.models.heads.maps import PaddedMaps
from visionft.models.losses.masks import mask_loss


def brute(map_Chw, box_4, side):
    """Sample a map in a box, one point after another."""
    _, height, width = map_Chw.shape
    found = np.zeros((len(map_Chw), side, side))
    for row in range(side):
        for column in range(side):
            x = (box_4[0] + (box_4[2] - box_4[0]) * (column + 0.5) / side) * width - 0.5
            y = (box_4[1] + (box_4[3] - box_4[1]) * (row + 0.5) / side) * height - 0.5
            x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
            left, top = int(x), int(y)
            right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
            across, down = x - left, y - top
            upper = map_Chw[:, top, left] * (1 - across) + map_Chw[:, top, right] * across
            lower = map_Chw[:, bottom, left] * (1 - across) + map_Chw[:, bottom, right] * across
            found[:, row, column] = upper * (1 - down) + lower * down
    return found


@pytest.mark.parametrize("sample", [dense_masks._sampled, dense_masks._multiplied])
def test_a_box_is_sampled_at_the_centres_of_its_cells(sample):
    generator = torch.Generator().manual_seed(0)
    map_BChw = torch.randn(2, 3, 9, 14, generator=generator)
    shares_BN4 = torch.tensor([[[0.1, 0.2, 0.7, 0.9], [0, 0, 1, 1]], [[-0.2, 0.5, 0.3, 1.4], [0.4, 0.4, 0.41, 0.42]]])
    found_BCNSS = sample(map_BChw, shares_BN4, 5)
    assert found_BCNSS.shape == (2, 3, 2, 5, 5)
    for image in range(2):
        for number in range(2):
            expected = brute(map_BChw[image].numpy(), shares_BN4[image, number].tolist(), 5)
            np.testing.assert_allclose(found_BCNSS[image, :, number].numpy(), expected, atol=1e-5)


def test_the_true_mask_is_seen_from_the_predicted_box():
    """The left half of an object of 40 pixels, from a box that covers its right three quarters and 10 more beyond."""
    masks_BNSS = torch.zeros(1, 2, MASK_SIDE, MASK_SIDE, dtype=torch.uint8)
    masks_BNSS[0, 1, :, : MASK_SIDE // 2] = 1
    truth_BM4, boxes_BM4 = torch.tensor([[[10.0, 20, 50, 60]]]), torch.tensor([[[20.0, 20, 60, 60]]])
    seen_SS = dense_masks._true_masks(masks_BNSS, torch.tensor([[1]]), truth_BM4, boxes_BM4)[0, 0]
    side = len(seen_SS)
    assert (seen_SS[:, : side // 4] == 1).all()
    assert (seen_SS[:, side // 4 :] == 0).all()


def test_what_lies_beyond_the_true_box_is_not_the_objects():
    masks_BNSS = torch.ones(1, 1, MASK_SIDE, MASK_SIDE, dtype=torch.uint8)
    truth_BM4, boxes_BM4 = torch.tensor([[[10.0, 20, 50, 60]]]), torch.tensor([[[30.0, 0, 70, 80]]])
    seen_SS = dense_masks._true_masks(masks_BNSS, torch.tensor([[0]]), truth_BM4, boxes_BM4)[0, 0]
    side = len(seen_SS)
    assert seen_SS[side // 2, 0] == 1
    assert seen_SS[:, side // 2 :].max() == 0
    assert seen_SS.mean().item() == pytest.approx(0.25, abs=0.01)


def test_the_mask_loss_is_the_definition():
    logits_PSS = torch.tensor([[[2.0, -1.0], [0.5, 0.0]]])
    masks_PSS = torch.tensor([[[1.0, 0.0], [0.25, 1.0]]])
    chances = 1 / (1 + np.exp(-logits_PSS.numpy().ravel()))
    truth = masks_PSS.numpy().ravel()
    entropy = -(truth * np.log(chances) + (1 - truth) * np.log(1 - chances)).mean()
    dice = 1 - (2 * (chances * truth).sum() + 1) / ((chances**2).sum() + (truth**2).sum() + 1)
    assert mask_loss(logits_PSS, masks_PSS).item() == pytest.approx(entropy + dice, rel=1e-5)


class Tiny(nn.Module):
    """A backbone of three maps, quick enough to learn in a test."""

    strides = (4, 8, 16)
    channels = (16, 32, 32)

    def __init__(self):
        super().__init__()
        widths = (3, 8, *self.channels)
        self.steps = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.SiLU())
            for before, after in itertools.pairwise(widths)
        )

    def forward(self, images_BCHW):
        maps = []
        for step in self.steps:
            images_BCHW = step(images_BCHW)
            maps.append(images_BCHW)
        return maps[1:]


def seen_by(network, images_BCHW):
    return PaddedMaps(network(images_BCHW), (96, 96), (96, 96))


def scene(seed, size=96):
    """Return an image of two shapes, a ring and a triangle's half of a square, and its targets."""
    draw = np.random.default_rng(seed)
    image_HW = draw.normal(0, 0.1, (size, size))
    y_HW, x_HW = np.mgrid[:size, :size] + 0.5
    boxes, masks = [], []
    for kind, x0 in ((0, 6), (1, 52)):
        side = int(draw.integers(26, 36))
        left, top = x0 + int(draw.integers(0, 6)), int(draw.integers(4, 54))
        u_HW, v_HW = (x_HW - left) / side, (y_HW - top) / side
        away_HW = np.hypot(u_HW - 0.5, v_HW - 0.5)
        inside_HW = (away_HW < 0.5) & (away_HW > 0.2) if kind == 0 else (u_HW < v_HW) & (u_HW > 0) & (v_HW < 1)
        image_HW[inside_HW] += 1.5
        boxes.append([left, top, left + side, top + side, kind])
        at = (np.arange(MASK_SIDE) + 0.5) / MASK_SIDE
        u_SS, v_SS = np.meshgrid(at, at)
        away_SS = np.hypot(u_SS - 0.5, v_SS - 0.5)
        masks.append((away_SS < 0.5) & (away_SS > 0.2) if kind == 0 else u_SS < v_SS)
    return image_HW, np.array(boxes, np.float32), np.array(masks, np.uint8)


def batch_of(seeds):
    images, boxes, masks = zip(*map(scene, seeds), strict=True)
    images_BCHW = torch.tensor(np.stack(images), dtype=torch.float32)[:, None].repeat(1, 3, 1, 1)
    return images_BCHW, InstanceTargets(torch.tensor(np.stack(boxes)), torch.tensor(np.stack(masks)))


def test_masks_are_learned_in_a_minute():
    torch.manual_seed(0)
    network, head = Tiny(), DenseMaskHead(Tiny.channels, Tiny.strides, 2)
    parameters = [*network.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=110)
    for step in range(110):
        images_BCHW, targets = batch_of(range(6 * step, 6 * step + 6))
        loss = head(seen_by(network, images_BCHW), targets).total
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 10.0)
        optimizer.step()
        schedule.step()
    network.eval()
    head.eval()
    images_BCHW, targets = batch_of(range(10_000, 10_010))
    with torch.no_grad():
        found_BNR = head.postprocess(head(seen_by(network, images_BCHW))).numpy()
    overlaps = []
    for found_NR, boxes_N5, masks_NSS in zip(found_BNR, *targets.numpy(), strict=True):
        for box_5, mask_SS in zip(boxes_N5, masks_NSS, strict=True):
            best_R = max(found_NR, key=lambda row_R: row_R[4] * (row_R[5] == box_5[4]))  # used at once
            cells_SS = best_R[6:].reshape(MASK_SIDE, MASK_SIDE) >= 0.5
            overlaps.append((cells_SS & (mask_SS > 0)).sum() / (cells_SS | (mask_SS > 0)).sum())
    assert np.mean(overlaps) > 0.75


def test_objects_without_an_outline_teach_no_mask():
    torch.manual_seed(0)
    network, head = Tiny(), DenseMaskHead(Tiny.channels, Tiny.strides, 2)
    images_BCHW, targets = batch_of([0, 1])
    unknown = targets._replace(masks_BNSS=torch.full_like(targets.masks_BNSS, IGNORE))
    outputs = head(seen_by(network, images_BCHW))
    of_boxes, _ = outputs.dense.losses(targets.boxes_BN5)
    assert outputs.losses(unknown).total.item() == pytest.approx(of_boxes.total.item())
    assert outputs.losses(targets).total > outputs.losses(unknown).total + 0.1
    outputs.losses(unknown).total.backward()
    assert all(parameter.grad is not None for parameter in head.parameters())
    assert head.networks.weight.grad.abs().max() == 0


def test_a_batch_without_objects_teaches_that():
    torch.manual_seed(0)
    network, head = Tiny(), DenseMaskHead(Tiny.channels, Tiny.strides, 2)
    images_BCHW, _ = batch_of([0, 1])
    boxes_BN5 = torch.tensor([[[0.0, 0, 0, 0, PADDING]], [[0, 0, 50, 50, CROWD]]])
    targets = InstanceTargets(boxes_BN5, torch.zeros(2, 1, MASK_SIDE, MASK_SIDE, dtype=torch.uint8))
    loss = head(seen_by(network, images_BCHW), targets).total
    loss.backward()
    assert loss.isfinite()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in head.parameters())
