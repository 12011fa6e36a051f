"""Mixup and cutmix: each image of a batch with the next one; ``Target.mixed`` does likewise.

Sources: mixup, Zhang et al. 2018, arXiv:1710.09412, section 2; cutmix, Yun et al. 2019, arXiv:1905.04899, section 3.1,
with labels by the area that is seen.

Shape suffixes: B batch, M those of them that are mixed, H height, W width, C channels.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from visionft.augment_params import AugmentParams


def mixes(batch_params: Sequence[AugmentParams]) -> bool:
    """Return whether any image is mixed with the next."""
    return any(_mixed(params) for params in batch_params)


def mix_images(images_BHWC: Tensor, batch_params: Sequence[AugmentParams]) -> None:
    """Mix each image with the next one of the batch, in place; the last one with the first.

    Args:
        images_BHWC: values of pixels, normalised or not, in any floating point format.
        batch_params: one of each.
    """
    chosen = [index for index, params in enumerate(batch_params) if _mixed(params)]
    if not chosen:
        return
    own_M = torch.tensor(chosen, device=images_BHWC.device)
    own_MHWC, next_MHWC = images_BHWC[own_M], images_BHWC[(own_M + 1) % len(images_BHWC)]
    fractions_MHW1 = _fractions([batch_params[index] for index in chosen], images_BHWC)
    # not in bf16, whose fractions would be others than the labels'
    mixed_MHWC = torch.lerp(own_MHWC.float(), next_MHWC.float(), fractions_MHW1)
    images_BHWC[own_M] = mixed_MHWC.to(images_BHWC.dtype)


def mixed_fractions(batch_params: Sequence[AugmentParams], size: tuple[int, int], device: torch.device) -> Tensor:
    """Return fractions_B, float32: the fraction of the next image in each after ``mix_images``.

    Args:
        batch_params: one of each image.
        size: (width, height) of the images.
        device: where it goes.
    """
    return torch.tensor([_fraction(params, size) for params in batch_params]).to(device, non_blocking=True)


def _mixed(params: AugmentParams) -> bool:
    return params.mixup_lambda > 0 or params.cutmix_box is not None


def _fractions(batch_params: Sequence[AugmentParams], images_BHWC: Tensor) -> Tensor:
    """Return fractions_MHW1: the fraction of the next image in each pixel."""
    (height, width), device = images_BHWC.shape[1:3], images_BHWC.device
    patches = torch.tensor([params.cutmix_box or (0, 0, 0, 0) for params in batch_params], device=device)
    left_M1, top_M1, right_M1, bottom_M1 = patches[..., None].unbind(1)
    columns_W, rows_H = torch.arange(width, device=device), torch.arange(height, device=device)
    across_MW = (columns_W >= left_M1) & (columns_W < right_M1)
    down_MH = (rows_H >= top_M1) & (rows_H < bottom_M1)
    lambda_M11 = torch.tensor([params.mixup_lambda for params in batch_params], device=device)[:, None, None]
    return torch.where(down_MH[:, :, None] & across_MW[:, None], 1.0, lambda_M11)[..., None]


def _fraction(params: AugmentParams, size: tuple[int, int]) -> float:
    """Return the fraction of the next image in one."""
    if params.cutmix_box is None:
        return params.mixup_lambda
    left, top, right, bottom = params.cutmix_box
    return (right - left) * (bottom - top) / (size[0] * size[1])
