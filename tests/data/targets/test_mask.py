"""A class for every pixel."""

import io
from dataclasses import dataclass

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps
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


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_of_the_stored_picture_is_turned_with_it(orientation):
    rows = np.array(((0, 1, 2), (3, IGNORE, 3)), np.uint8)
    exif, data = PIL.Image.Exif(), io.BytesIO()
    exif[274] = orientation
    PIL.Image.fromarray(rows).save(data, "PNG", exif=exif)
    upright_HW = np.asarray(PIL.ImageOps.exif_transpose(PIL.Image.open(data)))
    image = OpenedImage(upright_HW.shape[::-1], data.getvalue())
    for source_HW in (rows, upright_HW) if orientation > 4 else (upright_HW,):
        resolved = RawMask(Rows(tuple(map(tuple, source_HW.tolist())))).resolve(image, ("a", "b", "c", "d"))
        assert np.array_equal(resolved.target.read(image.size).mask_HW, upright_HW)
        assert resolved.target.class_counts == {0: 1, 1: 1, 2: 1, 3: 2}
        assert resolved.unsure == (1 < orientation < 5)


@pytest.mark.parametrize("size", [(2, 3), (9, 9)])
def test_a_mask_has_the_size_of_its_image(size):
    advice = "they must be the same: look whether the mask belongs to this image"
    with pytest.raises(MaskError, match=f"^the mask has 3 x 2 pixels, the image {size[0]} x {size[1]}; .*{advice}$"):
        RawMask(Rows(((0, 0, 3), (IGNORE, 3, 3)))).resolve(OpenedImage(size, b""), ("a",))
