import io

import pytest
from PIL import Image

from tests.imaging.pictures import encoded, smooth_picture
from visionft.imaging.frames import holds_several


def several(kind, picture, **options):
    buffer = io.BytesIO()
    others = [picture.rotate(90), picture.rotate(180)]
    picture.save(buffer, kind, save_all=True, append_images=others, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG", "WEBP"])
def test_animations_and_pages_are_noticed(kind):
    picture = smooth_picture() if kind != "GIF" else smooth_picture().quantize(16)
    assert holds_several(several(kind, picture))
    assert not holds_several(encoded(picture, kind))


def test_local_colours_and_comments_of_a_gif_are_no_frames():
    picture = smooth_picture().quantize(16)
    assert not holds_several(encoded(picture, "GIF", comment=b"x" * 700))
    coloured = [Image.new("RGB", (20, 20), colour).quantize(2) for colour in ("red", "green", "blue")]
    buffer = io.BytesIO()
    coloured[0].save(buffer, "GIF", save_all=True, append_images=coloured[1:], duration=10)
    assert holds_several(buffer.getvalue())


@pytest.mark.parametrize("data", [b"GIF89a", b"II*\0", b"RIFF" + bytes(8) + b"VP8X", b"\x89PNG"])
def test_what_is_cut_off_is_left_to_the_decoder(data):
    assert not holds_several(data)
