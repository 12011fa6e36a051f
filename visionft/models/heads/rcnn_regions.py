"""Regions of images: what a pyramid of maps shows of them, and what is true in them.

Shape suffixes: B batch, C channels, H height, W width, L levels, P regions of any images, N and M boxes of one image,
S, s cells of a side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.ops import roi_align

_LEAST_CELLS = 14  # along a region's sides, of the level that it is cut from: 224 pixels at stride 16
_SAMPLES = 2  # of a cell, along each side
_MOSTLY = 0.5  # of a box
_TINY = 1e-3  # pixels


@dataclass(frozen=True, slots=True)
class PackedPyramid:
    """All levels of a pyramid in one map, so that regions of any size are cut out in one pass over fixed sizes.

    Attributes:
        map_BCHW: the levels below each other, each with a repeated cell all around, float32.
        scales_L2: (x, y) cells per pixel of each level.
        tops_L: first row of each level.
        sizes_L: least size, the root of the area in pixels, of what is cut from each level.
    """

    map_BCHW: Tensor
    scales_L2: Tensor
    tops_L: Tensor
    sizes_L: Tensor

    @classmethod
    def of(cls, levels: Sequence[Tensor], padded: tuple[int, int], strides: Sequence[int]) -> "PackedPyramid":
        """Lay out the levels, BCHW, fine to coarse and with their nominal strides, of an image of (height, width)."""
        widest = max(level.shape[3] for level in levels)
        sheets, tops, scales, top = [], [], [], 1
        for level in levels:
            rows, columns = level.shape[2:]
            sheets.append(F.pad(_edged(level.float()), (0, widest - columns)))
            tops.append(float(top))
            scales.append([columns / padded[1], rows / padded[0]])
            top += rows + 2
        sizes = [0.0, *(float(_LEAST_CELLS * stride) for stride in strides[1:])]
        return cls(torch.cat(sheets, 2), *(torch.tensor(v, device=levels[0].device) for v in (scales, tops, sizes)))

    def cut(self, boxes_P4: Tensor, images_P: Tensor, side: int) -> Tensor:
        """Return parts_PCss, means of the cells of each region, from the level that its area asks for.

        Args:
            boxes_P4: xyxy in pixels, inside the image.
            images_P: which image of the batch each lies in.
            side: cells along each side.

        Source:
            Lin et al. 2017, Feature Pyramid Networks, equation 1 (arXiv:1612.03144); He et al. 2017, Mask R-CNN,
            section 3, RoIAlign (arXiv:1703.06870).
        """
        boxes_P4 = boxes_P4.nan_to_num()  # torchvision would look for them in foreign memory
        sides_P2 = boxes_P4[:, 2:] - boxes_P4[:, :2]
        size_P = (sides_P2[:, 0] * sides_P2[:, 1]).sqrt()
        level_P = (size_P[:, None] >= self.sizes_L[1:]).sum(dim=1)
        shift_P2 = torch.stack([torch.ones_like(size_P), self.tops_L[level_P]], dim=1)  # past the repeated cell
        cells_P4 = boxes_P4 * self.scales_L2[level_P].repeat(1, 2) + shift_P2.repeat(1, 2)
        rows_P5 = torch.cat([images_P[:, None].to(cells_P4), cells_P4], dim=1)
        parts_PCss: Tensor = roi_align(self.map_BCHW, rows_P5, (side, side), 1.0, _SAMPLES, aligned=True)
        return parts_PCss


def project_masks(masks_PSS: Tensor, objects_P4: Tensor, regions_P4: Tensor, side: int) -> Tensor:
    """Return masks_Pss of regions, 1 where at least half of the cell is the object's, else 0.

    Args:
        masks_PSS: 0 or 1, of cells of the object's box.
        objects_P4: that box, xyxy.
        regions_P4: xyxy.
        side: cells along each side of a region.
    """
    margin = 2  # nothing is the object's out there, nor half of it between there and here
    around_P1SS = F.pad(masks_PSS[:, None].float(), (margin, margin, margin, margin))
    low_P4 = objects_P4[:, :2].repeat(1, 2)
    cell_P4 = (objects_P4[:, 2:].repeat(1, 2) - low_P4).clamp(min=_TINY) / masks_PSS.shape[-1]
    index_P1 = torch.arange(len(objects_P4), device=objects_P4.device)[:, None]
    rows_P5 = torch.cat([index_P1, (regions_P4 - low_P4) / cell_P4 + margin], dim=1)
    fractions_P1ss = roi_align(around_P1SS, rows_P5, (side, side), 1.0, _SAMPLES, aligned=True)
    masks_Pss: Tensor = (fractions_P1ss[:, 0] >= 0.5).float()
    return masks_Pss


def mostly_in(boxes_N4: Tensor, others_M4: Tensor) -> Tensor:
    """Return whether half of each box's area or more lies in one of the others."""
    shared_NM2 = torch.minimum(boxes_N4[:, None, 2:], others_M4[:, 2:]) - torch.maximum(
        boxes_N4[:, None, :2], others_M4[:, :2]
    )
    area_N = (boxes_N4[:, 2:] - boxes_N4[:, :2]).prod(dim=1)
    return (shared_NM2.clamp(min=0).prod(dim=2) >= _MOSTLY * area_N[:, None]).any(dim=1)


def _edged(map_BCHW: Tensor) -> Tensor:
    """Repeat the outermost cells once, where a region's edge is interpolated."""
    wider = torch.cat([map_BCHW[..., :1], map_BCHW, map_BCHW[..., -1:]], dim=3)
    return torch.cat([wider[:, :, :1], wider, wider[:, :, -1:]], dim=2)
