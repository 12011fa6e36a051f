"""What masks hold that nobody described: the right classes, or a message whose advice makes them readable."""

import re

import cv2
import numpy as np
import pytest
import yaml
from PIL import Image

from tests.data.folders import write_image
from visionft.data.dataset import load_dataset
from visionft.data.listing import LabelOptions
from visionft.errors import DataError

SIZE = (48, 32)
TWO = ("background", "foreground")


def classes_of(number: int) -> np.ndarray:
    """Draw a disc of class 1 and a box of class 2."""
    plane = np.zeros(SIZE[::-1], np.uint8)
    cv2.circle(plane, (14 + number, 16), 9, 1, -1)
    cv2.rectangle(plane, (30, 4 + number), (43, 18 + number), 2, -1)
    return plane


def write(root, made, ending="png", count=6, **how):
    """Write pictures, and what is made of (number, classes) as their masks."""
    (root / "masks").mkdir(parents=True)
    for number in range(count):
        write_image(root / f"images/{number}.png", number, SIZE)
        mask = made(number, classes_of(number))
        image = mask if isinstance(mask, Image.Image) else Image.fromarray(mask)
        image.save(root / f"masks/{number}.{ending}", **how)
    return root


def read(root, **options):
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    return load_dataset(root, options=LabelOptions(**given))


def labels(dataset):
    return {sample.image.stem: sample.target.source.read() for sample in dataset.samples}


def told(dataset):
    return "\n".join(map(str, dataset.problems))


def advised(message: str) -> dict:
    """Return what a message says to set: the values of the first data.KEY: VALUE."""
    found = re.search(r"data\.(mask_threshold|classes)(?::|, such as) (\{.*?\}(?=[;,\n]|$)|[0-9.]+)", message)
    value = yaml.safe_load(found[2])
    if isinstance(value, dict):
        value = {name: tuple(of) if isinstance(of, list) else of for name, of in value.items()}
    return {found[1]: value}


def white(number, plane):
    return (plane > 0).astype(np.uint8) * 255


def smooth(number, plane):
    large = cv2.resize(white(number, plane), None, fx=1.5, fy=1.5, interpolation=cv2.INTER_LINEAR)
    return cv2.resize(large, SIZE, interpolation=cv2.INTER_LINEAR)


def alpha(number, plane, colour=0):
    return np.dstack([np.full_like(plane, colour)] * 3 + [white(number, plane)])


