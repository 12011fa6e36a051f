"""albumentations' transforms by name: all of them, and what becomes of targets."""

import pickle
import random

import cv2
import numpy as np
import pytest

from tests.data.samples import make_example, parts, without_polygons
from tests.shapes import grid, painted, star
from visionft.annotations.boxes import iou as box_iou
from visionft.annotations.marks import CROWD, IGNORE
from visionft.augment.extra import ExtraTransforms
from visionft.augment.library import TransformError, make_transform, moves, transform_classes
from visionft.errors import ImageError

SIZE = (64, 48)  # (width, height)
SQUARE = (48, 48)
WHOLE_CANVAS = {"Transpose", "RandomRotate90", "D4", "SquareSymmetry"}  # which turn: only for squares
GEOMETRY = {
    "HorizontalFlip": {},
    "Affine": {"scale": [0.7, 1.3], "rotate": [-40, 40], "shear": [-10, 10], "translate_percent": [-0.1, 0.1]},
    "ShiftScaleRotate": {},
    "Perspective": {},
    "SafeRotate": {},
    "ElasticTransform": {"alpha": 120, "sigma": 8},
    "GridDistortion": {},
    "OpticalDistortion": {"distort_limit": 0.4},
    "RandomResizedCrop": {"size": [120, 160], "scale": [0.5, 1.0]},
}


def scene(seed, size, radius=(8, 12)):
    """Return an image, the polygons of three objects, each painted in a colour of its own, and boxes around them."""
    rng = np.random.default_rng(seed)
    image = np.zeros((size[1], size[0], 3), np.uint8)
    polygons = []
    for number in range(3):
        ring = star(rng, rng.uniform(radius[1], np.array(size) - radius[1]), rng.uniform(*radius), 10)
        ring = ring.clip(0, size).astype(np.float32)
        image.reshape(-1, 3)[painted((ring,), grid(size)), number] = 255
        polygons.append((ring,))
    boxes = [[*rings[0].min(axis=0), *rings[0].max(axis=0), number] for number, rings in enumerate(polygons)]
    return image, np.array(boxes, np.float32), tuple(polygons)


def examples(size=SQUARE):
    image, boxes_N5, polygons = scene(0, size)
    outlined = make_example(image, None, boxes_N5, polygons)
    masked = make_example(image, (image[..., 0] > 0).astype(np.uint8))
    return outlined, without_polygons(outlined), masked


def as_bytes(example):
    image, mask, boxes_N5, polygons = parts(example)
    rings = [ring.tobytes() for rings in polygons or () for ring in rings]
    return image.tobytes(), mask is not None and mask.tobytes(), boxes_N5 is not None and boxes_N5.tobytes(), rings


def iou(one, other):
    return (one & other).sum() / max(1, (one | other).sum())


def make(name, arguments=None, size=SQUARE, *, objects=True):
    return ExtraTransforms([{name: {"p": 1.0} | (arguments or {})}], size, objects=objects)


def global_states():
    return random.getstate(), np.random.get_state()[1].tobytes()  # noqa: NPY002  # which nobody is to touch


def check_works(name, example, done):
    """The same seed gives the same, whatever came before, and nothing else is touched."""
    before, states = as_bytes(example), global_states()
    first = done(example, 1)
    done(example, 2)
    assert as_bytes(done(example, 1)) == as_bytes(first), name
    assert as_bytes(pickle.loads(pickle.dumps(done))(example, 1)) == as_bytes(first), name
    assert as_bytes(example) == before, name
    assert global_states() == states, name
    assert first.image_HW3.shape == example.image_HW3.shape, name
    assert first.image_HW3.dtype == np.uint8, name
    assert first.image_HW3.flags.c_contiguous, name
    if not moves(make_transform(name, {})):
        assert first.target is example.target, name


