"""The engine for NVIDIA GPUs: everything that one pass over the pixels can do, in one launch of a Triton kernel.

It reads uint8, samples through the inverse matrix, changes colours, adds noise, erases, normalises and writes the
network's number format; masks are moved in the same launch. Where a contrast changes, another one reads the images
before, for their mean grey. Blur is not in it: images that have it are done by the batch engine (``fuses`` tells). It
runs on a GPU, and under Triton's interpreter (TRITON_INTERPRET=1) on a CPU, for tests.

What is computed is said in ``arithmetic.py``.

Shape suffixes: B images, H height, W width, 3 colour channels (RGB), V the 256 values, M boxes; 4 left, top, right,
bottom; P parameters of an image.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import triton
from torch import Tensor

from visionft.annotations.marks import IGNORE
from visionft.augment.arithmetic import ERASED, averaged, colour_parts, gamma_table, noise_step
from visionft.augment.batch import Normalised, augment_batch
from visionft.augment.fused_kernel import augment_kernel, sum_kernel
from visionft.augment.sampling import ERASE_BOXES
from visionft.augment.warp import RGB
from visionft.augment_params import AugmentParams
from visionft.imaging.normalization import scale_and_offset

_MOST_ERASE_BOXES = ERASE_BOXES[1]
_TILE = (32, 32)  # pixels across and down that one program does
_SUMMED = 4096  # pixels that one program adds up


def fuses(params: AugmentParams) -> bool:
    """Return whether one pass of the kernel applies all parameters."""
    return not (params.blur or params.jpeg) and len(params.erase_boxes) <= _MOST_ERASE_BOXES


def augment_fused(
    images_BHW3: Tensor,
    batch_params: Sequence[AugmentParams],
    *,
    fill: RGB | None = None,
    masks_BHW: Tensor | None = None,
    normalised: Normalised | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Augment a batch as ``augment_batch`` does, in one pass where ``fuses`` allows it.

    Args:
        images_BHW3: uint8 RGB canvases.
        batch_params: what happens to each, as for ``augment_batch``.
        fill: colour beyond the edges of an image; None mirrors it there.
        masks_BHW: uint8 masks that move with the images; None for none.
        normalised: how the network takes images.

    Returns:
        New images, and masks.

    Raises:
        ValueError: as ``augment_batch``.
    """
    apart = [index for index, params in enumerate(batch_params) if not fuses(params)]
    if len(apart) == len(batch_params) or len(batch_params) != len(images_BHW3):
        return augment_batch(images_BHW3, batch_params, fill=fill, masks_BHW=masks_BHW, normalised=normalised)
    packed = pack(batch_params, images_BHW3.device)
    images, augmented_BHW = launch(images_BHW3, packed, fill=fill, masks_BHW=masks_BHW, normalised=normalised)
    if apart:
        indices = torch.tensor(apart, device=images_BHW3.device)
        images[indices], masks = augment_batch(
            images_BHW3[indices],
            [batch_params[index] for index in apart],
            fill=fill,
            masks_BHW=None if masks_BHW is None else masks_BHW[indices],
            normalised=normalised,
        )
        if augmented_BHW is not None and masks is not None:
            augmented_BHW[indices] = masks
    return images, augmented_BHW


@dataclass(frozen=True, slots=True)
class Packed:
    """The parameters of a batch as the kernel reads them, on the device.

    Attributes:
        parameters_BP: the inverse matrix (9), colours (9), 2 where pixels are means of 2 x 2 values, else 1, the
            fraction of the mean grey that is added, and what one unit of noise is worth.
        tables_BV: of gamma, where it changes.
        erase_boxes_BM4: all 0 where there is none.
        seeds_B: of noise, 32 bits.
        perspective: whether any image is seen in perspective.
        finer: whether pixels of any are means of 2 x 2 values.
        bent: whether gamma changes.
        noisy: whether any image has noise.
        most: erased boxes of an image.
        needs_means: whether contrast changes.
    """

    parameters_BP: Tensor
    tables_BV: Tensor
    erase_boxes_BM4: Tensor
    seeds_B: Tensor
    perspective: bool
    finer: bool
    bent: bool
    noisy: bool
    most: int
    needs_means: bool


