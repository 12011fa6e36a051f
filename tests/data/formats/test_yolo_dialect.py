"""What numbers mean, asked of random data sets whose boxes are known."""

from pathlib import Path

import numpy as np
import pytest

from visionft.data.formats.yolo.boxes import box_of, coding_of
from visionft.data.formats.yolo.dialect import find_dialect
from visionft.data.formats.yolo.lines import LabelLine
from visionft.data.raw_boxes import to_pixels

WIDTH, HEIGHT = 640, 480


def boxes(count=40, largest=0.4, seed=0):
    """Return left, top, right, bottom in shares of the image."""
    random = np.random.default_rng(seed)
    sides = random.uniform(0.02, largest, (count, 2))
    corners = random.uniform(0, 1 - sides)
    return np.concatenate([corners, corners + sides], 1)


def centred(xyxy):
    return np.concatenate([(xyxy[:, :2] + xyxy[:, 2:]) / 2, xyxy[:, 2:] - xyxy[:, :2]], 1)


def in_files(rows, each=4):
    lines = [LabelLine(1 + at % each, 0, tuple(map(float, row)), "0 ...") for at, row in enumerate(rows)]
    return {Path(f"{at}.jpg"): tuple(lines[at : at + each]) for at in range(0, len(lines), each)}


def understand(rows, points=None, size=(WIDTH, HEIGHT)):
    files = in_files(rows)
    dialect = find_dialect(files, points=points, size_of=lambda _: size)
    raw = [box_of(line, dialect, with_polygons=True) for several in files.values() for line in several]
    return dialect, raw, [to_pixels(box.numbers, coding_of(dialect), WIDTH, HEIGHT) for box in raw if box.numbers]


PIXELS = np.array([WIDTH, HEIGHT, WIDTH, HEIGHT])
CODINGS = {
    "centre": centred,
    "corners": lambda xyxy: xyxy,
    "xywh": lambda xyxy: np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], 1),
    "pixel centre": lambda xyxy: centred(xyxy) * PIXELS,
    "pixel corners": lambda xyxy: xyxy * PIXELS,
    "pixel xywh": lambda xyxy: np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], 1) * PIXELS,
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("frame", CODINGS)
def test_codings_of_boxes(frame, seed):
    expected = boxes(seed=seed)
    dialect, raw, placed = understand(CODINGS[frame](expected))
    assert dialect.frame == frame
    assert (len(dialect.told) > 0) == (frame != "centre")
    np.testing.assert_allclose(placed, expected * PIXELS, atol=1e-3)
    assert not any(box.fault for box in raw)


@pytest.mark.parametrize("largest", [0.05, 0.9, 0.999])
@pytest.mark.parametrize("seed", range(5))
def test_boxes_of_any_size_stay_centres_and_sides(largest, seed):
    assert understand(centred(boxes(largest=largest, seed=seed)))[0].told == ()


def test_the_whole_image_in_every_line_is_no_corner():
    assert understand([(0.5, 0.5, 1, 1)] * 20)[0].frame == "centre"


def test_pixels_that_may_be_percentages_are_not_guessed_at():
    dialect, _, _ = understand(centred(boxes()) * 100)
    assert dialect.frame == "centre"
    assert "pixels or percentages" in dialect.told[0]


def test_percentages_that_cannot_be_pixels():
    dialect, _, placed = understand(centred(boxes()) * 100, size=(96, 48))
    assert dialect.frame == "percent"
    np.testing.assert_allclose(placed, boxes() * PIXELS, atol=1e-3)


def test_pixels_that_fit_no_image_are_not_guessed_at():
    dialect, _, _ = understand(centred(boxes()) * PIXELS * 3)
    assert dialect.frame == "centre"
    assert "do not fit the images as any of" in dialect.told[0]


def behind(numbers):
    return [(*row, *more) for row, more in zip(centred(boxes()), numbers, strict=True)]