def test_every_transform_works_or_says_why_not():
    """On an image with objects, with mere boxes, and with a mask."""
    used, refusals = set(), []
    for name in transform_classes():  # and not as a parameter: collecting tests would load albumentations
        for example in examples():
            try:
                done = make(name, objects=example.target.pixels is None)
            except TransformError as error:
                refusals.append(str(error))
                continue
            check_works(name, example, done)
            used.add(name)
    assert len(used) >= 75
    assert all(len(text) > 20 for text in refusals)


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("Normalize", {}, "float32"),
        ("ToFloat", {}, "float32"),
        ("ToGray", {"num_output_channels": 1}, "colours"),
        ("FDA", {}, "fda_metadata"),
        ("MaskDropout", {}, "mask"),
        ("BBoxSafeRandomCrop", {}, "bboxes"),
        ("RandomCrop", {"height": 32, "width": 32}, "32 x 32"),
        ("RandomCrop", {}, "height is required"),
        ("RandomScale", {}, "keep its size"),
        ("RandomRotate90", {}, "48 x 64"),
        ("Lambda", {"image": "os.system"}, "fails"),
        ("ElasticTransform", {"alpha": 900, "sigma": 4, "mask_interpolation": 1}, "mask_interpolation"),
        ("RandomGridShuffle", {}, "apart"),
        ("Affine", {"rotate": [10, 20], "border_mode": 4}, "border_mode"),
        ("OneOf", {"transforms": []}, "each with its own p"),
        ("ToTensorV2", {}, "does not give an image"),
        ("PadIfNeeded3D", {}, "does not give an image"),
        ("Clahe", {}, "close: CLAHE"),
        ("os", {}, "no such transform"),
        ("__builtins__", {}, "no such transform"),
        ("CLAHE", {"clip_limt": 2}, "did you mean 'clip_limit'"),
        ("CLAHE", {"clip_limit": "high"}, "tuple[float, float] | float"),
        ("CLAHE", {"p": 2}, "less than or equal to 1, found 2"),
    ],
)
def test_what_is_refused_and_why(name, arguments, said):
    with pytest.raises(TransformError) as raised:
        ExtraTransforms([{name: arguments}], SIZE, objects=True)
    assert said in str(raised.value)


def test_objects_alone_are_kept_whole():
    """A class of the whole image, or of each pixel, may come in pieces and be mirrored."""
    for name, arguments in (("RandomGridShuffle", {}), ("Affine", {"rotate": [10, 20], "border_mode": 4})):
        make(name, arguments, objects=False)


def test_a_square_is_turned():
    for name in WHOLE_CANVAS:
        assert make(name, size=SQUARE)(examples()[0], 3).image_HW3.shape == (48, 48, 3)
        with pytest.raises(TransformError):
            make(name, size=SIZE)


@pytest.mark.parametrize("name", GEOMETRY)
def test_targets_lie_where_the_image_shows_them(name):
    """What is painted of polygon and mask is what the image shows; boxes lie around polygons."""
    size = (160, 120)
    done, seen = make(name, GEOMETRY[name], size), 0
    masked = make(name, GEOMETRY[name], size, objects=False)
    changed = 0
    for seed in range(5):
        image, boxes_N5, polygons = scene(seed, size, radius=(14, 24))
        example = make_example(image, None, boxes_N5, polygons)
        image_HW3, _, found_N5, rings = parts(done(example, seed))
        changed += (image_HW3 != image).any()
        for box, ring in zip(found_N5, rings, strict=True):
            points = np.concatenate(ring)
            assert np.abs(box[:4] - [*points.min(axis=0), *points.max(axis=0)]).max() < 1e-3
            if box[4] == CROWD:
                continue
            shown = image_HW3[..., int(box[4])] > 127
            # a part of the shape may be hidden by the next, in whose colour it has none
            assert iou(painted(ring, grid(size)).reshape(shown.shape), shown) > 0.87
            seen += 1
        plane = (image[..., 1] > 127).astype(np.uint8)
        image_HW3, mask_HW, _, _ = parts(masked(make_example(image, plane), seed))
        if (plane_shown := image_HW3[..., 1] > 127).sum() > 100:
            assert iou(mask_HW == 1, plane_shown) > 0.87
        assert set(np.unique(mask_HW).tolist()) <= {0, 1, IGNORE}
    assert seen >= 10
    assert changed >= 4