def pack(batch_params: Sequence[AugmentParams], device: torch.device) -> Packed:
    """Pack parameters for ``launch``, less what the kernel cannot do (``fuses``)."""
    matrices_B33, fractions_B = colour_parts(batch_params)
    back_B33 = np.linalg.inv(np.stack([params.matrix for params in batch_params]))
    finer_B1 = np.array([[2.0 if averaged(params) else 1.0] for params in batch_params])
    noise_B1 = np.array([[noise_step(params)] for params in batch_params])
    parts = [back_B33.reshape(-1, 9), matrices_B33.reshape(-1, 9), finer_B1, fractions_B[:, None], noise_B1]
    seeds_B = np.array([params.noise_seed for params in batch_params], np.uint32)
    bent = any(params.gamma != 1 for params in batch_params)
    tables_BV = np.stack([gamma_table(params.gamma) for params in batch_params]) if bent else np.zeros((1, 1), np.uint8)
    boxes = [[*params.erase_boxes, *[(0, 0, 0, 0)] * _MOST_ERASE_BOXES][:_MOST_ERASE_BOXES] for params in batch_params]
    return Packed(
        torch.from_numpy(np.hstack(parts).astype(np.float32)).to(device, non_blocking=True),
        torch.from_numpy(tables_BV).to(device, non_blocking=True),
        torch.tensor(boxes, dtype=torch.int32).to(device, non_blocking=True),
        torch.from_numpy(seeds_B.view(np.int32)).to(device, non_blocking=True),
        not all(params.affine for params in batch_params),
        bool((finer_B1 > 1).any()),
        bent,
        bool(noise_B1.any()),
        _MOST_ERASE_BOXES if any(params.erase_boxes for params in batch_params) else 0,
        bool(fractions_B.any()),
    )


def launch(
    images_BHW3: Tensor,
    packed: Packed,
    *,
    fill: RGB | None = None,
    masks_BHW: Tensor | None = None,
    normalised: Normalised | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Launch the kernel on packed parameters.

    Args:
        images_BHW3: uint8 RGB canvases.
        packed: from ``pack``, on the device of the images.
        fill: as for ``augment_fused``.
        masks_BHW: as for ``augment_fused``.
        normalised: as for ``augment_fused``.

    Returns:
        New images, and masks.
    """
    number, height, width, _ = images_BHW3.shape
    images_BHW3, masks_BHW = images_BHW3.contiguous(), None if masks_BHW is None else masks_BHW.contiguous()
    augmented_BHW3 = torch.empty_like(images_BHW3, dtype=normalised.dtype if normalised else torch.uint8)
    augmented_BHW = None if masks_BHW is None else torch.empty_like(masks_BHW)
    sums_B3 = images_BHW3.new_zeros(number, 3, dtype=torch.int64)
    if packed.needs_means:
        pixels = height * width
        sum_kernel[(triton.cdiv(pixels, _SUMMED), number)](images_BHW3, sums_B3, pixels, BLOCK=_SUMMED)
    scale_3, offset_3 = scale_and_offset(normalised.mean, normalised.std) if normalised else ([1.0] * 3, [0.0] * 3)
    augment_kernel[(triton.cdiv(width, _TILE[0]), triton.cdiv(height, _TILE[1]), number)](
        images_BHW3,
        augmented_BHW3,
        images_BHW3 if masks_BHW is None else masks_BHW,
        augmented_BHW3 if augmented_BHW is None else augmented_BHW,
        packed.parameters_BP,
        sums_B3,
        packed.tables_BV,
        packed.erase_boxes_BM4,
        packed.seeds_B,
        height,
        width,
        *map(float, fill or (0, 0, 0)),
        *scale_3,
        *offset_3,
        MIRRORED=fill is None,
        MASKS=masks_BHW is not None,
        MEANS=packed.needs_means,
        PERSPECTIVE=packed.perspective,
        FINER=packed.finer,
        GAMMA=packed.bent,
        NOISE=packed.noisy,
        ERASE_BOXES=packed.most,
        MOST_ERASE_BOXES=_MOST_ERASE_BOXES,
        ERASED=ERASED,
        IGNORE=IGNORE,
        ACROSS=_TILE[0],
        DOWN=_TILE[1],
        enable_fp_fusion=True,  # fewer instructions; colours are exact with it and without
    )
    return augmented_BHW3 if normalised is None else augmented_BHW3.permute(0, 3, 1, 2), augmented_BHW