BLACK_AND_WHITE = {
    "jpeg": (white, "jpg", {"quality": 90}),
    "poor jpeg": (white, "jpg", {"quality": 40}),
    "jpeg in colour": (lambda n, m: Image.fromarray(white(n, m)).convert("RGB"), "jpg", {"quality": 75}),
    "resized": (smooth, "png", {}),
    "one bit": (lambda n, m: Image.fromarray(white(n, m)).convert("1"), "png", {}),
    "transparency": (alpha, "png", {}),
    "transparency of white": (lambda n, m: alpha(n, m, 255), "png", {}),
    "0 and 255, and 0 and 1 once": (lambda n, m: white(n, m) // (1 if n else 255), "png", {}),
    "0 and 1, 0 and 255": (lambda n, m: white(n, m) // (255 if n % 2 else 1), "png", {}),
}


@pytest.mark.parametrize("kind", BLACK_AND_WHITE)
@pytest.mark.parametrize("names", [None, ("sky", "bird"), {"sky": 0, "bird": 255}], ids=["derived", "names", "values"])
def test_two_classes(tmp_path, kind, names):
    made, ending, how = BLACK_AND_WHITE[kind]
    if "0 and 1" in kind and isinstance(names, dict):
        names = {"sky": 0, "bird": (1, 255)}
    dataset = read(write(tmp_path, made, ending, **how), classes=names)
    assert dataset.class_names == (TWO if names is None else ("sky", "bird"))
    for number, found in labels(dataset).items():
        wanted = classes_of(int(number)) > 0
        assert np.mean((found == 1) != wanted) < 0.015
    if made in (smooth, white):
        assert "from 128 on" in told(dataset)


def test_values_that_say_which_is_which_go_before_the_order(tmp_path):
    root = write(tmp_path, white, "jpg", quality=90)
    dataset = read(root, classes={"bird": 255, "sky": 0})
    assert dataset.class_names == ("bird", "sky")
    assert np.mean((labels(dataset)["0"] == 0) != (classes_of(0) > 0)) < 0.01


def test_a_threshold_that_is_given(tmp_path):
    root = write(tmp_path, lambda n, m: (m * 40).astype(np.uint8))
    assert np.array_equal(labels(read(root, mask_threshold=60))["1"], classes_of(1) == 2)
    assert np.array_equal(labels(read(root, mask_threshold=30, classes=("x", "y")))["1"], classes_of(1) > 0)
    with pytest.raises(DataError, match=r"mask_threshold makes two classes, but data.classes gives 3 \(a, b, c\)"):
        read(root, mask_threshold=30, classes=("a", "b", "c"))


def steps(number, plane):
    return cv2.GaussianBlur((plane * 60).astype(np.uint8), (5, 5), 0)


ASKED = {
    "so small that edges are much of it": (lambda n, m: cv2.resize(white(n, m)[::2, ::2], SIZE), "png", {}),
    "three classes as JPEG": (lambda n, m: (m * 120).astype(np.uint8), "jpg", {"quality": 60}),
    "three classes, resized": (steps, "png", {}),
    "three classes, resized, of 16 bits": (lambda n, m: steps(n, m).astype(np.uint16) * 7, "png", {}),
    "likelihoods": (lambda n, m: Image.fromarray(np.float32(smooth(n, m)) / 255), "tif", {}),
    "soft": (lambda n, m: cv2.GaussianBlur(white(n, m), (41, 41), 0), "png", {}),
    "one-hot": (lambda n, m: np.dstack([(m == k) * 255 for k in range(3)]).astype(np.uint8), "png", {}),
    "one-hot, resized": (
        lambda n, m: cv2.GaussianBlur(np.dstack([(m == k) * 255 for k in range(3)]).astype(np.uint8), (3, 3), 0),
        "png",
        {},
    ),
}


@pytest.mark.parametrize("kind", ASKED)
def test_what_nobody_can_know_is_asked_for_and_the_advice_works(tmp_path, kind):
    made, ending, how = ASKED[kind]
    root = write(tmp_path, made, ending, **how)
    with pytest.raises(DataError) as caught:
        read(root)
    dataset = read(root, **advised(str(caught.value)))
    assert len(dataset.samples) == 6
    assert all(set(np.unique(found)) <= {0, 1, 2} for found in labels(dataset).values())


def test_classes_that_are_many_or_thin_are_classes(tmp_path):
    def thin(number, plane):
        cv2.line(plane, (0, 25), (47, 25), 128, 1)
        plane[:3] = np.arange(SIZE[0]) // 4
        plane[3:6, :4] = 255
        return plane

    dataset = read(write(tmp_path, thin))
    assert {"class 0", "class 1", "class 2", "class 11", "class 128"} <= set(dataset.class_names)
    assert "(255 is ignored)" in told(dataset)


@pytest.mark.parametrize("values", [(0, 128, 255), (0, 85, 170), (0, 64, 192)])
def test_greys_far_apart_are_classes(tmp_path, values):
    dataset = read(write(tmp_path, lambda n, m: np.uint8(values)[m]), ignore=[])
    assert dataset.class_names == tuple(f"class {value}" for value in values if value != 255)


def test_transparency_of_several_classes(tmp_path):
    dataset = read(write(tmp_path, lambda n, m: np.dstack([m * 0 + 255] * 3 + [m * 100])))
    assert dataset.class_names == ("class 0", "class 100", "class 200")
    assert np.array_equal(labels(dataset)["3"], classes_of(3))


def test_values_in_one_channel(tmp_path):
    root = write(tmp_path, lambda n, m: np.dstack([m, m * 0, m * 0]))
    dataset = read(root)
    assert dataset.class_names == ("class 0", "class 1", "class 2")
    assert np.array_equal(labels(dataset)["3"], classes_of(3))


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_whole_numbers_as_floats_or_32_bits(tmp_path, kind):
    dataset = read(write(tmp_path, lambda n, m: Image.fromarray(m.astype(kind)), "tif"))
    assert np.array_equal(labels(dataset)["3"], classes_of(3))


def test_black_objects_are_asked_about_and_the_advice_works(tmp_path):
    root = write(tmp_path, lambda n, m: 255 - white(n, m))
    dataset = read(root)
    assert "if objects are black" in told(dataset)
    turned = read(root, **advised(told(dataset).partition("if objects are black")[2]))
    assert np.array_equal(labels(turned)["2"] == 1, classes_of(2) > 0)
    assert "if objects are black" not in told(turned)


def test_masks_of_another_size_are_refused_and_the_advice_works(tmp_path):
    root = write(tmp_path, lambda n, m: cv2.resize(m, (24, 16), interpolation=cv2.INTER_NEAREST))
    with pytest.raises(DataError, match=r"resize the mask, with nearest neighbour"):
        read(root)
    for file in (root / "masks").iterdir():
        Image.fromarray(cv2.resize(cv2.imread(str(file), 0), SIZE, interpolation=cv2.INTER_NEAREST)).save(file)
    assert len(read(root).samples) == 6


def test_one_jpeg_among_other_masks_is_left_out_and_named(tmp_path):
    root = write(tmp_path, lambda n, m: m)
    Image.fromarray(classes_of(0) * 90).save(root / "masks/0.png", format="JPEG")
    dataset = read(root)
    assert (len(dataset.samples), dataset.class_names) == (5, ("class 0", "class 1", "class 2"))
    assert "images/0.png" in told(dataset)
    assert "left out" in told(dataset)