def test_mere_boxes_follow_what_they_hold():
    """A flip is exact; what bends shapes moves the box near to that around the moved polygon."""
    size = (160, 120)
    flipped = make("HorizontalFlip", size=size)
    bent = make("GridDistortion", size=size)
    near = []
    for seed in range(6):
        image, boxes_N5, polygons = scene(seed, size, radius=(12, 24))
        example = make_example(image, None, boxes_N5, polygons)
        found_N5 = parts(flipped(without_polygons(example), seed))[2]
        expected_N5 = boxes_N5[:, [2, 1, 0, 3, 4]] * [-1, 1, -1, 1, 1] + [size[0], 0, size[0], 0, 0]
        assert np.abs(found_N5 - expected_N5).max() < 1e-4
        mere_N5, outlined_N5 = (parts(bent(one, seed))[2] for one in (without_polygons(example), example))
        if len(mere_N5) == len(outlined_N5):
            near += box_iou(mere_N5[:, :4], outlined_N5[:, :4]).tolist()
    assert len(near) >= 12
    assert np.mean(near) > 0.9


def test_a_quarter_of_an_object_is_ignored_and_not_dropped():
    image, _, _ = scene(0, SQUARE)
    square = np.array([[10, 10], [30, 10], [30, 30], [10, 30]], np.float32)
    box = np.array([[10, 10, 30, 30, 2]], np.float32)
    hole = {"num_holes_range": [1, 1], "hole_height_range": [0.97, 0.98], "hole_width_range": [0.97, 0.98]}
    for example in (make_example(image, None, box, [(square,)]), make_example(image, None, box)):
        hidden = make("CoarseDropout", hole)(example, 0)
        assert (hidden.image_HW3[12:28, 12:28] == 0).all()
        assert parts(hidden)[2].tolist() == [[10, 10, 30, 30, CROWD]]
        shifted = make("Affine", {"translate_px": {"x": -26, "y": 0}})(example, 0)
        assert parts(shifted)[2].tolist() == [[0, 10, 4, 30, CROWD]]
        gone = make("Affine", {"translate_px": {"x": -40, "y": 0}})(example, 0)
        assert len(parts(gone)[2]) == 0


def test_what_comes_from_beyond_the_image_is_ignored_in_masks():
    mask = np.ones((48, 48), np.uint8)
    example = make_example(np.full((48, 48, 3), 90, np.uint8), mask)
    arguments = {"translate_px": {"x": 10, "y": 0}}
    ignored = parts(make("Affine", arguments, objects=False)(example, 0))[1]
    assert (ignored[:, :10] == IGNORE).all()
    assert (ignored[:, 10:] == 1).all()
    chosen = parts(make("Affine", arguments | {"fill_mask": 0}, objects=False)(example, 0))[1]
    assert (chosen[:, :10] == 0).all()


def test_they_follow_each_other_each_by_its_own_chance():
    example = make_example(np.full((48, 48, 3), 100, np.uint8))
    two = ExtraTransforms([{"InvertImg": {"p": 0.5}}, {"InvertImg": {"p": 0.5}}], SQUARE, objects=False)
    inverted = [int(two(example, seed).image_HW3[0, 0, 0] == 155) for seed in range(200)]
    assert 70 < sum(inverted) < 130
    ordered = ExtraTransforms([{"InvertImg": {"p": 1}}, {"Posterize": {"num_bits": 1, "p": 1}}], SQUARE, objects=False)
    assert (ordered(example, 0).image_HW3 == 128).all()


def test_a_failure_on_one_image_is_told(monkeypatch):
    done = make("Blur")
    transform = done._named[0][1]
    monkeypatch.setattr(transform, "apply", lambda image, **_: cv2.resize(image, (8, 8)))
    transform._key2func["image"] = transform.apply
    with pytest.raises(ImageError, match="Blur"):
        done(examples()[0], 0)
