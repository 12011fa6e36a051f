import struct
from zlib import crc32

import numpy as np
import pytest
from PIL import Image

from tests.imaging.pictures import HEIGHT, WIDTH, encoded, see_through, smooth_picture
from visionft.errors import ImageError
from visionft.imaging import decode
from visionft.imaging.header import read_header

WRITERS = {
    "JPEG": ("RGB", {}),
    "PNG": ("RGB", {}),
    "WEBP": ("RGB", {}),
    "BMP": ("RGB", {}),
    "GIF": ("P", {}),
    "TIFF": ("RGB", {}),
}


def noise(kind):
    pixels = np.random.default_rng(0).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    mode, options = WRITERS[kind]
    return encoded(Image.fromarray(pixels).convert(mode), kind, **options)


@pytest.mark.parametrize("kind", WRITERS)
def test_sizes_are_read(kind):
    mode, options = WRITERS[kind]
    header = read_header(encoded(smooth_picture().convert(mode), kind, **options))
    assert (header.format.upper(), header.width, header.height) == (kind, WIDTH, HEIGHT)


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}, {"exif": b"Exif\0\0II*\0"}])
def test_sizes_of_the_three_kinds_of_webp(options):
    header = read_header(encoded(see_through(), "WEBP", **options))
    assert (header.width, header.height, header.may_have_alpha) == (WIDTH, HEIGHT, True)
    assert not read_header(encoded(smooth_picture(), "WEBP", **options)).may_have_alpha


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.99])
def test_files_that_are_cut_off_are_refused(kind, share, capfd):
    data = noise(kind)
    with pytest.raises(ImageError):
        decode(data[: int(share * len(data))])
    assert capfd.readouterr().err == ""


def test_a_jpeg_without_its_last_bytes_is_refused():
    with pytest.raises(ImageError, match="cut off"):
        decode(noise("JPEG")[:-2])


def test_bytes_after_the_end_are_harmless():
    for kind in ("JPEG", "PNG"):
        data = noise(kind)
        assert (decode(data + b"trailer") == decode(data)).all()


def test_an_end_marker_in_the_thumbnail_does_not_make_a_jpeg_whole():
    data = noise("JPEG")
    thumbnail = encoded(smooth_picture().resize((8, 8)), "JPEG")
    comment = b"\xff\xfe" + struct.pack(">H", 2 + len(thumbnail)) + thumbnail
    whole = data[:2] + comment + data[2:]
    assert read_header(whole).width == 90
    with pytest.raises(ImageError, match="cut off"):
        read_header(whole[:-100])


def test_damage_inside_a_png_is_told_by_its_checksum(capfd):
    data = bytearray(noise("PNG"))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(ImageError, match="wrong checksum of a chunk IDAT"):
        decode(bytes(data))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("data", [b"<html></html>", b"P7\nWIDTH 2\n" + bytes(12), b"RIFF\x04\0\0\0WAVE", b"\xff"])
def test_other_files_are_no_images(data):
    with pytest.raises(ImageError, match=r"not a JPEG, PNG, WebP, .* or HEIC image"):
        decode(data)


def test_an_empty_file_is_told():
    with pytest.raises(ImageError, match="the file is empty"):
        decode(b"")


def png_bomb(width, height):
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    ihdr = struct.pack(">I", 13) + body + struct.pack(">I", crc32(body))
    return b"\x89PNG\r\n\x1a\n" + ihdr + struct.pack(">I4sI", 0, b"IEND", crc32(b"IEND"))


BOMBS = {
    "PNG": png_bomb(100_000, 100_000),
    "JPEG": b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 8, 8, 65_000, 65_000, 0) + b"\xff\xda\xff\xd9",
    "GIF": b"GIF89a" + struct.pack("<HH", 65_000, 65_000) + bytes(10),
    "BMP": b"BM" + bytes(12) + struct.pack("<Iii", 40, 60_000, -60_000) + bytes(30),
    "WEBP": b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<II", 10, 0) + b"\xff\xff\x00" * 2,
    "TIFF": b"II*\0" + struct.pack("<IHHHIIHHII", 8, 2, 256, 4, 1, 50_000, 257, 4, 1, 50_000) + bytes(4),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_decompression_bombs_are_refused_by_their_header(kind):
    with pytest.raises(ImageError, match="the limit is 178,956,970"):
        decode(BOMBS[kind])


def test_no_pixels_are_told():
    with pytest.raises(ImageError, match="declares 0 x 5 pixels"):
        decode(png_bomb(0, 5))


@pytest.mark.parametrize("kind", WRITERS)
def test_random_damage_never_escapes_as_another_error(kind):
    data, random = noise(kind), np.random.default_rng(7)
    outcomes = set()
    for _ in range(60):
        damaged = bytearray(data)
        for place in random.integers(0, min(120, len(data)), 3):
            damaged[place] = random.integers(0, 256)
        try:
            outcomes.add(decode(bytes(damaged)).ndim)
        except ImageError:
            outcomes.add("refused")
    assert outcomes <= {3, "refused"}
