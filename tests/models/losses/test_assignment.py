"""Task-aligned assignment, against a loop over objects and cells.

Shape suffixes: B batch, N objects, A cells, K classes.
"""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import box_iou

from visionft.annotations.marks import CROWD, PADDING
from visionft.models.losses.assignment import assign

SIDE, CELL, CLASSES, BEST = 64, 8, 3, 13


def centres() -> torch.Tensor:
    line = (torch.arange(SIDE // CELL) + 0.5) * CELL
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], dim=-1).flatten(0, 1)


def predictions(seed: int, images: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    cells = len(centres())
    reach = torch.rand(images, cells, 4, generator=generator) * 20 + 2
    boxes = torch.cat([centres() - reach[..., :2], centres() + reach[..., 2:]], dim=-1)
    return torch.rand(images, cells, CLASSES, generator=generator), boxes


def objects(seed: int, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    low = torch.rand(count, 2, generator=generator) * 40
    sides = torch.rand(count, 2, generator=generator) * 22 + 1
    labels = torch.randint(0, CLASSES, (count, 1), generator=generator)
    return torch.cat([low, low + sides, labels], dim=1)


def reference(scores_AK, boxes_A4, truth_N5):
    """Return the target scores, one cell at a time."""
    rows = [row for row in truth_N5.tolist() if row[4] >= 0]
    alignment, iou = {}, {}
    for number, (left, top, right, bottom, label) in enumerate(rows):
        overlaps = box_iou(torch.tensor([[left, top, right, bottom]]), boxes_A4)[0].tolist()
        inside = []
        for cell, (x, y) in enumerate(centres().tolist()):
            wide, high = max(right - left, CELL), max(bottom - top, CELL)
            if abs(x - (left + right) / 2) <= wide / 2 and abs(y - (top + bottom) / 2) <= high / 2:
                inside.append((scores_AK[cell, int(label)].item() * overlaps[cell] ** 6, cell))
        for value, cell in sorted(inside, reverse=True)[:BEST]:
            alignment[number, cell], iou[number, cell] = value, overlaps[cell]
    owner = {}
    for number, cell in alignment:
        if cell not in owner or iou[number, cell] > iou[owner[cell], cell]:
            owner[cell] = number
    targets = torch.zeros_like(scores_AK)
    for cell, number in owner.items():
        mine = [c for c, n in owner.items() if n == number]
        top = max(alignment[number, c] for c in mine)
        best_iou = max(iou[number, c] for c in mine)
        if top > 0:
            targets[cell, int(rows[number][4])] = alignment[number, cell] / top * best_iou
    return targets


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 6), st.integers(0, 6))
def test_targets_are_those_of_a_loop(seed, first, second):
    scores_BAK, boxes_BA4 = predictions(seed)
    most = max(first, second, 1)
    truth_BN5 = torch.zeros(2, most, 5)
    truth_BN5[..., 4] = PADDING
    for image, count in enumerate((first, second)):
        truth_BN5[image, :count] = objects(seed + image, count)
    found = assign(scores_BAK, boxes_BA4, centres(), truth_BN5, CELL)
    expected = torch.stack([reference(*given) for given in zip(scores_BAK, boxes_BA4, truth_BN5, strict=True)])
    assert torch.allclose(found.targets_BAK, expected, atol=1e-5)
    assert torch.allclose(found.weights_BA, expected.amax(dim=2), atol=1e-5)
    assert not found.ignored_BA.any()


def test_an_object_smaller_than_a_cell_is_seen_by_one_even_when_first_guesses_are_far_off():
    scores_BAK = torch.full((1, len(centres()), CLASSES), 0.01)
    boxes_BA4 = torch.cat([centres() - 60, centres() + 60], dim=1)[None]
    tiny_115 = torch.tensor([[[8.5, 8.5, 10.0, 10.0, 1.0]]])
    found = assign(scores_BAK, boxes_BA4, centres(), tiny_115, CELL)
    learning = found.weights_BA[0].nonzero()[:, 0].tolist()
    assert learning
    assert found.targets_BAK[0, learning, 1].max() == box_iou(tiny_115[0, :, :4], boxes_BA4[0, learning]).max()


def test_cells_of_a_crowd_are_not_learned_unless_an_object_has_them():
    scores_BAK, boxes_BA4 = predictions(0, images=1)
    truth_125 = torch.tensor([[[0.0, 0, 32, 32, CROWD], [10, 10, 30, 30, 2]]])
    found = assign(scores_BAK, boxes_BA4, centres(), truth_125, CELL)
    in_crowd = (centres() < 32).all(dim=1)
    taken = found.weights_BA[0] > 0
    assert taken.any()
    assert torch.equal(found.ignored_BA[0], in_crowd & ~taken)
