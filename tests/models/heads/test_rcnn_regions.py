"""Cutting out regions, against torchvision's pooling of several levels, and masks against shapes known by formula.

Shape suffixes: B batch, C channels, H height, W width, P regions, S, s cells of a side.
"""

from functools import partial

import pytest
import torch
from torchvision.ops import MultiScaleRoIAlign, poolers, roi_align

from visionft.models.heads.rcnn_regions import PackedPyramid, mostly_in, project_masks

STRIDES = (4, 8, 16, 32)


def regions(number: int, padded: tuple[int, int], seed: int) -> torch.Tensor:
    """Return boxes of all sizes; some touch the image's sides."""
    generator = torch.Generator().manual_seed(seed)
    far = torch.tensor([padded[1], padded[0]], dtype=torch.float32)
    low_P2, high_P2 = (torch.rand(number, 2, generator=generator) * 1.3 - 0.15 for _ in range(2))
    ends = torch.stack([low_P2, high_P2]).clamp(0, 1) * far
    return torch.cat([ends.amin(dim=0), ends.amax(dim=0)], dim=1)


@pytest.mark.parametrize("seed", range(3))
def test_regions_are_cut_out_as_torchvision_pools_them(seed, monkeypatch):
    padded = (640, 768)  # so that all four levels are asked
    generator = torch.Generator().manual_seed(seed)
    levels = [torch.randn(2, 3, padded[0] // s, padded[1] // s, generator=generator) for s in STRIDES]
    boxes = [regions(40, padded, seed), regions(30, padded, seed + 10)]
    monkeypatch.setattr(poolers, "roi_align", partial(roi_align, aligned=True))
    pool = MultiScaleRoIAlign([str(s) for s in STRIDES], 7, 2)
    expected = pool({str(s): level for s, level in zip(STRIDES, levels, strict=True)}, boxes, [padded, padded])
    assert len(pool.map_levels([torch.cat(boxes)]).unique()) == 4

    images_P = torch.arange(2).repeat_interleave(torch.tensor([40, 30]))
    found = PackedPyramid.of(levels, padded, STRIDES).cut(torch.cat(boxes), images_P, 7)

    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_a_region_is_cut_out_where_it_lies_however_many_pixels_a_cell_has():
    padded = (60, 90)
    levels = []
    for rows, columns in ((16, 22), (8, 11), (4, 6), (2, 3)):  # as of a backbone with patches of 14 pixels
        y_H, x_W = ((torch.arange(n) + 0.5) / n * pixels for n, pixels in ((rows, padded[0]), (columns, padded[1])))
        levels.append(torch.stack(torch.meshgrid(y_H, x_W, indexing="ij"))[None])  # what a cell shows is its place
    boxes_P4 = torch.tensor([[20.0, 12, 55, 40], [31, 20, 34.5, 27]])
    parts_PCss = PackedPyramid.of(levels, padded, STRIDES).cut(boxes_P4, torch.zeros(2), 7)
    at_7 = (torch.arange(7) + 0.5) / 7
    for part_Css, (left, top, right, bottom) in zip(parts_PCss, boxes_P4, strict=True):
        torch.testing.assert_close(part_Css[0], (top + at_7 * (bottom - top))[:, None].expand(7, 7))
        torch.testing.assert_close(part_Css[1], (left + at_7 * (right - left)).expand(7, 7))


def ellipse(at_SS2: torch.Tensor) -> torch.Tensor:
    return ((at_SS2 - torch.tensor([40.0, 30])) / torch.tensor([24.0, 15])).square().sum(dim=-1) < 1


def places(box_4: torch.Tensor, side: int) -> torch.Tensor:
    """Return the centres (x, y) of the cells of a box."""
    at_S = (torch.arange(side) + 0.5) / side
    y_SS, x_SS = torch.meshgrid(at_S, at_S, indexing="ij")
    return box_4[:2] + torch.stack([x_SS, y_SS], dim=-1) * (box_4[2:] - box_4[:2])


def test_masks_of_objects_become_those_of_regions():
    object_4 = torch.tensor([16.0, 15, 64, 45])
    regions_P4 = torch.tensor([[16.0, 15, 64, 45], [10, 20, 50, 60], [30, 5, 60, 40], [0, 0, 90, 70]])
    masks_PSS = ellipse(places(object_4, 56)).to(torch.uint8).expand(4, 56, 56)
    found_Pss = project_masks(masks_PSS, object_4.expand(4, 4), regions_P4, 28)
    assert set(found_Pss.unique().tolist()) == {0, 1}
    for found_ss, region_4 in zip(found_Pss, regions_P4, strict=True):
        wrong_ss = found_ss.bool() != ellipse(places(region_4, 28))
        assert wrong_ss.float().mean() < 0.015  # of cells that the edge goes through


def test_nothing_outside_of_an_objects_box_is_its_own():
    full_1SS = torch.ones(1, 56, 56, dtype=torch.uint8)
    found_ss = project_masks(full_1SS, torch.tensor([[10.0, 10, 24, 24]]), torch.tensor([[3.0, 3, 31, 31]]), 28)[0]
    expected_ss = torch.zeros(28, 28)
    expected_ss[7:21, 7:21] = 1
    assert torch.equal(found_ss, expected_ss)


def test_places_that_are_none_are_cut_out_as_well():
    packed = PackedPyramid.of([torch.ones(1, 1, 64 // s, 64 // s) for s in STRIDES], (64, 64), STRIDES)
    nan = float("nan")
    parts_PCss = packed.cut(torch.tensor([[nan] * 4, [0, nan, 9, nan], [5, 5, 5, 5]]), torch.zeros(3), 7)
    assert parts_PCss.isfinite().all()
    full_1SS, point_14 = torch.ones(1, 56, 56), torch.full((1, 4), 7.0)
    for region in ([0.0, 0, 9, 9], [7.0] * 4):
        assert project_masks(full_1SS, point_14, torch.tensor([region]), 28).shape == (1, 28, 28)


def test_a_box_lies_mostly_in_another_when_half_of_it_does():
    boxes_N4 = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 20], [0, 0, 10, 21], [90, 0, 99, 10]])
    crowds_M4 = torch.tensor([[-50.0, -50, -40, -40], [0, 0, 50, 10]])
    assert mostly_in(boxes_N4, crowds_M4).tolist() == [True, True, False, False]
    assert not mostly_in(boxes_N4, crowds_M4[:0]).any()
