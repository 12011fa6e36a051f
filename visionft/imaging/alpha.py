"""Transparency: what viewers show of it."""

import numpy as np
from numpy.typing import NDArray


def on_white(rgba: NDArray[np.uint8], *, premultiplied: bool) -> NDArray[np.uint8]:
    """Return (H, W, 3) of pixels with transparency, (H, W, 4), in front of white.

    Args:
        rgba: red, green, blue and opacity.
        premultiplied: whether the colours are multiplied by the opacity already.
    """
    colour, alpha = rgba[..., :3].astype(np.uint16), rgba[..., 3:].astype(np.uint16)
    white = 255 - alpha
    if not premultiplied:  # at most 255 * 255 + 127 before the division, so 16 bits are enough
        colour = (colour * alpha + 127) // 255
    mixed: NDArray[np.uint16] = np.minimum(colour + white, 255)
    return mixed.astype(np.uint8)
