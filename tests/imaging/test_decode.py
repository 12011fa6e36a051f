import io

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.imaging.pictures import encoded, pillow_rgb, see_through, smooth_picture
from visionft.errors import ImageError
from visionft.imaging import decode


def difference(left, right):
    assert left.shape == right.shape
    return int(np.abs(left.astype(int) - right.astype(int)).max())


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


OPAQUE = {
    "jpeg": ("RGB", "JPEG", {"quality": 95}),
    "jpeg progressive": ("RGB", "JPEG", {"progressive": True}),
    "jpeg grey": ("L", "JPEG", {}),
    "png": ("RGB", "PNG", {}),
    "png grey": ("L", "PNG", {}),
    "png palette": ("P", "PNG", {}),
    "png 1 bit": ("1", "PNG", {}),
    "webp lossy": ("RGB", "WEBP", {}),
    "webp lossless": ("RGB", "WEBP", {"lossless": True}),
    "gif": ("P", "GIF", {}),
    "bmp": ("RGB", "BMP", {}),
    "bmp palette": ("P", "BMP", {}),
    "bmp grey": ("L", "BMP", {}),
    "bmp 1 bit": ("1", "BMP", {}),
    "tiff": ("RGB", "TIFF", {}),
    "tiff lzw": ("RGB", "TIFF", {"compression": "tiff_lzw"}),
    "tiff grey": ("L", "TIFF", {}),
    "tiff palette": ("P", "TIFF", {}),
    "tiff 1 bit": ("1", "TIFF", {}),
    "tiff cmyk": ("CMYK", "TIFF", {}),
}


@pytest.mark.parametrize("name", OPAQUE)
def test_opaque_images_equal_pillows(name):
    mode, kind, options = OPAQUE[name]
    data = encoded(smooth_picture().convert(mode), kind, **options)
    pixels = decode(data)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert difference(pixels, pillow_rgb(data)) == 0


def test_cmyk_jpeg_equals_pillows():
    data = encoded(smooth_picture().convert("CMYK"), "JPEG", quality=95)
    assert difference(decode(data), pillow_rgb(data)) <= 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_exif_orientations(kind, orientation):
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(smooth_picture(), kind, exif=exif(orientation), **options)
    assert difference(decode(data), pillow_rgb(data)) == 0


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_exif_orientations_with_transparency(kind, orientation):
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    data = encoded(see_through(), kind, exif=exif(orientation), **options)
    assert difference(decode(data), pillow_rgb(data)) <= 1


TRANSPARENT = {
    "png": ("RGBA", "PNG", {}),
    "png grey": ("LA", "PNG", {}),
    "webp lossless": ("RGBA", "WEBP", {"lossless": True, "exact": True}),
    "webp lossy": ("RGBA", "WEBP", {"quality": 95}),
    "tiff": ("RGBA", "TIFF", {}),
}


@pytest.mark.parametrize("name", TRANSPARENT)
def test_transparency_is_put_on_white(name):
    mode, kind, options = TRANSPARENT[name]
    data = encoded(see_through().convert(mode), kind, **options)
    assert difference(decode(data), pillow_rgb(data)) <= 1


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_palette_colour_is_white(kind):
    picture = smooth_picture().convert("P")
    commonest = int(np.bincount(np.asarray(picture).ravel()).argmax())
    data = encoded(picture, kind, transparency=commonest)
    pixels = decode(data)
    assert difference(pixels, pillow_rgb(data)) <= 1
    assert (pixels[np.asarray(picture) == commonest] == 255).all()


def test_a_transparent_rgb_colour_is_white():
    picture = smooth_picture()
    data = encoded(picture, "PNG", transparency=picture.getpixel((5, 7)))
    assert difference(decode(data), pillow_rgb(data)) <= 1
    assert decode(data)[7, 5].tolist() == [255, 255, 255]


@pytest.mark.parametrize("extension", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3])
def test_16_bits_keep_full_scale(extension, channels):
    wide = np.random.default_rng(1).integers(0, 65536, (64, 77, channels), dtype=np.uint16)
    wide[0, 0], wide[0, 1] = 0, 65535
    data = cv2.imencode(extension, wide[..., ::-1])[1].tobytes()
    expected = np.round(wide.astype(np.float64) / 257).astype(np.uint8)
    used = [np.full((64, 77, 3), 7, np.uint16) for _ in range(8)]
    del used  # a decoder that leaves pixels unwritten shows what was here before
    assert difference(decode(data), np.broadcast_to(expected, (64, 77, 3))) == 0


def test_16_bit_transparency():
    wide = np.random.default_rng(1).integers(0, 65536, (9, 11, 4), dtype=np.uint16)
    data = cv2.imencode(".png", wide)[1].tobytes()
    colour, alpha = wide[..., 2::-1] / 65535, wide[..., 3:] / 65535
    expected = np.round(255 * (colour * alpha + 1 - alpha))
    assert difference(decode(data), expected) <= 1


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_is_taken(kind):
    picture = smooth_picture()
    data = encoded(picture, kind, save_all=True, append_images=[picture.rotate(180)])
    assert Image.open(io.BytesIO(data)).n_frames == 2
    assert difference(decode(data), pillow_rgb(data)) <= 1


def test_float_images_are_refused():
    data = cv2.imencode(".tiff", np.ones((4, 4, 3), np.float32))[1].tobytes()
    with pytest.raises(ImageError, match="float32 values, which have no fixed full scale"):
        decode(data)


def test_paths_may_have_any_letters_and_upper_case_extensions(tmp_path):
    path = tmp_path / "Größe 日本.JPG"
    path.write_bytes(encoded(smooth_picture(), "JPEG"))
    assert difference(decode(path), pillow_rgb(path.read_bytes())) == 0


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    with pytest.raises(ImageError, match=r"cannot be read.*No such file"):
        decode(tmp_path / "absent.png")
    with pytest.raises(ImageError, match=r"cannot be read.*directory"):
        decode(tmp_path)


def test_the_pixel_limit_counts_declared_pixels():
    data = encoded(smooth_picture(), "PNG")
    assert decode(data, max_pixels=48 * 32).shape == (32, 48, 3)
    with pytest.raises(ImageError, match=r"declares 48 x 32 pixels; the limit is 1,535"):
        decode(data, max_pixels=48 * 32 - 1)
