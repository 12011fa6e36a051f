"""The engine for NVIDIA GPUs: everything that one pass over the pixels can do, in one launch of a Triton kernel.

It reads uint8, samples through the inverse matrix, changes colours, erases, normalises and writes the network's number
format; masks are moved in the same launch. Blur and noise are not in it: images that have them are done by the batch
engine (``fuses`` tells). It runs on a GPU, and under Triton's interpreter (TRITON_INTERPRET=1) on a CPU, for tests.

What is computed is said in ``arithmetic.py``.

Shape suffixes: B images, H height, W width, 3 colour channels (RGB), V the 256 values, M holes; 4 left, top, right,
bottom; P parameters of an image.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import triton
import triton.language as tl
from torch import Tensor

from visionft.augment.arithmetic import ERASED, averaged, colour_parts, gamma_table
from visionft.augment.batch import Normalised, change_batch
from visionft.augment.draw import HOLES
from visionft.augment.warp import RGB
from visionft.change import Change
from visionft.sample import IGNORE

_MOST_HOLES = HOLES[1]
_TILE = (32, 8)  # pixels across and down that one program does


def fuses(change: Change) -> bool:
    """Return whether one pass does it all."""
    return not (change.blur or change.noise or change.jpeg) and len(change.holes) <= _MOST_HOLES


def change_fused(
    images_BHW3: Tensor,
    changes: Sequence[Change],
    *,
    border: RGB | None = None,
    masks_BHW: Tensor | None = None,
    normalised: Normalised | None = None,
    means_B3: Tensor | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Do what ``change_batch`` does, in one pass where ``fuses`` says that it can be.

    Args:
        images_BHW3: uint8 RGB canvases, contiguous.
        changes: see ``change_batch``, as the next three.
        border: see there.
        masks_BHW: see there; contiguous.
        normalised: see there.
        means_B3: the mean colour of each image before the change, 0 to 255, on the same device; None to read the images
            once more for it, where a contrast changes.

    Returns:
        New images, and masks.

    Raises:
        ValueError: as ``change_batch``.
    """
    apart = [index for index, change in enumerate(changes) if not fuses(change)]
    if len(apart) == len(changes) or len(changes) != len(images_BHW3):
        return change_batch(images_BHW3, changes, border=border, masks_BHW=masks_BHW, normalised=normalised)
    packed = pack(changes, images_BHW3.device)
    images, found_BHW = launch(
        images_BHW3, packed, border=border, masks_BHW=masks_BHW, normalised=normalised, means_B3=means_B3
    )
    if apart:
        indices = torch.tensor(apart, device=images_BHW3.device)
        images[indices], masks = change_batch(
            images_BHW3[indices],
            [changes[index] for index in apart],
            border=border,
            masks_BHW=None if masks_BHW is None else masks_BHW[indices],
            normalised=normalised,
        )
        if found_BHW is not None and masks is not None:
            found_BHW[indices] = masks
    return images, found_BHW


@dataclass(frozen=True, slots=True)
class Packed:
    """Changes as the kernel reads them, on the device.

    Attributes:
        parameters_BP: the inverse matrix (6), colours (9), 2 where pixels are means of 2 x 2 values, else 1, and the
            share of the mean grey that is added.
        tables_BV: of gamma, where it changes.
        holes_BM4: all 0 where there is none.
        bent: whether gamma changes.
        most: holes of an image.
        needs_means: whether contrast changes.
    """

    parameters_BP: Tensor
    tables_BV: Tensor
    holes_BM4: Tensor
    bent: bool
    most: int
    needs_means: bool


def pack(changes: Sequence[Change], device: torch.device) -> Packed:
    """Prepare changes for ``launch``; what of them it cannot do is left out, see ``fuses``."""
    matrices_B33, shares_B = colour_parts(changes)
    back_B33 = np.linalg.inv(np.stack([change.matrix for change in changes]))
    finer_B1 = np.array([[2.0 if averaged(change) else 1.0] for change in changes])
    parts = [back_B33[:, :2].reshape(-1, 6), matrices_B33.reshape(-1, 9), finer_B1, shares_B[:, None]]
    bent = any(change.gamma != 1 for change in changes)
    tables_BV = np.stack([gamma_table(change.gamma) for change in changes]) if bent else np.zeros((1, 1), np.uint8)
    holes = [[*change.holes, *[(0, 0, 0, 0)] * _MOST_HOLES][:_MOST_HOLES] for change in changes]
    return Packed(
        torch.from_numpy(np.hstack(parts).astype(np.float32)).to(device, non_blocking=True),
        torch.from_numpy(tables_BV).to(device, non_blocking=True),
        torch.tensor(holes, dtype=torch.int32).to(device, non_blocking=True),
        bent,
        min(_MOST_HOLES, max(len(change.holes) for change in changes)),
        bool(shares_B.any()),
    )


