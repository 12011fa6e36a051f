"""Masks as COCO stores them: lengths of runs down the columns, outside first, as text.

Shape suffixes: H, W rows and columns of an image, h, w those of an object's part of it; E places where a run begins or
ends, R runs, G groups of 5 bits.
"""

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.object_mask import ObjectMask
from visionft.errors import DataError


def encode(mask: ObjectMask, size: tuple[int, int]) -> str:
    """Return the compressed run lengths of a mask; the image is not made for it.

    Args:
        mask: the pixels of an object.
        size: (width, height) of the image.

    Source:
        pycocotools, maskApi.c, rleEncode and rleToString.
    """
    width, height = size
    bounds_E = run_bounds(mask, height)
    ends = [width * height] if not len(bounds_E) or bounds_E[-1] < width * height else []
    return _compress(np.diff(np.concatenate([[0], bounds_E, ends])).astype(np.int64))


def run_bounds(mask: ObjectMask, height: int) -> NDArray[np.int64]:
    """Return where runs begin and end, in turn, among the pixels of an image down its columns.

    Args:
        mask: the pixels of an object.
        height: of the image in pixels.
    """
    rows, columns = mask.shape
    # a row of nothing above and below, so that every run ends in its own column
    padded_wh = np.zeros((columns, rows + 2), np.bool_)
    padded_wh[:, 1:-1] = mask.pixels_hw.T
    bounds_E = np.flatnonzero(padded_wh[:, 1:] != padded_wh[:, :-1])
    column_E, row_E = np.divmod(bounds_E, rows + 1)
    bounds_E = (mask.left + column_E) * height + mask.top + row_E
    # runs that go on from the foot of a column to the head of the next are one
    apart_R = bounds_E[1:-1:2] != bounds_E[2::2]
    keep_E = np.ones(len(bounds_E), np.bool_)
    keep_E[1:-1:2] = keep_E[2::2] = apart_R
    return bounds_E[keep_E]


def decompress_counts(text: str) -> list[int]:
    """Decode the compressed run lengths of COCO.

    A number is written in groups of 5 bits, lowest first, as the character ``48 + bits``, with bit 5 set where more
    follow; the last group is signed. From the fourth on, a number is the difference to the one two before it.

    Args:
        text: the ``counts`` of an encoding.

    Raises:
        DataError: when the text is no such encoding.

    Source:
        pycocotools, maskApi.c, rleFrString.
    """
    counts: list[int] = []
    number = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 30:
            raise DataError(f"its run lengths hold {character!r} where no such character can be")
        number |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            number -= 1 << shift
        counts.append(number + counts[-2] if len(counts) > 2 else number)
        number = shift = 0
    if shift:
        raise DataError("its run lengths are cut off")
    return counts


def _compress(counts_R: NDArray[np.int64]) -> str:
    """Write numbers as ``decompress_counts`` reads them."""
    rest_R = counts_R.copy()
    rest_R[3:] -= counts_R[1:-2]
    groups: list[NDArray[np.int64]] = []
    more_R = np.ones(len(rest_R), np.bool_)
    while more_R.any():
        bits_R = rest_R & 31
        rest_R >>= 5
        written_R = more_R
        # the last group is the one whose highest bit tells the sign of what is left
        more_R = written_R & (rest_R != -(bits_R >> 4))
        groups.append(np.where(written_R, 48 + bits_R + 32 * more_R, 0))
    characters_RG = np.stack(groups, axis=1).astype(np.uint8)
    return characters_RG[characters_RG > 0].tobytes().decode("ascii")
