"""Images as programs hold them: what they become, and what is said of those that are none."""

import io
import pickle

import cv2
import numpy as np
import PIL.Image
import pytest
import torch

from visionft.errors import ImageError
from visionft.imaging.decode import decode
from visionft.imaging.pixels import Pixels
from visionft.imaging.python_images import to_pixels

RGB = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
GREY = RGB[..., 0]
PNG = cv2.imencode(".png", RGB[..., ::-1])[1].tobytes()
TURNED = PIL.Image.Exif()
TURNED[0x0112] = 6


def opened(image, **how):
    """Return an image of PIL that was read from a file."""
    data = io.BytesIO()
    image.save(data, "PNG", **how)
    return PIL.Image.open(data)


@pytest.mark.parametrize(
    "image",
    [
        RGB,
        np.asfortranarray(RGB),
        RGB.astype(np.uint16) * 257,
        RGB / 255,
        (RGB / 255).astype(np.float32),
        torch.from_numpy(RGB).permute(2, 0, 1),
        torch.from_numpy(RGB).permute(2, 0, 1) / 255,
        PIL.Image.fromarray(RGB),
        np.dstack([RGB, np.full((5, 7), 255, np.uint8)]),
        PNG,
    ],
)
def test_one_picture_in_many_forms(image):
    assert np.array_equal(to_pixels(image), RGB)


@pytest.mark.parametrize(
    "image",
    [
        GREY,
        GREY[..., None],
        torch.from_numpy(GREY.copy()),
        torch.from_numpy(GREY[None].copy()),
    ],
)
def test_grey(image):
    assert np.array_equal(to_pixels(image), GREY)


@pytest.mark.parametrize("how", [{}, {"exif": TURNED}], ids=["plain", "turned"])
@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "LA", "RGBA", "I;16"])
def test_an_image_of_pil_is_what_its_file_is(mode, how):
    image = (
        PIL.Image.fromarray(GREY.astype(np.uint16) * 200) if mode == "I;16" else PIL.Image.fromarray(RGB).convert(mode)
    )
    if mode in ("LA", "RGBA"):
        image.putalpha(PIL.Image.fromarray(GREY))
    data = io.BytesIO()
    image.save(data, "PNG", **how)
    found = to_pixels(PIL.Image.open(data))
    found = found if found.ndim == 3 else np.repeat(found[..., None], 3, axis=2)
    assert np.array_equal(found, decode(data.getvalue()))


@pytest.mark.parametrize(("mode", "order"), [("I;16B", ">u2"), ("I;16L", "<u2"), ("I;16N", "=u2")])
def test_16_bits_of_pil_in_any_order_of_bytes(mode, order):
    deep_HW = GREY.astype(np.uint16) * 200
    image = PIL.Image.frombytes(mode, (7, 5), deep_HW.astype(order).tobytes())
    found = to_pixels(image)
    assert np.array_equal(found if found.ndim == 2 else found[..., 0], to_pixels(deep_HW))


@pytest.mark.parametrize(("mode", "order"), [("I;16", "<u2"), ("I;16L", "<u2"), ("I;16N", "=u2")])
def test_16_bits_of_pil_are_turned_upright(mode, order):
    deep_HW = GREY.astype(np.uint16) * 200
    image = PIL.Image.frombytes(mode, (7, 5), deep_HW.astype(order).tobytes())
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise
    image.info["exif"] = exif.tobytes()
    found = to_pixels(image)
    assert np.array_equal(found if found.ndim == 2 else found[..., 0], np.rot90(to_pixels(deep_HW), -1))


@pytest.mark.parametrize(("mode", "plain"), [("RGBa", "RGBA"), ("La", "LA")])
def test_transparency_of_pil_that_is_multiplied_in(mode, plain):
    image = PIL.Image.fromarray(RGB).convert(plain)
    image.putalpha(PIL.Image.fromarray(GREY))
    difference = to_pixels(image.convert(mode)).astype(int) - to_pixels(image)
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize(("mode", "kind"), [("CMYK", "TIFF"), ("YCbCr", "JPEG"), ("RGB", "PNG")])
def test_a_file_that_pil_has_opened_and_cannot_read(mode, kind):
    data = io.BytesIO()
    PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).convert(mode).save(data, kind)
    image = PIL.Image.open(io.BytesIO(data.getvalue()[: len(data.getvalue()) // 2]))
    with pytest.raises(ImageError, match="Pillow cannot read it"):
        to_pixels(image)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (RGB.astype(np.float32), "values from .* to .*; floats are 0 .* to 1"),
        (RGB / 255 - 0.5, "before they are normalised"),
        (np.where(RGB > 9, np.nan, 0.0), "NaN"),
        (RGB.astype(np.int64), r"int64 array of shape \(5, 7, 3\); .*astype"),
        (GREY > 9, "bool array"),
        (RGB.transpose(2, 0, 1), r"channels come last"),
        (torch.from_numpy(RGB), "channels come first"),
        (RGB[None], "several images as a list"),
        (RGB[:0], r"shape \(0, 7, 3\)"),
        (RGB[..., :2], r"shape \(5, 7, 2\)"),
        (np.zeros(3, np.uint8), r"shape \(3,\)"),
        ([1, 2], "type list"),
        (None, "type NoneType"),
        (b"no image", "no image file|not"),
    ],
)
def test_what_is_no_image(image, message):
    with pytest.raises(ImageError, match=message):
        to_pixels(image)


def test_pixels_compare_by_content_and_pickle():
    one, same, other = Pixels(RGB, "a"), Pixels(RGB.copy(), "b"), Pixels(RGB[::-1], "a")
    assert one == same == pickle.loads(pickle.dumps(one))
    assert one != other
    assert Pixels(np.zeros((2, 3), np.uint8), "") != Pixels(np.zeros((3, 2), np.uint8), "")
    assert len({one, same, other}) == 2


def test_what_is_read_is_nobody_elses():
    image = Pixels(RGB, "a")
    image.read()[:] = 0
    assert np.array_equal(decode(image), RGB)
