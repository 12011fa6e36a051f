import cv2
import numpy as np

from visionft.data.checks.near_duplicates import Appearance, alike, appearance_of


def scene(seed, size=(120, 90)):
    """Return a smooth random picture of (width, height)."""
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)


def test_encoding_resizing_and_light_hardly_matter():
    picture = scene(0)
    encoded = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    variants = [encoded, cv2.resize(picture, (61, 47)), (picture * 0.7 + 30).astype(np.uint8)]
    looks = [appearance_of(image) for image in variants]
    assert list(alike(looks, [appearance_of(scene(1)), appearance_of(picture)])) == [(0, 1), (1, 1), (2, 1)]


def test_different_pictures_are_not_alike():
    looks = [appearance_of(scene(seed)) for seed in range(60)]
    assert list(alike(looks[:30], looks[30:])) == []
    assert list(alike(looks, [])) == []
    assert list(alike([], looks)) == []


def test_a_picture_without_detail_is_like_none():
    assert appearance_of(np.full((40, 50, 3), 90, np.uint8)) is None
    assert appearance_of(np.full((1, 1, 3), 90, np.uint8)) is None


def test_the_same_bits_are_not_enough():
    """Pictures of one kind, such as a road ahead, share the coarse bits; the thumbnails tell them apart."""
    bits = 0x0F0F
    noise = np.random.default_rng(0).integers(0, 255, (2, 1024), dtype=np.uint8)
    one, two = (Appearance(bits, row.tobytes()) for row in noise)
    assert list(alike([one], [two])) == []
    assert list(alike([one], [two, one])) == [(0, 1)]


def test_blocks_do_not_change_the_answer():
    looks = [appearance_of(scene(seed, (16, 12))) for seed in range(40)]
    many = looks * 60
    assert list(alike(many, looks[:7])) == [(at, at % 40) for at in range(len(many)) if at % 40 < 7]
