import pickle

import numpy as np
import pytest
from PIL import Image

from tests.data.mask_sets import rows_of, save, write_mask
from visionft.data.formats.masks.coding import make_coding
from visionft.data.formats.masks.source import MaskFile, read_palette, read_stored
from visionft.errors import DataError

NAMES = ("a", "b", "c")
VALUES = rows_of((0, 1, 2, 255))
COLOURS = [250, 10, 20, 1, 200, 3, 0, 0, 90]


def read(path, classes=NAMES, ignore=()):
    return MaskFile(path, make_coding(classes, ignore)).read()


@pytest.mark.parametrize("name", ["m.png", "m.tif", "m.bmp", "m.gif"])
def test_grey_files_hold_values(tmp_path, name):
    mask = read(save(tmp_path / name, VALUES))
    assert mask.dtype == np.uint8
    assert np.array_equal(mask, VALUES)


def test_16_bits(tmp_path):
    path = write_mask(tmp_path / "m.png", (0, 1000, 30_000))
    mask = read(path, {"a": 0, "b": 1000, "c": 30_000})
    assert np.array_equal(mask, rows_of((0, 1, 2)))


@pytest.mark.parametrize("bits", [8, 2])
def test_palettes_give_the_index(tmp_path, bits):
    image = Image.fromarray(rows_of((0, 1, 2)))
    image.putpalette(COLOURS)
    image.save(tmp_path / "m.png", bits=bits)
    assert np.array_equal(read(tmp_path / "m.png"), rows_of((0, 1, 2)))
    assert read_palette(tmp_path / "m.png")[:3].ravel().tolist() == COLOURS
    assert read_palette(write_mask(tmp_path / "grey.png", (0, 1))) is None


def test_palettes_give_their_colours_where_classes_have_colours(tmp_path):
    path = save(tmp_path / "m.png", rows_of((0, 1, 2)), COLOURS)
    classes = {"x": (0, 0, 90), "y": (250, 10, 20), "z": (1, 200, 3)}
    assert np.array_equal(read(path, classes), rows_of((1, 2, 0)))


def test_black_and_white(tmp_path):
    Image.fromarray(rows_of((0, 255)) > 0).save(tmp_path / "one_bit.png")
    save(tmp_path / "grey.png", rows_of((0, 255)))
    save(tmp_path / "rgb.png", np.repeat(rows_of((0, 255))[..., None], 3, axis=2))
    save(tmp_path / "rgba.png", np.repeat(rows_of((0, 255))[..., None], 4, axis=2))
    for file in tmp_path.iterdir():
        assert np.array_equal(read(file, {"background": 0, "crack": 255}), rows_of((0, 1)))


def test_colour_files(tmp_path):
    pixels = np.uint8([(0, 0, 0), (128, 64, 128), (255, 255, 255)])[rows_of((0, 1, 2))]
    path = save(tmp_path / "m.png", pixels)
    assert np.array_equal(read(path, {"a": (0, 0, 0), "b": (128, 64, 128), "c": (255, 255, 255)}), rows_of((0, 1, 2)))
    assert np.array_equal(read_stored(path), pixels)


def test_the_file_is_named_with_its_unknown_values(tmp_path):
    path = write_mask(tmp_path / "m.png", (0, 1, 2, 3, 4))
    with pytest.raises(DataError, match=rf"^{path}: 2 values stand for no class: 3 \(24 pixels\), 4 \(24 pixels\)"):
        read(path)


def test_jpeg_is_refused_whatever_it_is_called(tmp_path):
    Image.fromarray(VALUES).save(tmp_path / "m.png", format="JPEG")
    with pytest.raises(DataError, match=r"m.png: a mask cannot be a JPEG, .*; for two classes, .* save masks as PNG"):
        read(tmp_path / "m.png")


def test_files_that_are_no_masks_are_told(tmp_path):
    with pytest.raises(DataError, match=r"none.png: the mask cannot be read \(No such file"):
        read(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(DataError, match=r"text.png: not a JPEG, PNG"):
        read(tmp_path / "text.png")
    whole = write_mask(tmp_path / "cut.png", (0, 1)).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[:-20])
    with pytest.raises(DataError, match=r"cut.png: the PNG file is cut off"):
        read(tmp_path / "cut.png")
    Image.fromarray(np.full((4, 4), 0.3, np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(DataError, match=r"float.tif: .* floats from 0.3 to 0.3, .* set data.mask_threshold: 0.5"):
        read(tmp_path / "float.tif")


def test_gif_colours_count_because_writers_renumber_them(tmp_path):
    path = save(tmp_path / "m.gif", rows_of((0, 255)))
    assert np.array_equal(read(path, {"background": 0, "crack": 255}), rows_of((0, 1)))


def test_a_mask_file_travels_and_compares(tmp_path):
    mask = MaskFile(tmp_path / "m.png", make_coding(NAMES))
    assert pickle.loads(pickle.dumps(mask)) == mask
    assert mask != MaskFile(tmp_path / "other.png", mask.coding)
