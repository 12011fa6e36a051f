"""Fits decoded images to the canvas where they lie: ``imaging.to_canvas`` for any device.

Shape suffixes: 3 colour channels (RGB), H height, W width, T pixels of the result along an axis, K weights of each.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from visionft.imaging.canvas import fill_colour
from visionft.imaging.placement import place
from visionft.imaging.resampling import (
    BITS,
    FilterWeights,
    WholeFilterWeights,
    area_weights,
    bicubic_is_rough,
    bicubic_weights,
    bilinear_weights,
)
from visionft.spec import InputSpec


def put_on_canvas(pixels_3HW: Tensor, spec: InputSpec) -> Tensor:
    """Fit an image to the network's input as ``imaging.to_canvas`` does.

    Weights, order and rounding are OpenCV's, so that the values are; but for the bicubic filter, where less than one
    value of a thousand is off by 1/255.

    Args:
        pixels_3HW: uint8 RGB, upright, of any size.
        spec: canvas size, fit (not ``tile``), filter for enlarging, mean colour of the border.

    Returns:
        (spec.height, spec.width, 3) uint8 RGB, on the device of the image.
    """
    height, width = pixels_3HW.shape[1:]
    placement = place((width, height), spec)
    (x, y), (left, top, right, bottom) = placement.offset, placement.covered(spec)
    resized_3HW = _resized(pixels_3HW, placement.resized, spec)
    canvas_HW3 = pixels_3HW.new_tensor(fill_colour(spec)).repeat(spec.height, spec.width, 1)
    canvas_HW3[top:bottom, left:right] = resized_3HW[:, top - y : bottom - y, left - x : right - x].permute(1, 2, 0)
    return canvas_HW3


def _resized(pixels_3HW: Tensor, size: tuple[int, int], spec: InputSpec) -> Tensor:
    """Shrink each axis by averaging areas, then enlarge the other; size is (width, height)."""
    (high, wide), (width, height) = pixels_3HW.shape[1:], size
    shrunk = (min(wide, width), min(high, height))
    if shrunk != (wide, high):
        pixels_3HW = _averaged(pixels_3HW, shrunk)
    if shrunk != size:
        pixels_3HW = (_bilinear if spec.interpolation == "bilinear" else _bicubic)(pixels_3HW, size)
    return pixels_3HW


def _averaged(pixels_3HW: Tensor, size: tuple[int, int]) -> Tensor:
    (high, wide), (width, height) = pixels_3HW.shape[1:], size
    whole = high % height == 0 and wide % width == 0
    found_3HW = _along_rows(pixels_3HW.float(), area_weights(wide, width, whole=whole) if wide > width else None)
    found_3HW = _along_columns(found_3HW, area_weights(high, height, whole=whole) if high > height else None)
    if whole:
        found_3HW *= 1 / (high // height * (wide // width))
    if (wide, high) == (2 * width, 2 * height):  # of four pixels, OpenCV rounds halves up
        return found_3HW.add_(0.5).floor_().to(torch.uint8)
    return found_3HW.round_().to(torch.uint8)


def _bicubic(pixels_3HW: Tensor, size: tuple[int, int]) -> Tensor:
    (high, wide), (width, height) = pixels_3HW.shape[1:], size
    rough = bicubic_is_rough((wide, high))
    found_3HW = _along_rows(pixels_3HW.float(), bicubic_weights(wide, width, rough=rough) if wide < width else None)
    found_3HW = _along_columns(found_3HW, bicubic_weights(high, height, rough=rough) if high < height else None)
    return found_3HW.round_().clamp_(0, 255).to(torch.uint8)


def _bilinear(pixels_3HW: Tensor, size: tuple[int, int]) -> Tensor:
    """Enlarge in whole numbers, of which OpenCV drops what is behind 16 bits."""
    (high, wide), (width, height) = pixels_3HW.shape[1:], size
    places_TK, weights_TK = _on(bilinear_weights(wide, width), pixels_3HW.device)
    rows_3HW = (pixels_3HW.int()[:, :, places_TK] * weights_TK).sum(3, dtype=torch.int32) >> 4
    places_TK, weights_TK = _on(bilinear_weights(high, height), pixels_3HW.device)
    parts_3HKW = (rows_3HW[:, places_TK] * weights_TK[..., None]) >> 16
    # 8 bits of a pixel and twice those of a weight, less the 20 that have been dropped
    spare = 2 * BITS - 20
    return (parts_3HKW.sum(2, dtype=torch.int32) + (1 << spare - 1) >> spare).to(torch.uint8)


def _along_rows(pixels_3HW: Tensor, weights: FilterWeights | None) -> Tensor:
    if weights is None:
        return pixels_3HW
    places_TK, weights_TK = _on(weights, pixels_3HW.device)
    return _summed((pixels_3HW[:, :, places_TK] * weights_TK).unbind(3))


def _along_columns(pixels_3HW: Tensor, weights: FilterWeights | None) -> Tensor:
    if weights is None:
        return pixels_3HW
    places_TK, weights_TK = _on(weights, pixels_3HW.device)
    return _summed((pixels_3HW[:, places_TK] * weights_TK[..., None]).unbind(2))


def _summed(parts: Sequence[Tensor]) -> Tensor:
    """Return the sum, added up in OpenCV's order: halves are then rounded as there."""
    total = parts[0].clone()
    for part in parts[1:]:
        total += part
    return total


def _on(weights: FilterWeights | WholeFilterWeights, device: torch.device) -> tuple[Tensor, Tensor]:
    places_TK, weights_TK = (torch.from_numpy(array).to(device, non_blocking=True) for array in weights)
    return places_TK, weights_TK
