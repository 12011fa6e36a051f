"""What changes mean, against plain loops and formulas in 64-bit floats."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.data.samples import make_example
from visionft.augment import POLICIES, Policy, sample_params
from visionft.augment.arithmetic import averaged, blur_kernel, colour_matrix, gamma_table, noise_of
from visionft.augment.cpu import apply
from visionft.augment_params import AugmentParams

LUMA = np.array([0.299, 0.587, 0.114])
YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])


def half_up(values):
    return np.clip(np.floor(values + 0.5), 0, 255)


def one_after_the_other(colours, change, mean):
    """Do to colours (N, 3) what a change says, step by step."""
    colours, grey = colours * change.brightness, (LUMA @ mean) * change.brightness
    colours = grey + (colours - grey) * change.contrast
    luma = (colours @ LUMA)[:, None]
    colours = luma + (colours - luma) * change.saturation
    y, i, q = YIQ @ colours.T
    turned = (i + 1j * q) * np.exp(2j * np.pi * change.hue)
    return np.linalg.solve(YIQ, [y, turned.real, turned.imag]).T


def test_colours_are_changed_in_one_step_as_one_after_the_other():
    rng = np.random.default_rng(0)
    strong = replace(POLICIES["strong"], hue=0.4, grey=0.2)
    for seed in range(60):
        change, colours, mean = (
            sample_params(strong, "any", (9, 9), seed),
            rng.uniform(0, 255, (50, 3)),
            rng.uniform(0, 255, 3),
        )
        matrix = colour_matrix(change, mean)
        assert (matrix * 1024 == np.round(matrix * 1024)).all()
        found = colours @ matrix[:, :3].T + matrix[:, 3]
        assert np.abs(found - one_after_the_other(colours, change, mean)).max() < 0.5
        greys = np.arange(256)[:, None] * np.ones(3) @ matrix[:, :3].T + matrix[:, 3]
        assert (greys == greys[:, :1]).all()


def test_a_third_of_the_circle_is_half_way_from_red_to_a_green_blue():
    """Which way hues turn is a convention: red goes the way that I goes to Q."""
    found = YIQ @ colour_matrix(AugmentParams(hue=0.25), [0, 0, 0])[:, :3] @ [100, 0, 0]
    assert found == pytest.approx([29.9, -21.15, 59.59], abs=0.1)


def test_gamma_and_blur():
    assert gamma_table(1.0).tolist() == list(range(256))
    assert gamma_table(2.0)[[0, 1, 64, 128, 255]].tolist() == [0, 0, 16, 64, 255]
    for sigma in np.linspace(0.3, 1.2, 10):
        weights = blur_kernel(sigma)
        assert weights.sum() == 1
        assert (weights * 256 == np.round(weights * 256)).all()
        exact = np.exp(-(np.arange(-9, 10) ** 2) / (2 * sigma**2))
        assert np.abs(np.pad(weights, 6) - exact / exact.sum()).max() < 0.008


def test_noise_is_nearly_normal_and_every_pixel_has_its_own():
    change = AugmentParams(noise=0.05, noise_seed=3_000_000_019)
    noise = noise_of(change, (301, 203))
    assert (noise.shape, noise.dtype) == ((203, 301), np.int16)
    for x, y in ((0, 0), (300, 202), (17, 5)):
        bits = (y * 301 + x) ^ 3_000_000_019
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
            bits = (bits ^ bits >> shift) * factor % 2**32
        total = sum((bits ^ bits >> 16).to_bytes(4, "little")) - 510
        assert noise[y, x] == np.floor(total * 255 * 0.05 / np.sqrt(65535 / 3) + 0.5)
    assert abs(noise.mean()) < 0.2
    assert noise.std() == pytest.approx(12.75, rel=0.02)
    assert np.quantile(noise, [0.0228, 0.159, 0.841, 0.977]) == pytest.approx([-25.5, -12.75, 12.75, 25.5], abs=1.1)
    other = noise_of(replace(change, noise_seed=77), (301, 203))
    for one, two in ((noise[1:], noise[:-1]), (noise[:, 1:], noise[:, :-1]), (noise, other)):
        assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.02


def value(image, x, y, fill):
    """Return what an image has at pixel (x, y), which may lie beyond its edge."""
    height, width = image.shape[:2]
    if fill is not None and not (0 <= x < width and 0 <= y < height):
        return np.array(fill, float)
    x, y = x % (2 * width), y % (2 * height)
    return image[min(y, 2 * height - 1 - y), min(x, 2 * width - 1 - x)].astype(float)


def sampled(image, change, fill):
    """Return the image that a change of positions gives, and the places (x, y) of pixel centres before it."""
    height, width = image.shape[:2]
    back = np.linalg.inv(change.matrix)
    found, places = np.zeros(image.shape), np.zeros((height, width, 2))
    offsets = (0.25, 0.75) if averaged(change) else (0.5,)

    def before(x, y):
        x, y, divisor = back @ [x, y, 1]
        return np.array([x, y]) / divisor

    for row in range(height):
        for column in range(width):
            places[row, column] = before(column + 0.5, row + 0.5)
            samples = []
            for down in offsets:
                for right in offsets:
                    x, y = before(column + right, row + down) - 0.5
                    left, top = int(np.floor(x)), int(np.floor(y))
                    x, y = x - left, y - top
                    upper, lower = (
                        (1 - x) * value(image, left, line, fill) + x * value(image, left + 1, line, fill)
                        for line in (top, top + 1)
                    )
                    samples.append(np.rint((1 - y) * upper + y * lower))
            found[row, column] = half_up(np.mean(samples, axis=0))
    return found, places


@pytest.mark.parametrize("fill", [None, (10, 200, 30)])
@pytest.mark.parametrize("size", [(17, 23), (24, 9)])
def test_pixels_and_masks_come_from_where_the_matrix_says(fill, size):
    rng = np.random.default_rng(5)
    image, mask = rng.integers(0, 256, (*size, 3), dtype=np.uint8), rng.integers(0, 250, size, dtype=np.uint8)
    policy = Policy(zoom=0.2, spread=0.7, shift=0.2, rotate=30, shear=10)
    kinds = set()
    for seed in range(16):
        tilted = replace(policy, perspective=0.3 * (seed % 2), stretch=0.3)
        change = sample_params(tilted, "any", size[::-1], seed)
        kinds.add((averaged(change), change.affine))
        found = apply(make_example(image, mask), change, fill)
        expected, places = sampled(image, change, fill)
        off = np.abs(found.image_HW3 - expected)
        assert off.max() <= 1
        assert (off > 0).mean() < 0.01  # values that are halves but for an error in the last place
        near = np.abs(places - np.round(places)).min(axis=2) < 0.01
        for row, column in zip(*np.nonzero(~near), strict=True):
            x, y = np.floor(places[row, column]).astype(int)
            assert found.target.mask_HW[row, column] == value(mask[..., None], x, y, fill and (255,))[0]
    assert len(kinds) == 4


def test_how_far_an_image_is_shrunk_is_measured_at_the_centre_of_the_canvas():
    around = np.array([[-1, 1, 1, -1], [-1, -1, 1, 1]]) * 1e-4 + [[20], [15]]
    answers = []
    for seed in range(60):
        change = sample_params(Policy(spread=0.7, rotate=30, stretch=0.5, perspective=0.4), "any", (40, 30), seed)
        x, y, divisors = np.linalg.inv(change.matrix) @ [*around, np.ones(4)]
        x, y = x / divisors, y / divisors
        area = abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2  # of what comes to a square with sides of 2e-4
        assert averaged(change) == (np.sqrt(4e-8 / area) < 0.85)
        answers.append(averaged(change))
    assert 10 < sum(answers) < 50


def test_everything_after_the_warp_in_its_order():
    image = cv2.resize(np.random.default_rng(2).integers(0, 255, (6, 8, 3), dtype=np.uint8), (64, 48))
    mean = image.reshape(-1, 3).mean(axis=0)
    colour = AugmentParams(brightness=1.2, contrast=0.8, saturation=1.3, hue=0.03, gamma=1.15)
    coloured = half_up(one_after_the_other(image.reshape(-1, 3).astype(float), colour, mean))
    coloured = half_up(255 * (coloured / 255) ** 1.15).reshape(image.shape)
    assert np.abs(apply(make_example(image), colour).image_HW3 - coloured).max() <= 2
    step = apply(make_example(image), colour).image_HW3.astype(float)

    noisy = replace(colour, noise=0.04, noise_seed=9, erase_boxes=((3, 4, 13, 9), (60, 40, 64, 48)))
    expected = np.clip(step + noise_of(noisy, (64, 48))[..., None], 0, 255)
    expected[4:9, 3:13] = expected[40:48, 60:64] = 127
    assert (apply(make_example(image), noisy).image_HW3 == expected).all()

    padded, weights = np.pad(step, ((3, 3), (3, 3), (0, 0)), "reflect"), blur_kernel(1.0)
    blurred = sum(weights[i] * padded[i : i + 48] for i in range(7))
    blurred = np.rint(sum(weights[i] * blurred[:, i : i + 64] for i in range(7)))
    found = apply(make_example(image), replace(colour, blur=1.0)).image_HW3
    assert (found == blurred).mean() > 0.9999

    code = cv2.imencode(".jpg", step.astype(np.uint8)[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, 60))[1]
    expected = cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1]
    assert (apply(make_example(image), replace(colour, jpeg=60)).image_HW3 == expected).all()


def test_no_change_changes_nothing():
    image = np.random.default_rng(2).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    masked, boxed = make_example(image, image[..., 0]), make_example(image, boxes_N5=[[1, 2, 3, 4, 5]])
    found, objects = (apply(example, AugmentParams(), (0, 0, 0)) for example in (masked, boxed))
    assert (found.image_HW3 == image).all()
    assert (found.target.mask_HW == image[..., 0]).all()
    assert objects.target.boxes_N5.tolist() == [[1, 2, 3, 4, 5]]
