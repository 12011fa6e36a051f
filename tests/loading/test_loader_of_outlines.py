"""Batches of objects with masks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils.data._utils.pin_memory import pin_memory

from tests.data.folders import write_image
from visionft.annotations.marks import CROWD, IGNORE, PADDING
from visionft.annotations.object_mask import MASK_SIDE
from visionft.annotations.polygons import Polygon
from visionft.batch import InstanceTargets
from visionft.data.records import Sample
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.polygons import Polygons
from visionft.loading.loader import Loader
from visionft.spec import InputSpec

SPEC = InputSpec(height=20, width=24, fit="stretch")  # twice the size of the pictures


def ring(*points):
    return np.array(points, np.float32).tobytes()


LEFT_HALF = Polygon((ring((2, 2), (4, 2), (4, 8), (2, 8)), ring((5, 4), (6, 4), (6, 6), (5, 6))))
FRAME = Polygon((ring((1, 1), (9, 1), (9, 9), (1, 9)), ring((3, 3), (3, 7), (7, 7), (7, 3))))
PICTURES = (
    Polygons(((2, 2, 6, 8), (1, 1, 5, 5)), (0, 1), (False, False), (LEFT_HALF, Polygon())),
    Polygons(),
    Polygons(((1, 1, 9, 9),), (1,), (True,), (FRAME,)),
    Polygons(((1, 1, 9, 9),), (1,), (False,), (FRAME,)),
)


@pytest.fixture
def samples(tmp_path):
    return [
        Sample(f"{at}.png", write_image(tmp_path / f"{at}.png", at, (12, 10)), boxes, "train", size=(12, 10))
        for at, boxes in enumerate(PICTURES)
    ]


def batches(samples, size=4, **options):
    with Loader(samples, SPEC, size, **options) as loader:
        return list(loader.evaluation())


def test_masks_lie_in_the_cells_of_the_boxes(samples):
    (batch,) = batches(samples)
    assert isinstance(batch.targets, InstanceTargets)
    boxes, masks = batch.targets.numpy()
    assert (boxes.shape, masks.shape, masks.dtype) == ((4, 2, 5), (4, 2, MASK_SIDE, MASK_SIDE), np.uint8)
    assert boxes[0].tolist() == [[4, 4, 12, 16, 0], [2, 2, 10, 10, 1]]
    assert boxes[..., 4].tolist() == [[0, 1], [PADDING, PADDING], [CROWD, PADDING], [1, PADDING]]
    half = np.zeros((MASK_SIDE, MASK_SIDE), np.uint8)
    half[:, : MASK_SIDE // 2] = 1
    row, column = (np.arange(MASK_SIDE) + 0.5) / MASK_SIDE * 6 + 2, (np.arange(MASK_SIDE) + 0.5) / MASK_SIDE * 4 + 2
    half[((row > 4) & (row < 6))[:, None] & (column > 5)] = 1
    assert np.array_equal(masks[0, 0], half)
    frame = np.ones((MASK_SIDE, MASK_SIDE), np.uint8)
    frame[MASK_SIDE // 4 : -MASK_SIDE // 4, MASK_SIDE // 4 : -MASK_SIDE // 4] = 0
    assert np.array_equal(masks[3, 0], frame)


def test_unknown_outlines_are_ignored_and_padding_is_empty(samples):
    (batch,) = batches(samples)
    masks = batch.targets.masks_BNSS
    assert (masks[0, 1] == IGNORE).all()
    assert not masks[1].any()
    assert not masks[2:, 1].any()


def test_an_outline_between_the_cells_is_learned_as_a_box(samples):
    hair = Polygon((ring((1, 1), (9, 1), (9, 9), (1, 9)), ring((1.01, 1.01), (1.01, 8.99), (8.99, 8.99), (8.99, 1.01))))
    boxes = Polygons(((1, 1, 5, 5), (1, 1, 9, 9)), (0, 1), (False, False), (Polygon(), hair))
    (batch,) = batches([replace(samples[0], target=boxes)])
    assert (batch.targets.masks_BNSS[0, 1] == IGNORE).all()


def test_a_batch_of_empty_images_has_masks_all_the_same(samples):
    of_one = batches(samples, 1)
    assert [batch.targets.masks_BNSS.shape[:2] for batch in of_one] == [(1, 2), (1, 1), (1, 1), (1, 1)]
    assert not of_one[1].targets.masks_BNSS.any()
    assert of_one[1].targets.boxes_BN5.tolist() == [[[0, 0, 0, 0, PADDING]]]


def test_boxes_without_outlines_stay_a_tensor(samples):
    boxes = [Boxes(sample.target.xyxy, sample.target.labels, sample.target.crowd) for sample in samples]
    plain = [replace(sample, target=target) for sample, target in zip(samples, boxes, strict=True)]
    (batch,), (with_polygons,) = batches(plain), batches(samples)
    assert isinstance(batch.targets, torch.Tensor)
    assert torch.equal(batch.targets, with_polygons.targets.boxes_BN5)


def test_workers_send_the_same(samples):
    for one, other in zip(batches(samples, 3), batches(samples, 3, workers=1), strict=True):
        assert isinstance(other.targets, InstanceTargets)
        assert all(torch.equal(*pair) for pair in zip(one.targets, other.targets, strict=True))


def test_both_parts_are_pinned(samples, monkeypatch):
    """As DataLoader does it where there is a GPU."""
    pinned = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: pinned.append(tensor.shape) or tensor)
    (batch,) = batches(samples)
    _, _, targets = pin_memory(([0], batch.images_BHW3, batch.targets))
    assert isinstance(targets, InstanceTargets)
    assert pinned == [batch.images_BHW3.shape, *(part.shape for part in batch.targets)]
