"""Which values of image files are black and white, and what a fourth channel is, as data sets show it."""

import cv2
import numpy as np
import pytest

from visionft.assemble import load_data
from visionft.data.dataset import load_dataset
from visionft.data.reading import ReadingOptions
from visionft.data.source import DataSource
from visionft.errors import DataError
from visionft.imaging import decode
from visionft.imaging.levels import to_8_bits
from visionft.recipe.load import recipe_from_data
from visionft.spec import FULL_SCALE, Reading


def write(root, made, ending="png", count=4):
    for label in ("a", "b"):
        for split in ("train", "test"):
            for number in range(count):
                seed = 100 * "ab".index(label) + 10 * ("train", "test").index(split) + number
                plane = np.random.default_rng(seed).integers(0, 256, (12, 10, 3))
                path = root / split / label / f"{number}.{ending}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(cv2.imencode(f".{ending}", made(plane, split))[1].tobytes())
    return root


def told(dataset):
    return "\n".join(map(str, dataset.problems))


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize(("factor", "bits"), [(1, 8), (4, 10), (16, 12), (64, 14)])
def test_the_training_images_tell_how_many_bits_there_are(tmp_path, ending, factor, bits):
    root = write(tmp_path, lambda plane, _: (plane * factor).astype(np.uint16), ending)
    dataset = load_dataset(root)
    assert dataset.reading == Reading((0.0, 2.0**bits - 1))
    assert {sample.reading for sample in dataset.samples} == {dataset.reading}
    assert f"are read as {bits} bits: 0 to {2**bits - 1}; data.range: bits takes" in told(dataset)
    full = load_dataset(root, reading=ReadingOptions("bits"))
    assert full.reading == FULL_SCALE
    assert "data.range" not in told(full)
    assert load_dataset(root, reading=ReadingOptions(12)).reading == Reading((0.0, 4095.0))


@pytest.mark.parametrize("made", [lambda p, _: p.astype(np.uint8), lambda p, _: (p * 257).astype(np.uint16)])
def test_full_scales_are_read_as_before_and_not_told(tmp_path, made):
    dataset = load_dataset(write(tmp_path, made))
    assert dataset.reading == FULL_SCALE
    assert "data.range" not in told(dataset)


def test_values_beyond_the_training_images_are_told(tmp_path):
    root = write(tmp_path, lambda plane, split: (plane * (16 if split == "train" else 100)).astype(np.uint16))
    dataset = load_dataset(root)
    assert dataset.reading == Reading((0.0, 4095.0))
    assert "8 images hold values beyond 4095, which are white: test/a/0.png" in told(dataset)


def test_a_range_that_says_nothing_is_told(tmp_path):
    root = write(tmp_path, lambda plane, _: plane.astype(np.uint8))
    assert "all images have 8 bits" in told(load_dataset(root, reading=ReadingOptions((0.0, 100.0))))


def test_floats_are_read_by_a_range(tmp_path):
    root = write(tmp_path, lambda plane, _: (plane / 255).astype(np.float32), "tif")
    dataset = load_dataset(root, reading=ReadingOptions((0.0, 1.0)))
    assert (len(dataset.samples), dataset.reading) == (16, Reading((0.0, 1.0)))


def with_channel(channel):
    return lambda plane, _: np.dstack([plane, channel(plane)]).astype(np.uint8)


def test_a_channel_that_is_no_opacity_is_asked_about_and_both_answers_work(tmp_path):
    root = write(tmp_path, with_channel(lambda plane: plane[..., 0] // 2 + 60))
    (asked,) = [problem for problem in load_dataset(root).problems if problem.fatal]
    assert "set data.alpha: ignore" in str(asked)
    assert "set data.alpha: composite" in str(asked)
    for answer in ("ignore", "composite"):
        dataset = load_dataset(root, reading=ReadingOptions(alpha=answer))
        assert dataset.reading == Reading(alpha=answer)
        assert "data.alpha" not in told(dataset)


@pytest.mark.parametrize(
    "channel", [lambda p: p[..., 0] * 0 + 255, lambda p: (p[..., 0] > 99) * 255, lambda p: p[..., 0] * 0 + 99]
)
def test_opacity_is_read_as_before(tmp_path, channel):
    dataset = load_dataset(write(tmp_path, with_channel(channel)))
    assert dataset.reading == FULL_SCALE
    assert "data.alpha" not in told(dataset)


def test_one_odd_image_is_named_and_stops_nothing(tmp_path):
    root = write(tmp_path, with_channel(lambda plane: plane[..., 0] * 0 + 255))
    odd = np.random.default_rng(7).integers(0, 250, (12, 10, 4), dtype=np.uint8)
    cv2.imwrite(str(root / "train/a/0.png"), odd)
    dataset = load_dataset(root)
    assert not any(problem.fatal for problem in dataset.problems)
    assert "data.alpha: 1 of 16 images" in told(dataset)
    assert "train/a/0.png" in told(dataset)


TWELVE_BITS = [np.full((6, 5), 100 * number, np.uint16) for number in range(1, 9)]


def in_memory(images, **settings):
    data = DataSource.from_arrays(images, ["cat", "dog"] * 4, split=["train", "train", "val", "val"] * 2, **settings)
    recipe = recipe_from_data(data)
    return load_data(recipe, source=data)


def test_arrays_of_16_bits_are_read_as_files_are():
    found = in_memory([image * 5 for image in TWELVE_BITS])
    assert found.reading.range == (0.0, 4095.0)
    assert any("read as 12 bits" in str(problem) for problem in found.problems)
    assert decode(found.samples[0].image, found.reading)[0, 0, 0] == round(500 * 255 / 4095)
    assert in_memory(TWELVE_BITS, range="bits").reading.range is None
    assert in_memory(TWELVE_BITS, range=(0, 1000)).reading.range == (0.0, 1000.0)


def test_arrays_of_floats_are_read_in_a_stated_range():
    floats = [image.astype(np.float32) for image in TWELVE_BITS]
    found = in_memory(floats, range=[0, 1000])
    assert [decode(one.image, one.reading)[0, 0, 0] for one in found.samples[:2]] == [26, 51]
    with pytest.raises(DataError, match="0 \\(black\\) to 1"):
        in_memory(floats)


def test_arrays_of_the_full_scale_stay_what_they_were():
    deep = [image * 80 for image in TWELVE_BITS]
    plain = [to_8_bits(image) for image in deep]
    found, same = in_memory(deep), in_memory(plain)
    assert found.reading.range is None
    assert [one.image.content for one in found.samples] == [one.image.content for one in same.samples]


def test_a_fourth_channel_of_arrays_is_composited_dropped_or_asked_about():
    rng = np.random.default_rng(0)
    infrared = [rng.integers(100, 200, (9, 9, 4), np.uint8) for _ in range(8)]
    assert any(problem.fatal and problem.where == "data.alpha" for problem in in_memory(infrared).problems)
    found = in_memory(infrared, alpha="ignore")
    assert np.array_equal(decode(found.samples[0].image, found.reading), infrared[0][..., :3])
