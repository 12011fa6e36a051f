"""Values of more than 8 bits, and what a fourth channel is: the same numbers from files and arrays."""

import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.imaging.pictures import encoded, smooth_picture
from visionft.errors import ImageError
from visionft.imaging import decode
from visionft.imaging.decode import decode_raw
from visionft.imaging.inputs import load_pixels
from visionft.imaging.levels import Seen, bits_of, see, to_8_bits
from visionft.spec import FULL_SCALE, Reading

RAMP = np.linspace(0, 4095, 64, dtype=np.uint16)[None].repeat(8, 0)
TWELVE = Reading((0.0, 4095.0))


def written(pixels, ending):
    return cv2.imencode(ending, pixels)[1].tobytes()


def expected(pixels, low, high):
    return np.clip(np.round((pixels.astype(float) - low) / (high - low) * 255), 0, 255)[..., None].repeat(3, 2)


@pytest.mark.parametrize("ending", [".png", ".tif"])
@pytest.mark.parametrize("values", [(0, 4095), (100, 1123), (-50, 3000.5)])
def test_a_stated_range(ending, values):
    data = written(RAMP, ending)
    pixels = decode(data, Reading(tuple(map(float, values))))
    assert np.array_equal(pixels, expected(RAMP, *values))
    assert np.array_equal(load_pixels(RAMP, Reading(values)), pixels)
    assert np.array_equal(load_pixels(Image.fromarray(RAMP), Reading(values)), pixels)


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_colours_of_16_bits(ending):
    colours = np.dstack([RAMP, RAMP // 2, 4095 - RAMP])
    pixels = decode(written(colours[..., ::-1], ending), TWELVE)
    assert np.array_equal(pixels, np.dstack([expected(colours[..., k], 0, 4095)[..., 0] for k in range(3)]))


def test_the_full_scale_is_what_it_was():
    every = np.arange(1 << 16, dtype=np.uint16)
    assert np.array_equal(to_8_bits(every), to_8_bits(every, (0.0, 65535.0)))
    assert np.array_equal(to_8_bits(every), np.round(every / 257))


@pytest.mark.parametrize("reading", [FULL_SCALE, TWELVE, Reading((10.0, 20.0), "ignore")])
def test_8_bits_stay_what_they_are(reading):
    data = encoded(smooth_picture(), "PNG")
    assert np.array_equal(decode(data, reading), decode(data))


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_values_without_a_full_scale_need_a_range_and_the_advice_works(tmp_path, kind):
    values = np.arange(12 * 10).reshape(10, 12).astype(kind)
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(ImageError, match=r"no fixed full scale; .* such as data.range: \[0, 1\]"):
        decode(tmp_path / "a.tif")
    assert np.array_equal(decode(tmp_path / "a.tif", Reading((0.0, 119.0))), expected(values, 0, 119))
    Image.fromarray(values).save(tmp_path / "b.tif", tiffinfo={274: 6})
    turned = decode(tmp_path / "b.tif", Reading((0.0, 119.0)))
    assert np.array_equal(turned, np.rot90(expected(values, 0, 119), -1))


def test_floats_that_are_no_numbers_are_refused(tmp_path):
    Image.fromarray(np.full((4, 4), np.nan, np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(ImageError, match="NaN or infinity"):
        decode(tmp_path / "a.tif", Reading((0.0, 1.0)))


def test_arrays_of_floats_are_in_the_models_range():
    assert np.array_equal(load_pixels(RAMP.astype(np.float32), TWELVE), load_pixels(RAMP, TWELVE))
    with pytest.raises(Exception, match=r"reads floats from 0 \(black\) to 4095 \(white\): give image \* 4095"):
        load_pixels(RAMP / 4095, TWELVE)
    assert np.array_equal(load_pixels(RAMP / 4095 * 4095, TWELVE), load_pixels(RAMP, TWELVE))
    unit = RAMP / 4095
    assert np.array_equal(load_pixels(unit, Reading((0.0, 1.0))), load_pixels(unit))


def four_channels(alpha):
    colours = np.asarray(smooth_picture())
    return np.dstack([colours, np.broadcast_to(alpha, colours.shape[:2]).astype(np.uint8)])


def infrared():
    return np.random.default_rng(0).integers(20, 220, np.asarray(smooth_picture()).shape[:2])


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_a_fourth_channel_that_is_none(kind):
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    rgba = four_channels(infrared())
    data = encoded(Image.fromarray(rgba), kind, **options)
    ignoring = Reading(alpha="ignore")
    assert np.array_equal(decode(data, ignoring), rgba[..., :3])
    assert not np.array_equal(decode(data), rgba[..., :3])
    assert np.array_equal(load_pixels(rgba, ignoring), rgba[..., :3])
    assert np.array_equal(load_pixels(rgba), decode(encoded(Image.fromarray(rgba), "PNG")))


def plain_tiff(rgba):
    """Write an uncompressed TIFF of 16 bits whose fourth channel is called opacity, as OpenCV and Pillow cannot."""
    height, width, _ = rgba.shape
    entries = [
        (256, 3, 1, width),
        (257, 3, 1, height),
        (258, 3, 4, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 154),
    ]
    entries += [(277, 3, 1, 4), (278, 3, 1, height), (279, 4, 1, rgba.nbytes), (284, 3, 1, 1), (338, 3, 1, 2)]
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    depths = struct.pack("<4H", 16, 16, 16, 16)
    head = b"II*\0" + struct.pack("<I", 16) + depths + struct.pack("<H", len(entries)) + directory
    return head.ljust(154, b"\0") + np.ascontiguousarray(rgba).tobytes()


def test_tiffs_of_16_bits_with_a_fourth_channel(tmp_path):
    rgba = four_channels(infrared()).astype(np.uint16) * 16
    (tmp_path / "a.tif").write_bytes(plain_tiff(rgba))
    with pytest.raises(ImageError, match=r"data\.alpha: ignore"):
        decode(tmp_path / "a.tif")
    pixels = decode(tmp_path / "a.tif", Reading((0.0, 4080.0), "ignore"))
    assert np.array_equal(pixels, rgba[..., :3] // 16)


CHANNELS = {
    "odd": [infrared(), np.arange(64) * 3 % 250, 0],
    "opacity": [255, 128, np.where(np.arange(64) < 30, 0, 255), np.clip(np.arange(64) * 40 - 900, 0, 255)],
}


@pytest.mark.parametrize(
    ("kind", "channel"), [(kind, channel) for kind, found in CHANNELS.items() for channel in found]
)
def test_what_a_fourth_channel_looks_like(kind, channel):
    colours = np.asarray(smooth_picture().resize((64, 48)))
    if np.ndim(channel) == 2:
        channel = cv2.resize(np.uint8(channel), (64, 48))
    rgba = np.dstack([colours, np.broadcast_to(channel, (48, 64)).astype(np.uint8)])
    raw = decode_raw(encoded(Image.fromarray(rgba), "PNG"), FULL_SCALE)
    assert see(raw.pixels[..., :3], raw.alpha) == Seen(None, kind)


@pytest.mark.parametrize(
    ("high", "bits"), [(0, 8), (255, 8), (256, 10), (1023, 10), (4095, 12), (9000, 14), (16384, 16)]
)
def test_bits_that_cameras_have(high, bits):
    assert bits_of(high) == bits