RANDOM = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (RANDOM.uniform(0, 1, (40, 1)), "how sure a network was"),
        (np.arange(40)[:, None], "the number of a track"),
        (np.stack([RANDOM.uniform(0, 1, 40), np.arange(40)], 1), "two numbers at the end"),
    ],
)
def test_confidences_and_tracks_are_left_out(extra, words):
    dialect, _, placed = understand(behind(extra))
    assert words in dialect.told[0]
    np.testing.assert_allclose(placed, boxes() * PIXELS, atol=1e-3)


def test_a_confidence_before_the_box():
    rows = [(sure, *row[:4]) for row, sure in zip(behind(np.zeros((40, 1))), RANDOM.uniform(0.6, 1, 40), strict=True)]
    dialect, _, placed = understand(rows)
    assert (dialect.before, dialect.behind) == (1, 0)
    np.testing.assert_allclose(placed, boxes() * PIXELS, atol=1e-3)


def test_a_fifth_number_that_may_be_anything_is_a_fault_of_each_line():
    dialect, raw, _ = understand(behind(RANDOM.uniform(0, 180, (40, 1)).round()))
    assert dialect.told == ()
    assert all("has 5 numbers" in box.fault for box in raw)


def points_in(xyxy, count, seen):
    """Return boxes and key points in them."""
    random = np.random.default_rng(2)
    sides = xyxy[:, 2:] - xyxy[:, :2]
    found = [centred(xyxy)]
    for _ in range(count):
        found.append(xyxy[:, :2] + random.uniform(0, 1, (len(xyxy), 2)) * sides)
        found += [random.integers(0, 3, (len(xyxy), 1))] if seen else []
    return np.concatenate(found, 1)


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 17])
@pytest.mark.parametrize("largest", [0.1, 0.8])
def test_key_points_are_no_polygons(count, seen, largest):
    expected = boxes(largest=largest)
    dialect, raw, placed = understand(points_in(expected, count, seen))
    assert dialect.points
    shape = [count, 3 if seen else 2]
    assert f"kpt_shape: {shape}" in dialect.told[0]
    np.testing.assert_allclose(placed, expected * PIXELS, atol=1e-3)
    assert not any(box.polygon.rings for box in raw)


def polygons(count, corners, largest, seed):
    """Return convex polygons about random centres."""
    random = np.random.default_rng(seed)
    angles = np.sort(random.uniform(0, 2 * np.pi, (count, corners)), 1)
    radius = random.uniform(0.005, largest / 2, (count, 1))
    centre = random.uniform(radius, 1 - radius, (count, 2))
    points = centre[:, None] + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], 2)
    return points.reshape(count, -1)


@pytest.mark.parametrize("corners", [3, 4, 5, 8, 11])
@pytest.mark.parametrize("largest", [0.02, 0.2, 0.8])
@pytest.mark.parametrize("seed", range(3))
def test_polygons_are_no_key_points(corners, largest, seed):
    dialect, raw, _ = understand(polygons(30, corners, largest, seed))
    assert (dialect.points, dialect.told) == (False, ())
    assert all(box.polygon.rings for box in raw)


@pytest.mark.parametrize("largest", [0.01, 0.5])
def test_turned_boxes_of_four_corners_are_polygons(largest):
    """Small ones in the middle of the image would all lie in the box that their first numbers make."""
    random = np.random.default_rng(3)
    centre, turn = random.uniform(0.4, 0.6, (30, 2)), random.uniform(0, np.pi, 30)
    across = largest / 2 * np.stack([np.cos(turn), np.sin(turn)], 1)
    down = largest / 4 * np.stack([-np.sin(turn), np.cos(turn)], 1)
    rows = np.concatenate(
        [centre - across - down, centre + across - down, centre + across + down, centre - across + down], 1
    )
    assert not understand(rows)[0].points


def test_key_points_that_the_data_deny_are_polygons():
    dialect, raw, _ = understand(points_in(boxes(), 5, seen=False), points=False)
    assert not dialect.points
    assert all(len(box.numbers) == 4 for box in raw)
