"""PNM, JPEG 2000, AVIF and HEIC, against Pillow."""

import importlib.util
import io

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.imaging.pictures import encoded, pillow_rgb, see_through, smooth_picture
from visionft.errors import ImageError
from visionft.imaging import decode
from visionft.imaging.header import read_header

GREY = smooth_picture().convert("L")


@pytest.mark.parametrize(
    "data",
    [
        encoded(smooth_picture(), "PPM"),
        encoded(GREY, "PPM"),
        encoded(GREY.convert("1"), "PPM"),
        encoded(smooth_picture(), "JPEG2000"),
        encoded(see_through(), "JPEG2000"),
        encoded(GREY, "JPEG2000", no_jp2=True),
        encoded(smooth_picture(), "AVIF", quality=95),
        encoded(see_through(), "AVIF", quality=95),
    ],
    ids=["ppm", "pgm", "pbm", "jp2", "jp2 alpha", "j2k", "avif", "avif alpha"],
)
def test_pixels_are_pillows_and_what_is_cut_off_is_refused(data):
    expected = pillow_rgb(data)
    assert np.abs(decode(data).astype(int) - expected.astype(int)).max() <= 2
    header = read_header(data)
    assert (header.height, header.width) == expected.shape[:2]
    for length in (len(data) // 2, len(data) - 30):
        with pytest.raises(ImageError):
            decode(data[:length])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_avif_is_turned_upright_by_what_its_boxes_say(orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    data = encoded(smooth_picture(), "AVIF", quality=95, exif=exif)
    expected = pillow_rgb(data)
    assert decode(data).shape == expected.shape
    assert np.abs(decode(data).astype(int) - expected.astype(int)).max() <= 2


def test_the_highest_value_of_a_header_is_white():
    values = np.array([[0, 1000, 2047, 4095]])
    expected = np.round(values / 4095 * 255)
    for data in (
        b"P5 4 1 4095\n" + values.astype(">u2").tobytes(),
        b"P2\n# a comment\n4 1\n4095\n0 1000 2047 4095\n",
    ):
        assert np.abs(decode(data)[..., 0] - expected).max() <= 1
    assert decode(b"P5 2 1 100\n\0d")[0, :, 0].tolist() == [0, 255]
    assert decode(b"P1\n2 1\n0 1\n")[0, :, 0].tolist() == [255, 0]
    ten_bits = np.repeat(np.arange(0, 1024, 16, dtype=np.uint16)[None, :, None], 3, axis=2).repeat(64, axis=0)
    data = cv2.imencode(".avif", ten_bits, [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 100])[1].tobytes()
    assert np.abs(decode(data)[0, :, 0].astype(int) - ten_bits[0, :, 0] / 1023 * 255).max() <= 3


def test_bombs_are_refused_by_their_headers():
    for data in (b"P1 50000 50000\n", b"\0\0\0\x0cjP  " + bytes(4) + b"\xff\x4f\xff\x51" + bytes(100)):
        with pytest.raises(ImageError):
            decode(data)


def test_a_heic_is_read_by_pillow_heif_or_names_it(monkeypatch):
    head = b"\0\0\0\x18ftypheic" + bytes(4) + b"mif1heic"
    size = b"\0\0\0\x14ispe" + bytes(4) + (32).to_bytes(4, "big") + (20).to_bytes(4, "big")
    data = head + (8 + len(size)).to_bytes(4, "big") + b"meta" + size
    assert read_header(data).format == "HEIC"
    real = importlib.util.find_spec("pillow_heif")
    with pytest.raises(ImageError, match="cannot be decoded" if real else r"pip install 'visionft\[heic\]'"):
        decode(data)


def test_a_heic_is_upright(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    heif.from_pillow(smooth_picture().transpose(Image.Transpose.ROTATE_90)).save(buffer, quality=100)
    expected = np.asarray(smooth_picture().transpose(Image.Transpose.ROTATE_90))
    assert np.abs(decode(buffer.getvalue()).astype(int) - expected.astype(int)).mean() < 10
