import cv2
import numpy as np
import pytest
from PIL import Image

from tests.imaging.pictures import encoded, smooth_picture
from visionft.imaging.jpeg import is_plain_jpeg


@pytest.mark.parametrize(
    ("mode", "options"),
    [("RGB", {}), ("RGB", {"progressive": True}), ("L", {}), ("RGB", {"subsampling": 0}), ("RGB", {"comment": b"x"})],
)
def test_usual_files(mode, options):
    assert is_plain_jpeg(encoded(smooth_picture().convert(mode), "JPEG", **options))


def test_turned_files_are_plain_too():
    tags = Image.Exif()
    tags[0x0112] = 6
    assert is_plain_jpeg(encoded(smooth_picture(), "JPEG", exif=tags))


def test_opencvs_files_are_plain():
    assert is_plain_jpeg(cv2.imencode(".jpg", np.asarray(smooth_picture()))[1].tobytes())


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "TIFF"])
def test_other_kinds(kind):
    assert not is_plain_jpeg(encoded(smooth_picture(), kind))


def test_cmyk():
    assert not is_plain_jpeg(encoded(smooth_picture().convert("CMYK"), "JPEG"))


def test_colours_stored_as_rgb():
    """They are told by the marker Adobe, or by the channels' names alone."""
    both = encoded(smooth_picture(), "JPEG", keep_rgb=True)
    unmarked = both.replace(b"Adobe", b"Other")
    unnamed = both.replace(b"R\x11\x00G\x11\x00B\x11\x00", b"\1\x11\0\2\x11\0\3\x11\0")
    assert both not in (unmarked, unnamed)
    assert not any(map(is_plain_jpeg, (both, unmarked, unnamed)))
    assert is_plain_jpeg(unnamed.replace(b"Adobe", b"Other"))


@pytest.mark.parametrize(("old", "new"), [(b"\xff\xc0", b"\xff\xc9"), (b"\xff\xc0", b"\xff\xc3")])
def test_unusual_frames(old, new):
    assert not is_plain_jpeg(encoded(smooth_picture(), "JPEG").replace(old, new, 1))


def test_twelve_bits():
    data = bytearray(encoded(smooth_picture(), "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    assert not is_plain_jpeg(bytes(data))


def test_fill_bytes_are_skipped():
    data = encoded(smooth_picture(), "JPEG")
    assert is_plain_jpeg(data.replace(b"\xff\xdb", b"\xff\xff\xff\xdb", 1))
