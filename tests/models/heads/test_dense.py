"""The dense detector's grid."""

import torch

from visionft.models.heads.dense import DenseHead
from visionft.models.heads.maps import PaddedMaps
from visionft.models.losses.assignment import assign


def test_some_cell_sees_an_object_wherever_it_lies():
    """Patches of 14 on a canvas whose sides are no multiple of 32 give cells that are wider than high."""
    height, width = 15 * 14, 37 * 14
    head = DenseHead([8] * 3, [14] * 3, 2).eval()
    with torch.no_grad():
        outputs = head(PaddedMaps([torch.zeros(1, 8, 15, 37)] * 3, (height, width), (height, width)))
    step_x, step_y = outputs.steps_A2[0].tolist()
    assert step_x > step_y
    middles_N2 = torch.rand(2000, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([width, height])
    tiny_N5 = torch.cat([middles_N2 - 0.2, middles_N2 + 0.2, torch.zeros(2000, 1)], dim=1)
    scores_1AK, boxes_1A4 = outputs.logits_BAK.sigmoid(), outputs.boxes()
    for tiny_15 in tiny_N5.split(1):
        found = assign(scores_1AK, boxes_1A4, outputs.centres_A2, tiny_15[None], outputs.finest)
        assert found.weights_BA.any()
