"""Boxes move with their objects, whatever happens to the image."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from tests.data.samples import make_example, parts
from visionft.annotations.marks import CROWD, IGNORE
from visionft.annotations.moving import move_boxes
from visionft.augment import OBJECT_POLICIES, Augmenter, Mixing, Policy, sample_params

STRENGTHS = [strength for strength in OBJECT_POLICIES if strength != "none"]
ORIENTATIONS = ["fixed", "upright", "any"]
SIZES = [(64, 64), (48, 96), (90, 50)]
BORDER = (0, 0, 0)
STILL = Policy(zoom=0.0, shift=0.0)


def use(monkeypatch, **changes):
    """Let ``strong`` do nothing but these."""
    monkeypatch.setitem(OBJECT_POLICIES, "strong", replace(STILL, **changes))


def objects(size, boxes, polygon="rectangle"):
    """Return black canvases with a red, green and blue object; a box of each, classes 0, 1, 2."""
    height, width = size
    image = np.zeros((height, width, 3), np.uint8)
    y, x = np.mgrid[:height, :width] + 0.5
    for number, (left, top, right, bottom) in enumerate(boxes):
        across, down = (2 * x - left - right) / (right - left), (2 * y - top - bottom) / (bottom - top)
        inside = across**2 + down**2 <= 1 if polygon == "ellipse" else np.maximum(abs(across), abs(down)) <= 1
        image[inside, number] = 255
    rows = [[*box, number] for number, box in enumerate(boxes)]
    return make_example(image, boxes_N5=np.array(rows, np.float32).reshape(-1, 5))


def seen(image, number, least=128):
    """Return the box of what is left of an object, or None."""
    rows, columns = np.nonzero(image[..., number] >= least)
    if not len(rows):
        return None
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def scattered(size, seed, least=1):
    """Return three boxes anywhere, up to half of a side long; one of them at a corner."""
    height, width = size
    rng = np.random.default_rng(seed)
    boxes = []
    for number in range(3):
        wide, high = rng.integers(least, width // 2), rng.integers(least, height // 2)
        left, top = (0, 0) if number == 2 else (rng.integers(0, width - wide + 1), rng.integers(0, height - high + 1))
        boxes.append((int(left), int(top), int(left + wide), int(top + high)))
    return boxes


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("size", [*SIZES, (7, 7), (1, 1)])
def test_flips_and_turns_are_exact(monkeypatch, orientation, size):
    use(monkeypatch)
    augmenter = Augmenter("strong", orientation, BORDER)
    height, width = size
    boxes = [(0, 0, width, height), (0, height - 1, 1, height), (width // 2, height // 3, width // 2 + 1, height)]
    example = objects(size, boxes)
    turns = [np.rot90(example.image_HW3, quarter) for quarter in range(4)]
    turns = [picture for turn in turns for picture in (turn, turn[:, ::-1]) if picture.shape == example.image_HW3.shape]
    allowed = {"fixed": turns[:1], "upright": turns[:2], "any": turns}[orientation]
    met = set()
    for seed in range(60):
        image, _, boxes_N5, _ = parts(augmenter(example, seed))
        assert boxes_N5[:, 4].tolist() == [0, 1, 2]
        for number, box in enumerate(boxes_N5[:, :4]):
            assert box.tolist() == seen(image, number, 255).tolist()
        met.add(image.tobytes())
    assert met == {picture.tobytes() for picture in allowed}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("orientation", ["upright", "any"])
def test_boxes_lie_where_resized_and_shifted_objects_are_seen(monkeypatch, size, orientation):
    use(monkeypatch, spread=1.0, shift=0.1)
    augmenter = Augmenter("strong", orientation, BORDER)
    compared = cut = 0
    for seed in range(150):
        example = objects(size, scattered(size, seed, least=4))
        image, _, boxes_N5, _ = parts(augmenter(example, seed))
        whole = move_boxes(
            example.target.boxes_N5, sample_params(OBJECT_POLICIES["strong"], orientation, size[::-1], seed).matrix
        )
        left = iter(boxes_N5)
        for number in range(3):
            sides = np.clip(whole[number, :4], 0, [*size[::-1], *size[::-1]])
            share = np.prod(sides[2:] - sides[:2]) / np.prod(whole[number, 2:4] - whole[number, :2])
            if share == 0:
                continue
            box = next(left)
            assert box[4] == (number if share >= 0.25 else CROWD)
            expected = seen(image, number)
            if (box[2:4] - box[:2]).min() >= 2:  # less is mixed with black
                assert np.abs(box[:4] - expected).max() <= 1
                compared += 1
                cut += share < 1
        assert next(left, None) is None
    assert compared > 300
    assert cut > 50


@pytest.mark.parametrize("perspective", [0.0, 0.25])
@pytest.mark.parametrize("size", SIZES)
def test_boxes_surround_turned_ellipses(monkeypatch, size, perspective):
    use(monkeypatch, rotate=30, shear=10, spread=0.3, stretch=0.2, perspective=perspective)
    augmenter = Augmenter("strong", "any", BORDER)
    height, width = size
    boxes = [
        (width * 0.3, height * 0.3, width * 0.55, height * 0.7),
        (width * 0.4, height * 0.4, width * 0.8, height / 2),
    ]
    for seed in range(60):
        image, _, boxes_N5, _ = parts(augmenter(objects(size, boxes, "ellipse"), seed))
        for box in boxes_N5[boxes_N5[:, 4] >= 0]:
            edge = (box[:2] <= 0) | (box[2:4] >= size[::-1])
            if not edge.any():  # cut off, an ellipse may end before the cut box does
                assert np.abs(box[:4] - seen(image, int(box[4]), 100)).max() <= 1.6


def test_objects_come_enlarged_and_shrunk_and_everywhere(monkeypatch):
    use(monkeypatch, spread=1.0)
    whole = np.array([[0, 0, 100, 100, 0]], np.float32)
    warps = [sample_params(OBJECT_POLICIES["strong"], "fixed", (100, 100), seed).matrix for seed in range(600)]
    moved = np.array([move_boxes(whole, matrix)[0, :4] for matrix in warps])
    factor = (moved[:, 2] - moved[:, 0]) / 100
    assert 0.5 <= factor.min() < 0.52
    assert 1.95 < factor.max() <= 2.0
    assert 0.45 < (factor > 1).mean() < 0.55
    small, large = moved[factor < 1], moved[factor > 1]
    # shrunk, the image is inside the canvas; enlarged, it fills it: each as far as there is room, each way
    assert small.min() >= -1e-4
    assert small.max() <= 100 + 1e-4
    assert large[:, :2].max() <= 1e-4
    assert large[:, 2:].min() >= 100 - 1e-4
    for axis in (0, 1):
        place = moved[:, axis] / (100 - 100 * factor)  # share of the room that lies before the image
        assert np.abs(np.quantile(place, [0.1, 0.5, 0.9]) - [0.1, 0.5, 0.9]).max() < 0.08


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("size", SIZES)
def test_boxes_change_nothing_about_the_image(strength, orientation, size):
    augmenter = Augmenter(strength, orientation, (124, 116, 104))
    again = pickle.loads(pickle.dumps(augmenter))
    for seed in range(8):
        example = objects(size, scattered(size, seed))
        before = example.target.boxes_N5.copy()
        alone, both = augmenter(make_example(example.image_HW3), seed), augmenter(example, seed)
        assert (alone.image_HW3 == both.image_HW3).all()
        assert (both.image_HW3.shape, both.image_HW3.flags.c_contiguous) == ((*size, 3), True)
        assert both.target.boxes_N5.dtype == np.float32
        assert (again(example, seed).target.boxes_N5 == both.target.boxes_N5).all()
        assert (again(example, seed).image_HW3 == both.image_HW3).all()
        assert (example.target.boxes_N5 == before).all()
    assert augmenter(
        make_example(example.image_HW3, boxes_N5=np.zeros((0, 5), np.float32)), 3
    ).target.boxes_N5.shape == (0, 5)


def test_hundreds_of_boxes_and_crowds(monkeypatch):
    use(monkeypatch, spread=0.5, shift=0.1, rotate=5)
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 60, (500, 2))
    kinds = rng.integers(-1, 80, (500, 1))
    kinds[kinds == -1] = CROWD
    boxes = np.hstack([corners, corners + rng.uniform(0.2, 4, (500, 2)), kinds]).astype(np.float32)
    image = np.zeros((64, 64, 3), np.uint8)
    for seed in range(20):
        found = Augmenter("strong", "any", BORDER)(make_example(image, boxes_N5=boxes), seed).target.boxes_N5
        assert 100 < len(found) <= 500
        assert (found[:, :4] >= 0).all()
        assert (found[:, :4] <= 64).all()
        assert (found[:, 2:4] > found[:, :2]).all()
        assert (found[:, 4] == CROWD).sum() >= 1
        assert set(found[:, 4]) <= set(boxes[:, 4])


def test_what_is_erased_is_not_learned(monkeypatch):
    use(monkeypatch, erase=1.0)
    places = [(x, y, x + 8, y + 8) for y in range(0, 96, 16) for x in range(0, 96, 16)]
    image = np.zeros((96, 96, 3), np.uint8)
    boxes = np.array([[*place, 5] for place in places], np.float32)
    crowds = 0
    for seed in range(40):
        found, _, boxes_N5, _ = parts(Augmenter("strong", "fixed", BORDER)(make_example(image, boxes_N5=boxes), seed))
        assert (boxes_N5[:, :4] == boxes[:, :4]).all()
        for (left, top, right, bottom), kind in zip(places, boxes_N5[:, 4], strict=True):
            grey = (found[top:bottom, left:right] == 127).all(axis=-1).mean()
            assert kind == (CROWD if grey > 0.75 else 5)
            crowds += kind == CROWD
    assert crowds > 10


def test_shrinking_averages(monkeypatch):
    """A line keeps its place and most of its share of the light; sampled, it would be lost or doubled."""
    use(monkeypatch, spread=1.0)
    image = np.zeros((129, 129, 3), np.uint8)
    lines = np.arange(14, 129, 20)
    image[:, lines] = 255
    errors = []
    for seed in range(60):
        matrix = sample_params(OBJECT_POLICIES["strong"], "fixed", (129, 129), seed).matrix
        factor, middle = matrix[0, 0], int(matrix[1] @ [0, 64.5, 1])
        if factor >= 0.85:
            continue
        row = Augmenter("strong", "fixed", BORDER)(make_example(image), seed).image_HW3[middle, :, 0].astype(float)
        for place in factor * (lines + 0.5) + matrix[0, 2]:
            around = np.arange(int(place) - 3, int(place) + 4)
            light = row[around]
            assert light.sum() == pytest.approx(255 * factor, rel=0.12)
            errors.append(light @ (around + 0.5) / light.sum() - place)
    assert len(errors) > 90
    assert np.abs(errors).max() < 0.3  # a line is nowhere in particular inside its pixel
    assert abs(np.mean(errors)) < 0.02


def test_beyond_the_edge_is_the_border_and_no_class(monkeypatch):
    use(monkeypatch, spread=1.0)
    example = make_example(
        np.full((60, 80, 3), 255, np.uint8), np.full((60, 80), 3, np.uint8), np.zeros((0, 5), np.float32)
    )
    augmenter = Augmenter("strong", "fixed", (10, 20, 30))
    shares = set()
    for seed in range(20):
        image, mask, _, _ = parts(augmenter(example, seed))
        assert set(np.unique(mask)) <= {3, IGNORE}
        beyond = (image == (10, 20, 30)).all(axis=-1)
        assert (mask[beyond] == IGNORE).all()
        assert (mask[(image == 255).all(axis=-1)] == 3).all()
        shares.add(round(beyond.mean(), 1))
    assert min(shares) == 0
    assert max(shares) >= 0.4


def test_none_returns_the_example_and_boxes_need_a_border():
    example = objects((20, 30), [(1, 2, 3, 4)])
    assert Augmenter("none", "any", BORDER)(example, 3) is example
    with pytest.raises(ValueError, match="border"):
        Augmenter("light", "any")(example, 3)


def test_a_seed_gives_the_boxes_it_always_gave(monkeypatch):
    """With the same policy, that is: at first, ``strong`` had neither of these two."""
    monkeypatch.setitem(OBJECT_POLICIES, "strong", replace(OBJECT_POLICIES["strong"], stretch=0.0, perspective=0.0))

    def canvas(seed):
        return objects((60, 80), scattered((60, 80), seed % 1000))

    found = [
        Augmenter("strong", "any", BORDER)(Mixing(0.5, 0.5)(canvas(seed), canvas, seed), seed).target.boxes_N5
        for seed in range(20)
    ]
    assert [len(boxes_N5) for boxes_N5 in found] == [6, 0, 3, 9, 2, 2, 6, 9, 11, 5, 5, 6, 2, 4, 11, 3, 9, 3, 6, 6]
    assert found[3][0].tolist() == pytest.approx([66.792, 15.337, 73.475, 16.936, 0.0], abs=1e-3)
    total = np.concatenate(found).sum(axis=0, dtype=np.float64)
    assert total.tolist() == pytest.approx([3680.206, 2476.339, 5391.409, 3829.349, 26.0], abs=0.01)
