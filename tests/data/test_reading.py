"""Which values of image files are black and white, and what a fourth channel is, as data sets show it."""

import cv2
import numpy as np
import pytest

import visionft as vft
from visionft.data.dataset import load_dataset
from visionft.data.reading import ReadingOptions
from visionft.data.targets.label import Label
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


def test_dark_arrays_are_told_and_the_advice_works():
    images = [np.random.default_rng(n).integers(0, 4096, (8, 8, 3)).astype(np.uint16) for n in range(6)]
    labels = ["a", "b"] * 3
    source = vft.Dataset.from_arrays(images, labels)
    (told_once,) = [
        line for line in told(load_dataset(None, source=source, target=Label)).splitlines() if "16 bits" in line
    ]
    assert "give images / 4095" in told_once
    scaled = vft.Dataset.from_arrays([image / 4095 for image in images], labels)
    dataset = load_dataset(None, source=scaled, target=Label)
    assert "16 bits" not in told(dataset)
    assert dataset.samples[0].image.read().max() > 200
