"""JPEGs decoded as small as their canvas allows: the same picture, in the frame of the original."""

from dataclasses import replace
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.imaging.pictures import encoded, pillow_rgb, smooth_picture
from visionft.data.records import Sample
from visionft.data.targets.boxes import Boxes
from visionft.errors import DataError, ImageError
from visionft.imaging import decode, to_canvas
from visionft.imaging.inputs import load
from visionft.imaging.pixels import Pixels
from visionft.imaging.reduced import decode_for
from visionft.loading.canvases import Canvases
from visionft.spec import InputSpec

SIZE = (481, 323)  # neither is a multiple of a block
SPEC = InputSpec(40, 40, "stretch", decode="reduced")


def photograph(mode="RGB", **options):
    return encoded(smooth_picture().resize(SIZE, Image.Resampling.BICUBIC).convert(mode), "JPEG", **options)


def turned(orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    return exif


def far(left, right):
    return np.abs(left.astype(int) - right).max()


def on_canvas(data, spec):
    decoded = decode_for(data, spec)
    return to_canvas(decoded.pixels_HW3, spec, decoded.original)


KINDS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "grey": {"mode": "L"},
    "all colours": {"subsampling": 0, "quality": 95},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_the_canvas_shows_the_same(kind, fit):
    data, spec = photograph(**KINDS[kind]), replace(SPEC, fit=fit)
    assert decode_for(data, spec).pixels_HW3.shape[:2] == (81, 120)  # a quarter
    assert far(on_canvas(data, spec), to_canvas(decode(data), spec)) <= 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_exif_orientations(orientation):
    data, spec = photograph(exif=turned(orientation)), replace(SPEC, height=30, width=50)
    upright = pillow_rgb(data)
    decoded = decode_for(data, spec)
    assert decoded.original == (upright.shape[1], upright.shape[0])
    assert decoded.pixels_HW3.size < upright.size
    assert far(to_canvas(decoded.pixels_HW3, spec, decoded.original), to_canvas(upright, spec)) <= 8


@pytest.mark.parametrize(
    ("original", "canvas", "scale"),
    [
        ((2000, 1500), 224, 4),
        ((4000, 3000), 224, 8),
        ((720, 720), 224, 2),
        ((714, 714), 224, 1),  # a half would be less than 1.6 times the canvas
        ((4000, 400), 224, 1),  # one side is not larger
        ((640, 480), 224, 1),
        ((100, 50), 224, 1),
        ((5000, 5000), 16, 8),
    ],
)
def test_how_much_smaller(original, canvas, scale):
    data = encoded(Image.new("RGB", original), "JPEG")
    found = decode_for(data, InputSpec(canvas, canvas, "stretch", decode="reduced"))
    assert found.original == original
    assert found.pixels_HW3.shape == (original[1] // scale, original[0] // scale, 3)


def test_fine_patterns_vanish_as_they_do_at_full_size():
    """Stripes of a pixel are grey on a canvas a twelfth as wide, and not stripes of another width."""
    stripes = np.zeros((480, 480, 3), np.uint8)
    stripes[:, ::2] = 255
    data = cv2.imencode(".jpg", stripes, [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
    canvas = on_canvas(data, SPEC)
    assert canvas.std() < 2
    assert abs(canvas.mean() - 127.5) < 3


def as_rgb_jpeg():
    buffer = BytesIO()
    smooth_picture().resize(SIZE).save(buffer, "JPEG", keep_rgb=True)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        encoded(smooth_picture().resize(SIZE), "PNG"),
        encoded(smooth_picture().resize(SIZE), "WebP"),
        photograph("CMYK"),
        as_rgb_jpeg(),
        cv2.imencode(".png", np.full((400, 400, 3), 40000, np.uint16))[1].tobytes(),
    ],
    ids=["PNG", "WebP", "CMYK", "RGB", "16 bits"],
)
def test_everything_else_is_decoded_as_ever(data):
    assert np.array_equal(decode_for(data, SPEC).pixels_HW3, decode(data))


@pytest.mark.parametrize("spec", [replace(SPEC, decode="full"), replace(SPEC, fit="tile")])
def test_where_nobody_asks_and_for_windows_it_is_decoded_as_ever(spec):
    data = photograph()
    assert np.array_equal(decode_for(data, spec).pixels_HW3, decode(data))


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: data[:40]])
def test_damaged_files_are_told_as_ever(damage):
    data = damage(photograph())
    with pytest.raises(ImageError) as ever:
        decode(data)
    with pytest.raises(ImageError) as reduced:
        decode_for(data, SPEC)
    assert str(reduced.value) == str(ever.value)


def test_the_pixel_limit_counts_declared_pixels():
    data = bytearray(photograph())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(ImageError, match="65535 x 65535"):
        decode_for(bytes(data), SPEC)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(photograph(exif=turned(6)))
    return path


def trained_on(file, spec):
    """Return what training sees of an upright image of 323 x 481 with a box."""
    sample = Sample("photo.jpg", file, Boxes(((32, 48, 160, 240),), (0,), (False,)), "train", size=(SIZE[1], SIZE[0]))
    return Canvases([sample], spec, seed=0, augment=None, cache_bytes=0)[0, 0]


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_labels_count_in_the_original(file, fit):
    spec = replace(SPEC, fit=fit)
    reduced, full = trained_on(file, spec), trained_on(file, replace(spec, decode="full"))
    assert np.array_equal(reduced.target.boxes_N5, full.target.boxes_N5)
    assert len(reduced.target.boxes_N5) == 1
    assert not np.array_equal(reduced.image_HW3, full.image_HW3)


def test_whoever_hands_a_file_over_gets_what_training_sees(file):
    trained = trained_on(file, SPEC)
    with file.open("rb") as opened:
        for given in (file, str(file), file.read_bytes(), bytearray(file.read_bytes()), opened):
            loaded = load(given, SPEC)
            assert loaded.original == (SIZE[1], SIZE[0])
            assert np.array_equal(loaded.pixels_HW3, trained.image_HW3)
    assert not np.array_equal(load(decode(file), SPEC).pixels_HW3, trained.image_HW3)  # pixels are what they are
    in_memory = Pixels(decode(file), "photo")
    assert np.array_equal(load(in_memory, SPEC).pixels_HW3, load(decode(file), SPEC).pixels_HW3)
    with pytest.raises(DataError, match=r"no\.jpg"):
        load(file.with_name("no.jpg"), SPEC)
