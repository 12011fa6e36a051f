import cv2
import numpy as np
import pytest
from PIL import Image

from tests.imaging.pictures import smooth_picture
from visionft.errors import ImageError
from visionft.imaging import to_canvas
from visionft.imaging.placement import canvas_from_original, place
from visionft.spec import InputSpec

FITS = ["stretch", "crop", "pad"]


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (37, 53), (640, 480), (64, 64)])
def test_the_canvas_has_its_size_and_is_contiguous(fit, size):
    image = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    canvas = to_canvas(image, InputSpec(height=48, width=64, fit=fit, crop_pct=0.9))
    assert canvas.shape == (48, 64, 3)
    assert canvas.dtype == np.uint8
    assert canvas.flags.c_contiguous


@pytest.mark.parametrize("fit", FITS)
def test_an_image_of_the_canvas_size_is_left_alone(fit):
    image = np.asarray(smooth_picture())
    assert (to_canvas(image, InputSpec(height=32, width=48, fit=fit)) == image).all()


def test_shrinking_averages_areas():
    image = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    canvas = to_canvas(image, InputSpec(height=15, width=20, fit="stretch"))
    boxes = image.reshape(15, 4, 20, 4, 3).astype(np.float64).mean(axis=(1, 3))
    assert np.abs(canvas - boxes).max() <= 0.5 + 1e-9


def area_weights(source, target):
    """Return how much of each source pixel each target pixel covers, rows summing to one."""
    edges = np.arange(target + 1) * source / target
    left, right = edges[:-1, None], edges[1:, None]
    pixel = np.arange(source)[None]
    overlap = np.clip(np.minimum(right, pixel + 1) - np.maximum(left, pixel), 0, None)
    return overlap / overlap.sum(axis=1, keepdims=True)


def test_shrinking_by_any_factor_averages_areas():
    image = np.random.default_rng(0).integers(0, 255, (77, 101, 3), dtype=np.uint8)
    canvas = to_canvas(image, InputSpec(height=30, width=40, fit="stretch"))
    exact = np.einsum("hy,wx,yxc->hwc", area_weights(77, 30), area_weights(101, 40), image.astype(np.float64))
    assert np.abs(canvas - exact).max() <= 0.51


def test_one_axis_may_shrink_while_the_other_grows():
    image = np.asarray(smooth_picture())
    canvas = to_canvas(image, InputSpec(height=64, width=24, fit="stretch", interpolation="bilinear"))
    narrow = image.reshape(32, 24, 2, 3).astype(np.float64).mean(axis=2)
    reference = cv2.resize(narrow, (24, 64), interpolation=cv2.INTER_LINEAR)
    assert np.abs(canvas - reference).max() <= 1.0


@pytest.mark.parametrize(("interpolation", "flag"), [("bilinear", Image.Resampling.BILINEAR), ("bicubic", None)])
def test_enlarging_uses_the_filter_of_the_spec(interpolation, flag):
    image = np.asarray(smooth_picture())
    canvas = to_canvas(image, InputSpec(height=96, width=144, fit="stretch", interpolation=interpolation))
    bilinear = np.asarray(Image.fromarray(image).resize((144, 96), Image.Resampling.BILINEAR))
    close = np.abs(canvas.astype(int) - bilinear).max() <= 1
    assert close == (flag is not None)


def test_crop_keeps_the_centre():
    image = np.zeros((100, 300, 3), np.uint8)
    image[:, 100:200] = 255
    assert (to_canvas(image, InputSpec(height=50, width=50, fit="crop")) == 255).all()


def test_crop_pct_cuts_a_border_on_every_side():
    image = np.zeros((100, 100, 3), np.uint8)
    image[10:90, 10:90] = 255
    assert (to_canvas(image, InputSpec(height=40, width=40, fit="crop", crop_pct=0.8)) == 255).all()


def test_pad_fills_with_the_mean_colour():
    image = np.full((10, 40, 3), 255, np.uint8)
    canvas = to_canvas(image, InputSpec(height=40, width=40, fit="pad", mean=(0.5, 0.25, 0.0)))
    assert (canvas[15:25] == 255).all()
    assert canvas[0, 0].tolist() == [128, 64, 0]
    assert (canvas[:15] == canvas[0, 0]).all()
    assert (canvas[25:] == canvas[0, 0]).all()


@pytest.mark.parametrize("fit", FITS)
def test_a_mark_lands_where_the_matrix_says(fit):
    spec = InputSpec(height=90, width=120, fit=fit, mean=(0, 0, 0))
    image = np.zeros((240, 260, 3), np.uint8)
    image[100:110, 150:170] = 255
    canvas = to_canvas(image, spec)[..., 0].astype(np.float64)
    rows, columns = np.indices(canvas.shape) + 0.5
    found = np.array([(columns * canvas).sum(), (rows * canvas).sum()]) / canvas.sum()
    expected = canvas_from_original((260, 240), spec) @ [160, 105, 1]
    assert np.abs(found - expected[:2]).max() < 0.1


def test_a_sliver_that_would_need_too_much_memory_is_refused():
    sliver = np.zeros((1, 60_000, 3), np.uint8)
    spec = InputSpec(height=224, width=224, fit="crop")
    assert np.prod(place((60_000, 1), spec).resized) > 2e9
    with pytest.raises(ImageError, match=r"60000 x 1 pixels are too narrow.*use fit: pad"):
        to_canvas(sliver, spec)
    assert to_canvas(sliver, InputSpec(height=224, width=224, fit="pad")).shape == (224, 224, 3)
