"""A class for every pixel."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from visionft.annotations.marks import IGNORE
from visionft.data.checks.bad_files import MaskError
from visionft.data.targets.mask import Mask, RawMask
from visionft.data.targets.raw import OpenedImage

PNG = cv2.imencode(".png", np.zeros((2, 3), np.uint8))[1].tobytes()


@dataclass(frozen=True)
class Rows:
    """A mask by rows."""

    rows: tuple

    def read(self):
        return np.array(self.rows, np.uint8)


def test_pixels_are_counted_but_for_those_of_no_class():
    source = Rows(((0, 0, 3), (IGNORE, 3, 3)))
    resolved = RawMask(source).resolve(OpenedImage((3, 2), PNG), ("a", "b", "c", "d"))
    assert (resolved.target, resolved.unsure) == (Mask(source, {0: 2, 3: 3}), False)


@pytest.mark.parametrize(
    ("size", "advice"),
    [((2, 3), "turn the mask as well"), ((9, 9), "they must be the same: look whether the mask belongs to this image")],
)
def test_a_mask_has_the_size_of_its_image(size, advice):
    with pytest.raises(MaskError, match=f"^the mask has 3 x 2 pixels, the image {size[0]} x {size[1]}; .*{advice}$"):
        RawMask(Rows(((0, 0, 3), (IGNORE, 3, 3)))).resolve(OpenedImage(size, b""), ("a",))