def launch(
    images_BHW3: Tensor,
    packed: Packed,
    *,
    border: RGB | None = None,
    masks_BHW: Tensor | None = None,
    normalised: Normalised | None = None,
    means_B3: Tensor | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Do what was packed, with one launch where the means are known or not needed.

    Args:
        images_BHW3: see ``change_fused``, as the others.
        packed: from ``pack``, on the device of the images.
        border: see there.
        masks_BHW: see there.
        normalised: see there.
        means_B3: see there.

    Returns:
        New images, and masks.
    """
    number, height, width, _ = images_BHW3.shape
    found_BHW3 = torch.empty_like(images_BHW3, dtype=normalised.dtype if normalised else torch.uint8)
    found_BHW = None if masks_BHW is None else torch.empty_like(masks_BHW)
    if means_B3 is None and packed.needs_means:
        means_B3 = images_BHW3.sum((1, 2), dtype=torch.int64) / (height * width)
    mean_3, std_3 = (normalised.mean, normalised.std) if normalised else ((0.0,) * 3, (1 / 255,) * 3)
    _kernel[(triton.cdiv(width, _TILE[0]), triton.cdiv(height, _TILE[1]), number)](
        images_BHW3.contiguous(),
        found_BHW3,
        images_BHW3 if masks_BHW is None else masks_BHW.contiguous(),
        found_BHW3 if found_BHW is None else found_BHW,
        packed.parameters_BP,
        packed.parameters_BP if means_B3 is None else means_B3.to(torch.float32).contiguous(),
        packed.tables_BV,
        packed.holes_BM4,
        height,
        width,
        *map(float, border or (0, 0, 0)),
        *(255 * value for value in mean_3),
        *(1 / (255 * value) for value in std_3),
        MIRRORED=border is None,
        MASKS=masks_BHW is not None,
        MEANS=packed.needs_means,
        GAMMA=packed.bent,
        HOLES=packed.most,
        MOST_HOLES=_MOST_HOLES,
        ERASED=ERASED,
        IGNORE=IGNORE,
        ACROSS=_TILE[0],
        DOWN=_TILE[1],
        enable_fp_fusion=False,  # as the other engines compute; memory is what takes the time
    )
    return found_BHW3 if normalised is None else found_BHW3.permute(0, 3, 1, 2), found_BHW


@triton.jit
def _inside(place, side, MIRRORED: tl.constexpr):
    """Return the index that has the value at a place, and whether it is one of the image's own."""
    own = (place >= 0) & (place < side)
    if MIRRORED:
        period = 2 * side
        place -= tl.floor(place.to(tl.float32) / period).to(tl.int32) * period
        place = tl.minimum(place, period - 1 - place)
    return tl.minimum(tl.maximum(place, 0), side - 1), own


@triton.jit
def _before(own, right, below):
    """Return where places on the canvas were before the change."""
    x = tl.load(own) * right + (tl.load(own + 1) * below + tl.load(own + 2))
    y = tl.load(own + 3) * right + (tl.load(own + 4) * below + tl.load(own + 5))
    return x, y


@triton.jit
def _value(pixels, x, y, own, width, border, MIRRORED: tl.constexpr):
    value = tl.load(pixels + (y * width + x) * 3).to(tl.float32)
    return value if MIRRORED else tl.where(own, value, border)


@triton.jit
def _bilinear(pixels, x, y, height, width, border, MIRRORED: tl.constexpr):
    """Return one channel at places that count from the centre of the first pixel: whole numbers, halves made even."""
    left, top = tl.floor(x), tl.floor(y)
    x0, x0_own = _inside(left.to(tl.int32), width, MIRRORED)
    x1, x1_own = _inside(left.to(tl.int32) + 1, width, MIRRORED)
    y0, y0_own = _inside(top.to(tl.int32), height, MIRRORED)
    y1, y1_own = _inside(top.to(tl.int32) + 1, height, MIRRORED)
    x, y = x - left, y - top
    upper = _value(pixels, x0, y0, x0_own & y0_own, width, border, MIRRORED) * (1 - x)
    upper += _value(pixels, x1, y0, x1_own & y0_own, width, border, MIRRORED) * x
    lower = _value(pixels, x0, y1, x0_own & y1_own, width, border, MIRRORED) * (1 - x)
    lower += _value(pixels, x1, y1, x1_own & y1_own, width, border, MIRRORED) * x
    return (upper * (1 - y) + lower * y + 12582912.0) - 12582912.0  # 1.5 * 2**23: floats there are whole numbers


@triton.jit
def _sampled(pixels, own, border_0, border_1, border_2, column, row, height, width, MIRRORED: tl.constexpr):
    """Return what an image has where pixels were: red, green, blue."""
    times = tl.load(own + 15)
    red, green, blue = column * 0.0 + row * 0.0, column * 0.0 + row * 0.0, column * 0.0 + row * 0.0
    for part in range((times * times).to(tl.int32)):
        x, y = _before(own, column + ((part % 2) + 0.5) / times, row + ((part // 2) + 0.5) / times)
        red += _bilinear(pixels, x - 0.5, y - 0.5, height, width, border_0, MIRRORED)
        green += _bilinear(pixels + 1, x - 0.5, y - 0.5, height, width, border_1, MIRRORED)
        blue += _bilinear(pixels + 2, x - 0.5, y - 0.5, height, width, border_2, MIRRORED)
    number = times * times
    return tl.floor(red / number + 0.5), tl.floor(green / number + 0.5), tl.floor(blue / number + 0.5)


@triton.jit
def _offset(share, means):
    grey = 0.299 * tl.load(means) + 0.587 * tl.load(means + 1) + 0.114 * tl.load(means + 2)
    return tl.floor(share * grey * 1024 + 0.5) / 1024  # see arithmetic.colour_matrix


@triton.jit
def _erased(holes, column, row, HOLES: tl.constexpr):
    gone = (column < 0) & (row < 0)
    for hole in tl.static_range(HOLES):
        edge = holes + hole * 4
        inside = (column >= tl.load(edge)) & (column < tl.load(edge + 2))
        gone = gone | (inside & (row >= tl.load(edge + 1)) & (row < tl.load(edge + 3)))
    return gone


@triton.jit
def _kernel(
    images,
    found,
    masks,
    found_masks,
    parameters,
    means,
    tables,
    holes,
    height,
    width,
    border_0,
    border_1,
    border_2,
    mean_0,
    mean_1,
    mean_2,
    scale_0,
    scale_1,
    scale_2,
    MIRRORED: tl.constexpr,
    MASKS: tl.constexpr,
    MEANS: tl.constexpr,
    GAMMA: tl.constexpr,
    HOLES: tl.constexpr,
    MOST_HOLES: tl.constexpr,
    ERASED: tl.constexpr,
    IGNORE: tl.constexpr,
    ACROSS: tl.constexpr,
    DOWN: tl.constexpr,
):
    number = tl.program_id(2).to(tl.int64)
    column = (tl.program_id(0) * ACROSS + tl.arange(0, ACROSS))[None, :]
    row = (tl.program_id(1) * DOWN + tl.arange(0, DOWN))[:, None]
    there = (column < width) & (row < height)
    target = (number * height + row) * width + column
    own = parameters + number * 17
    pixels = images + number * height * width * 3
    red, green, blue = _sampled(pixels, own, border_0, border_1, border_2, column, row, height, width, MIRRORED)
    gone = _erased(holes + number * MOST_HOLES * 4, column, row, HOLES)
    offset = 0.5
    if MEANS:
        offset += _offset(tl.load(own + 16), means + 3 * number)
    for channel in tl.static_range(3):
        factors = own + 6 + 3 * channel
        value = tl.load(factors) * red + tl.load(factors + 1) * green + tl.load(factors + 2) * blue
        value = tl.minimum(tl.maximum(tl.floor(value + offset), 0.0), 255.0)
        if GAMMA:
            value = tl.load(tables + number * 256 + value.to(tl.int32)).to(tl.float32)
        value = tl.where(gone, ERASED * 1.0, value)
        if channel == 0:
            value = (value - mean_0) * scale_0
        elif channel == 1:
            value = (value - mean_1) * scale_1
        else:
            value = (value - mean_2) * scale_2
        tl.store(found + target * 3 + channel, value.to(found.dtype.element_ty), mask=there)
    if MASKS:
        x, y = _before(own, column + 0.5, row + 0.5)
        x, x_own = _inside(tl.floor(x).to(tl.int32), width, MIRRORED)
        y, y_own = _inside(tl.floor(y).to(tl.int32), height, MIRRORED)
        kind = tl.load(masks + number * height * width + y * width + x)
        if not MIRRORED:
            kind = tl.where(x_own & y_own, kind, IGNORE)
        tl.store(found_masks + target, kind.to(found_masks.dtype.element_ty), mask=there)
