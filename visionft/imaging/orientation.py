"""The eight EXIF orientations: how stored pixels become an upright image, on the CPU and on a device alike."""

from collections.abc import Mapping
from typing import NamedTuple


class Turn(NamedTuple):
    """A transposition and, after it, flips.

    Attributes:
        transposed: whether rows become columns, so that width and height change places.
        flipped: axes along which the order is reversed: 0 the rows, 1 the columns.
    """

    transposed: bool = False
    flipped: tuple[int, ...] = ()


TURNS: Mapping[int, Turn] = {
    1: Turn(),
    2: Turn(flipped=(1,)),
    3: Turn(flipped=(0, 1)),
    4: Turn(flipped=(0,)),
    5: Turn(transposed=True),
    6: Turn(transposed=True, flipped=(1,)),
    7: Turn(transposed=True, flipped=(0, 1)),
    8: Turn(transposed=True, flipped=(0,)),
}
"""What turns an image of each orientation upright. Source: EXIF 2.32, section 4.6.4, tag 0x0112."""
