"""How well moved boxes fit real objects: outlines of COCO, turned, against the boxes of what was turned."""

import cv2
import numpy as np
import pytest

from tests.real_data import DATA, needs_data
from visionft.annotations.moving import move_boxes

BOXES = DATA / "coco-mini-yolo"
THINGS = range(1, 91)  # category ids of countable objects


def overlap(one, other):
    """Return the intersection over union of pairs of boxes."""
    sides = (np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])).clip(0)
    common = sides.prod(axis=-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).prod(axis=-1) for boxes in (one, other)]
    return common / (areas[0] + areas[1] - common)


def polygons(mask, boxes):
    """Yield the outline and box of every connected region that fits the box of an object, away from the edge."""
    height, width = mask.shape
    away = (boxes[:, :2] > 1).all(axis=1) & (boxes[:, 2] < width - 1) & (boxes[:, 3] < height - 1)
    boxes = boxes[away & ((boxes[:, 2:] - boxes[:, :2]) >= 24).all(axis=1)]
    for kind in set(np.unique(mask).tolist()) & set(THINGS):
        _, regions, found, _ = cv2.connectedComponentsWithStats((mask == kind).astype(np.uint8))
        for number, (left, top, wide, high, _) in enumerate(found.tolist()):
            box = np.array([left, top, left + wide, top + high], float)
            if number and len(boxes) and overlap(boxes, box).max() > 0.9:
                parts, _ = cv2.findContours(
                    (regions == number).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
                )
                yield np.concatenate(parts)[:, 0] + 0.5, box


@pytest.fixture(scope="module")
def objects():
    found = []
    for path in sorted((BOXES / "semantic_segmentation/masks").glob("*/*.png")):
        mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        rows = np.loadtxt(BOXES / "object_detection/labels" / path.parent.name / f"{path.stem}.txt", ndmin=2)
        sides = np.array([mask.shape[1], mask.shape[0]])
        centres, halves = rows[:, 1:3] * sides, rows[:, 3:] * sides / 2
        found.extend(polygons(mask, np.hstack([centres - halves, centres + halves])))
    return found


@pytest.mark.data
@needs_data
@pytest.mark.parametrize(("degrees", "expected", "corners"), [(5, 0.90, 0.85), (12, 0.82, 0.73), (20, 0.76, 0.65)])
def test_the_ellipse_is_a_better_guess_than_the_corners_and_as_large_as_the_object(objects, degrees, expected, corners):
    assert len(objects) > 100
    boxes = np.array([box for _, box in objects])
    fits, sizes, loose, enlarged = [], [], [], []
    for angle in np.deg2rad([-degrees, degrees]):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        right = np.array(
            [[*(points @ turn.T).min(axis=0) - 0.5, *(points @ turn.T).max(axis=0) + 0.5] for points, _ in objects]
        )
        matrix = np.eye(3)
        matrix[:2, :2] = turn
        guess = move_boxes(np.hstack([boxes, np.zeros((len(boxes), 1))]).astype(np.float32), matrix)[:, :4]
        ends = boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]] @ turn.T
        around = np.hstack([ends.min(axis=1), ends.max(axis=1)])
        area, truth, most = ((these[:, 2:] - these[:, :2]).prod(axis=1) for these in (guess, right, around))
        fits.extend(overlap(guess, right))
        loose.extend(overlap(around, right))
        sizes.extend(area / truth)
        enlarged.extend(most / truth)
    assert np.mean(fits) == pytest.approx(expected, abs=0.01)
    assert np.mean(loose) == pytest.approx(corners, abs=0.01)
    assert np.mean(sizes) == pytest.approx(1.0, abs=0.02)
    assert np.mean(enlarged) == pytest.approx({5: 1.19, 12: 1.42, 20: 1.62}[degrees], abs=0.02)
