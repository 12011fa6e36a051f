"""What the numbers of ``AugmentParams`` mean, for every engine alike: down to the rounding, with numpy alone.

Every step begins and ends with whole numbers of 0 to 255, as if the image were stored between them. Halves are rounded
up, but to even numbers where values are interpolated or blurred, as OpenCV does it.

1. Position. Each pixel of the canvas takes the value at its centre's place before the change, bilinear between pixel
   centres. Where the image is shrunk to less than ``AVERAGED`` of its size (in perspective: at the canvas's centre), it
   takes the mean of 2 x 2 such values, from the centres of its quarters. Beyond its edge the image is mirrored, or has
   one colour. A mask takes the pixel in which the centre's place lies.
2. Colour: ``colour_parts``, clipped once; then gamma by ``gamma_table``.
3. Blur by ``blur_kernel``, the image mirrored about the centres of its outermost pixels; or ``noise_of``; or JPEG,
   whose losses are the codec's.
4. Holes turn to ``ERASED``.

Shape suffixes: B images, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visionft.augment_params import AugmentParams

Float = NDArray[np.float64]

AVERAGED = 0.85
"""Linear factor below which pixels are means of 2 x 2 values. A line as wide as a pixel then keeps its light within
11 %, down to a factor of 0.5, where single values lose or double it; above, within 18 %."""

ERASED = 127
RADIUS = 3
"""Of the blur's kernel: with a standard deviation of 1.2 pixels, less than 1/512 of the light goes further."""

STEP = 1024  # coefficients of colours are multiples of 1/1024: products are then exact in 32-bit floats and integers
LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_YIQ = np.array([LUMA, [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
_GREY = np.tile(LUMA, (3, 1))
_QUARTER = np.linalg.inv(_YIQ) @ np.array([[0, 0, 0], [0, 0, -1], [0, 1, 0]]) @ _YIQ  # of the colour circle
_BYTES_DEVIATION = float(np.sqrt(4 * (256**2 - 1) / 12))  # of the sum of four random bytes


def averaged(params: AugmentParams) -> bool:
    """Return whether pixels are means of 2 x 2 values, because the image is shrunk that far at the canvas's centre."""
    (a, b, c), (d, e, f) = params.rows
    g, h, i = params.perspective_row
    return abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)) < AVERAGED**2


def colour_parts(batch_params: Sequence[AugmentParams]) -> tuple[Float, Float]:
    """Return the colour matrices of images, but for the offset, which depends on their mean.

    Brightness, contrast, saturation and hue are linear, and in any order the same matrix. Saturation and hue are those
    of YIQ: they keep the luma.

    Args:
        batch_params: of B images.

    Returns:
        matrices_B33, which leave grey what is grey; and fractions_B: that of the mean grey which the offset is.
    """
    brightness, contrast, saturation, hue = np.array(
        [(params.brightness, params.contrast, params.saturation, params.hue) for params in batch_params]
    ).T
    cos, sin = (saturation * turn(2 * np.pi * hue) for turn in (np.cos, np.sin))
    scale_B = contrast * brightness
    mixed_B33 = _GREY + cos[:, None, None] * (np.eye(3) - _GREY) + sin[:, None, None] * _QUARTER
    matrices_B33 = np.rint(scale_B[:, None, None] * mixed_B33 * STEP)
    diagonal = np.arange(3)
    matrices_B33[:, diagonal, diagonal] += np.rint(scale_B * STEP)[:, None] - matrices_B33.sum(axis=2)
    return matrices_B33 / STEP, (1 - contrast) * brightness


def colour_matrix(params: AugmentParams, mean_3: Sequence[float]) -> Float:
    """Return the 3x4 matrix that acts on (red, green, blue, 1), 0 to 255 each.

    Args:
        params: says how colours change.
        mean_3: the mean colour of the image before the change, 0 to 255.
    """
    matrices_B33, fractions_B = colour_parts([params])
    matrix_34 = np.empty((3, 4))
    matrix_34[:, :3] = matrices_B33[0]
    matrix_34[:, 3] = np.floor(fractions_B[0] * float(LUMA @ mean_3) * STEP + 0.5) / STEP
    return matrix_34


def gamma_table(gamma: float) -> NDArray[np.uint8]:
    """Return the table that maps values 0 to 255 by a gamma."""
    return np.floor(255 * (np.arange(256) / 255) ** gamma + 0.5).astype(np.uint8)


def blur_kernel(sigma: float) -> Float:
    """Return 2 * RADIUS + 1 weights, for rows and columns alike: multiples of 1/256 that add up to 1."""
    weights: Float = np.exp(-(np.arange(-RADIUS, RADIUS + 1) ** 2) / (2 * sigma**2))
    weights = np.rint(256 * weights / weights.sum())
    weights[RADIUS] += 256 - weights.sum()
    return weights / 256


def noise_step(params: AugmentParams) -> np.float32:
    """Return the noise that one unit of a pixel's sum of four bytes adds."""
    return np.float32(255 * params.noise / _BYTES_DEVIATION)


def noise_of(params: AugmentParams, size: tuple[int, int]) -> NDArray[np.int16]:
    """Return the noise of each pixel, the same in all colours.

    The number y * width + x, joined with the seed by exclusive or, is hashed to 32 bits; the sum of their four bytes is
    nearly normal. Any device can compute any pixel, in integers.

    Source: the hash is ``lowbias32`` of Chris Wellons' hash-prospector, public domain.

    Args:
        params: has the noise and its seed.
        size: (width, height) of the canvas.
    """
    bits = np.arange(size[0] * size[1], dtype=np.uint32) ^ np.uint32(params.noise_seed)
    bits = (bits ^ bits >> np.uint32(16)) * np.uint32(0x7FEB352D)
    bits = (bits ^ bits >> np.uint32(15)) * np.uint32(0x846CA68B)
    bits ^= bits >> np.uint32(16)
    total = bits.view(np.uint8).reshape(-1, 4).sum(axis=1, dtype=np.int16) - np.int16(510)
    noise: NDArray[np.int16] = np.floor(total * noise_step(params) + np.float32(0.5)).astype(np.int16)
    return noise.reshape(size[1], size[0])
