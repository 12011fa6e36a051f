"""The engine for whole batches: torch operations, the same on a CPU and a GPU.

What is computed is said in ``arithmetic.py``; masks and images agree with the CPU engine's to the rounding.

Shape suffixes: B images, C = 3 colour channels (RGB), H height, W width, P pixels (H * W), M boxes, K numbers of a
place: x, y and, in perspective, what they are divided by; 2 (x, y); 4 left, top, right, bottom.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from visionft.annotations.marks import IGNORE
from visionft.augment.arithmetic import (
    ERASED,
    LUMA,
    RADIUS,
    STEP,
    averaged,
    blur_kernel,
    colour_parts,
    gamma_table,
    noise_step,
)
from visionft.augment.warp import RGB
from visionft.augment_params import AugmentParams
from visionft.imaging.normalization import byte_statistics

_CACHED = 1 << 16  # pixels that a CPU changes at once, so that they stay in its cache


@dataclass(frozen=True, slots=True)
class Normalised:
    """Images as a network takes them: (B, 3, H, W), in the memory format channels_last.

    Attributes:
        mean: per channel, of values scaled to 0..1.
        std: per channel, of values scaled to 0..1.
        dtype: of the result.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    dtype: torch.dtype = torch.float32


def augment_batch(
    images_BHW3: Tensor,
    batch_params: Sequence[AugmentParams],
    *,
    fill: RGB | None = None,
    masks_BHW: Tensor | None = None,
    normalised: Normalised | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Augment a batch of images and masks by their parameters, on the device where they lie.

    Args:
        images_BHW3: uint8 RGB canvases.
        batch_params: one of each, drawn for their size; none that ``needs_cpu``.
        fill: what is beyond the edges of images, where masks have ``IGNORE``; None mirrors both there.
        masks_BHW: uint8 class indices, where there are masks.
        normalised: how the images shall be; None for uint8 as they came.

    Returns:
        New images, and masks.

    Raises:
        ValueError: a change can only be done on the CPU, or there is not one for each image.
    """
    if len(batch_params) != len(images_BHW3):
        raise ValueError(f"{len(images_BHW3)} images and {len(batch_params)} changes")
    if any(params.needs_cpu for params in batch_params):
        raise ValueError("JPEG is done by the CPU engine only; ask AugmentParams.needs_cpu before")
    number, height, width, _ = images_BHW3.shape
    if normalised is None:
        found_BHW3 = torch.empty_like(images_BHW3, memory_format=torch.contiguous_format)
    else:  # channels_last is this layout, seen otherwise
        found_BHW3 = images_BHW3.new_empty(images_BHW3.shape, dtype=normalised.dtype)
    found_BHW = None if masks_BHW is None else torch.empty_like(masks_BHW, memory_format=torch.contiguous_format)
    at_once = number if images_BHW3.is_cuda else max(1, _CACHED // (height * width))
    for start in range(0, number, at_once):
        part = slice(start, start + at_once)
        images_BCHW = _images(images_BHW3[part], batch_params[part], fill)
        if normalised is not None:
            statistics = byte_statistics(normalised.mean, normalised.std)
            mean_C11, std_C11 = (images_BCHW.new_tensor(each).view(3, 1, 1) for each in statistics)
            images_BCHW.sub_(mean_C11).div_(std_C11)
        found_BHW3[part].copy_(images_BCHW.permute(0, 2, 3, 1))
        if masks_BHW is not None and found_BHW is not None:
            found_BHW[part].copy_(_masks(masks_BHW[part], batch_params[part], fill))
    return found_BHW3 if normalised is None else found_BHW3.permute(0, 3, 1, 2), found_BHW


def _images(images_BHW3: Tensor, batch_params: Sequence[AugmentParams], fill: RGB | None) -> Tensor:
    """Return images_BCHW of whole numbers as float32."""
    plain_BCHW = images_BHW3.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
    images_BCHW = _moved(plain_BCHW, batch_params, fill)
    images_BCHW = _recoloured(images_BCHW, batch_params, plain_BCHW)
    for flags, step in (
        ([params.gamma != 1 for params in batch_params], _gamma),
        ([params.blur > 0 for params in batch_params], _blurred),
        ([params.noise > 0 for params in batch_params], _noisy),
        ([bool(params.erase_boxes) for params in batch_params], _erased),
    ):
        chosen = [index for index, wanted in enumerate(flags) if wanted]
        if len(chosen) == len(batch_params):
            images_BCHW = step(images_BCHW, batch_params)
        elif chosen:
            indices = torch.tensor(chosen, device=images_BCHW.device)
            changed_BCHW = step(images_BCHW[indices], [batch_params[index] for index in chosen])
            if images_BCHW is plain_BCHW:
                images_BCHW = images_BCHW.clone()
            images_BCHW[indices] = changed_BCHW
    return images_BCHW


def _masks(masks_BHW: Tensor, batch_params: Sequence[AugmentParams], fill: RGB | None) -> Tensor:
    height, width = masks_BHW.shape[1:]
    x_BHW, y_BHW = _places(batch_params, masks_BHW, np.eye(3)).floor_().long().unbind(3)
    if fill is None:
        x_BHW, y_BHW = x_BHW % (2 * width), y_BHW % (2 * height)
        x_BHW, y_BHW = torch.minimum(x_BHW, 2 * width - 1 - x_BHW), torch.minimum(y_BHW, 2 * height - 1 - y_BHW)
    places_BHW = y_BHW.clamp(0, height - 1) * width + x_BHW.clamp(0, width - 1)
    found_BHW = masks_BHW.flatten(1).gather(1, places_BHW.flatten(1)).view_as(masks_BHW)
    beyond_BHW = (x_BHW < 0) | (x_BHW >= width) | (y_BHW < 0) | (y_BHW >= height)
    return found_BHW.masked_fill_(beyond_BHW, IGNORE)


def _moved(images_BCHW: Tensor, batch_params: Sequence[AugmentParams], fill: RGB | None) -> Tensor:
    """Return warped images, in whole numbers."""
    if all(params.is_identity for params in batch_params):
        return images_BCHW
    finer = [averaged(params) for params in batch_params]
    if not any(finer):
        return _sampled(images_BCHW, batch_params, fill)
    if all(finer):
        return _halved(_sampled(images_BCHW, batch_params, fill, times=2))
    found_BCHW = torch.empty_like(images_BCHW)
    for kind in (False, True):
        chosen = [index for index, fine in enumerate(finer) if fine == kind]
        indices = torch.tensor(chosen, device=images_BCHW.device)
        found_BCHW[indices] = _moved(images_BCHW[indices], [batch_params[index] for index in chosen], fill)
    return found_BCHW


def _halved(images_BCHW: Tensor) -> Tensor:
    return F.avg_pool2d(images_BCHW, 2).add_(0.5).floor_()


def _sampled(images_BCHW: Tensor, batch_params: Sequence[AugmentParams], fill: RGB | None, times: int = 1) -> Tensor:
    """Sample images at where the pixels' centres were, on a canvas with ``times`` the pixels each way."""
    height, width = images_BCHW.shape[2:]
    unit = np.array([[2 / width, 0, -1], [0, 2 / height, -1], [0, 0, 1]])  # grid_sample counts from -1 to 1
    places_BHW2 = _places(batch_params, images_BCHW, unit, times)
    if fill is None:
        return F.grid_sample(images_BCHW, places_BHW2, "bilinear", "reflection", align_corners=False).round_()
    fill_C11 = images_BCHW.new_tensor(fill).view(-1, 1, 1)
    found_BCHW = F.grid_sample(images_BCHW - fill_C11, places_BHW2, "bilinear", "zeros", align_corners=False)
    return found_BCHW.add_(fill_C11).round_()


def _places(batch_params: Sequence[AugmentParams], images: Tensor, unit: NDArray[np.float64], times: int = 1) -> Tensor:
    """Return the places of pixel centres before the warp, in a unit (a matrix that acts on pixels)."""
    height, width = images.shape[-2:]
    back_B33 = np.linalg.inv(np.stack([params.matrix for params in batch_params]))
    canvas = np.diag([1 / times, 1 / times, 1.0])
    parts = 2 if all(params.affine for params in batch_params) else 3
    matrices_BK3 = torch.from_numpy((unit @ back_B33 @ canvas)[:, :parts].astype(np.float32))
    across_BK, down_BK, start_BK = matrices_BK3.to(images.device, non_blocking=True).unbind(2)
    columns_W = torch.arange(times * width, device=images.device) + 0.5
    rows_H = torch.arange(times * height, device=images.device) + 0.5
    rows_BH1K = (rows_H[:, None] * down_BK[:, None] + start_BK[:, None])[:, :, None]
    columns_B1WK = (columns_W[:, None] * across_BK[:, None])[:, None]
    places_BHWK = rows_BH1K + columns_B1WK
    return places_BHWK if parts == 2 else places_BHWK[..., :2] / places_BHWK[..., 2:]


def _recoloured(images_BCHW: Tensor, batch_params: Sequence[AugmentParams], plain_BCHW: Tensor) -> Tensor:
    """Change colours; sums of products are exact in any order, and written out so that none are in TF32."""
    matrices_B33, fractions_B = colour_parts(batch_params)
    if not fractions_B.any() and (matrices_B33 == np.eye(3)).all():
        return images_BCHW
    matrices = torch.from_numpy(matrices_B33.astype(np.float32)).to(images_BCHW.device, non_blocking=True)
    offsets_B = colour_offsets(fractions_B, plain_BCHW.mean((2, 3)))
    found_BCHW = torch.empty_like(images_BCHW)
    for channel in range(3):
        found_BHW = torch.mul(images_BCHW[:, 0], matrices[:, channel, 0, None, None], out=found_BCHW[:, channel])
        found_BHW.addcmul_(images_BCHW[:, 1], matrices[:, channel, 1, None, None])
        found_BHW.addcmul_(images_BCHW[:, 2], matrices[:, channel, 2, None, None])
    return found_BCHW.add_((offsets_B + 0.5)[:, None, None, None]).floor_().clamp_(0, 255)


def colour_offsets(fractions_B: NDArray[np.float64], means_B3: Tensor) -> Tensor:
    """Return what is added to all colours of each image, see ``arithmetic.colour_matrix``."""
    fractions, luma_3 = (
        torch.from_numpy(array).to(means_B3.device, non_blocking=True) for array in (fractions_B, LUMA)
    )
    return ((fractions * (means_B3.double() * luma_3).sum(1) * STEP + 0.5).floor_() / STEP).float()


def _gamma(images_BCHW: Tensor, batch_params: Sequence[AugmentParams]) -> Tensor:
    tables_BV = torch.from_numpy(np.stack([gamma_table(params.gamma) for params in batch_params]))
    tables_BV = tables_BV.to(images_BCHW.device, torch.float32, non_blocking=True)
    return tables_BV.gather(1, images_BCHW.flatten(1).long()).view_as(images_BCHW)


def _blurred(images_BCHW: Tensor, batch_params: Sequence[AugmentParams]) -> Tensor:
    """Blur columns, then rows, without TF32 and exact until the end."""
    kernels_BK = torch.from_numpy(np.stack([blur_kernel(params.blur) for params in batch_params]).astype(np.float32))
    kernels_BK = kernels_BK.to(images_BCHW.device, non_blocking=True)
    for axis in (2, 3):
        side = images_BCHW.shape[axis]
        places = torch.arange(-RADIUS, side + RADIUS, device=images_BCHW.device)
        period = max(1, 2 * (side - 1))
        places = side - 1 - (places % period - (side - 1)).abs()
        padded_BCHW = images_BCHW.index_select(axis, places)
        images_BCHW = torch.zeros_like(images_BCHW)
        for place in range(2 * RADIUS + 1):
            images_BCHW.addcmul_(padded_BCHW.narrow(axis, place, side), kernels_BK[:, place, None, None, None])
    return images_BCHW.round_()


def _noisy(images_BCHW: Tensor, batch_params: Sequence[AugmentParams]) -> Tensor:
    height, width = images_BCHW.shape[2:]
    device = images_BCHW.device
    seeds_B1 = torch.tensor([[params.noise_seed] for params in batch_params], device=device)
    steps_B1 = torch.from_numpy(np.array([[noise_step(params)] for params in batch_params]))
    steps_B1 = steps_B1.to(device, non_blocking=True)
    bits_BP = torch.arange(height * width, device=device) ^ seeds_B1  # 64 bits, of which the lower 32 are meant
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        bits_BP = ((bits_BP ^ bits_BP >> shift) * factor) & 0xFFFFFFFF
    bits_BP = bits_BP ^ bits_BP >> 16
    total_BP = (bits_BP & 255) + (bits_BP >> 8 & 255) + (bits_BP >> 16 & 255) + (bits_BP >> 24) - 510
    noise_BP = (total_BP.float() * steps_B1).add_(0.5).floor_()
    return (images_BCHW + noise_BP.view(-1, 1, height, width)).clamp_(0, 255)


def _erased(images_BCHW: Tensor, batch_params: Sequence[AugmentParams]) -> Tensor:
    height, width = images_BCHW.shape[2:]
    most = max(len(params.erase_boxes) for params in batch_params)
    boxes = [[*params.erase_boxes, *[(0, 0, 0, 0)] * (most - len(params.erase_boxes))] for params in batch_params]
    left, top, right, bottom = torch.tensor(boxes, device=images_BCHW.device)[..., None].unbind(2)
    columns_W = torch.arange(width, device=images_BCHW.device)
    rows_H = torch.arange(height, device=images_BCHW.device)
    across_BMW, down_BMH = (columns_W >= left) & (columns_W < right), (rows_H >= top) & (rows_H < bottom)
    erased_BHW = (across_BMW[:, :, None] & down_BMH[..., None]).any(1)
    return images_BCHW.masked_fill(erased_BHW[:, None], ERASED)
