import json
import time
import tracemalloc
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.tasks.instances.masked import SIZE, Masked, judge_masks, masked_images, masked_lists, painted, part, ring
from tests.tasks.objects.detections import mean_of
from visionft.annotations.marks import CROWD, PADDING
from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.polygons import Polygon
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.polygons import Polygons
from visionft.errors import DataError
from visionft.seeds import derive_seed
from visionft.tasks.instances.metrics import InstanceMetrics, instance_metrics, quick_instances
from visionft.tasks.objects.metrics import ClassAP, DetectionMetrics, detection_metrics, quick_detection

NAMES = ("red", "white", "platelet")
BOX = (10.0, 10.0, 50.0, 50.0)
SQUARE = (ring(*BOX),)


def measure(images, names=NAMES, **options):
    found, masks, truth, _ = zip(*images, strict=True)
    return instance_metrics(found, masks, truth, [SIZE] * len(images), names, **{"bootstrap": 0, **options})


def measurable(images):
    return any(
        own is not None and not crowd
        for image in images
        for own, crowd in zip(image.pixels, image.boxes.crowd, strict=True)
    )


def same(value, expected):
    return value is None if expected is None else value == pytest.approx(expected, abs=1e-9)


def rows(*detections):
    return np.array(detections, np.float32).reshape(-1, 6)


def one(polygon=SQUARE, *, crowd=False):
    return Polygons((BOX,), (0,), (crowd,), (Polygon(polygon),))


def filled(left, top, right, bottom):
    return ObjectMask(left, top, np.ones((bottom - top, right - left), bool))


def of_one(found, masks, boxes, **options):
    return instance_metrics([found], [masks], [boxes], [SIZE], NAMES, **{"bootstrap": 0, **options})


@settings(max_examples=60, deadline=None)
@given(masked_lists())
def test_averages_are_those_of_pycocotools(images):
    assume(measurable(images))
    measured = measure(images)
    precision = judge_masks(images, 3).eval["precision"][..., -1]  # IoU, recall, class, area
    assert same(measured.mask_map, mean_of(precision[:, :, :, 0]))
    assert same(measured.mask_map50, mean_of(precision[0, :, :, 0]))
    assert same(measured.mask_map75, mean_of(precision[5, :, :, 0]))
    assert measured.mask_map_100 == measured.mask_map
    by_size = (measured.mask_map_small, measured.mask_map_medium, measured.mask_map_large)
    for area, value in enumerate(by_size, start=1):
        assert same(value, mean_of(precision[:, :, :, area]))
    for label, scores in enumerate(measured.per_class.values()):
        assert same(scores.mask_ap, mean_of(precision[:, :, label, 0]))
        assert same(scores.mask_ap50, mean_of(precision[0, :, label, 0]))


@settings(max_examples=20, deadline=None)
@given(masked_lists())
def test_what_belongs_to_boxes_is_that_of_a_detector(images):
    assume(measurable(images))
    found, _, truth, _ = zip(*images, strict=True)
    plain = detection_metrics(found, truth, NAMES, bootstrap=5, seed=3)
    measured = measure(images, bootstrap=5, seed=3)
    for field in fields(DetectionMetrics):
        if field.name not in ("per_class", "intervals"):
            assert getattr(measured, field.name) == getattr(plain, field.name), field.name
    assert plain.intervals.items() <= measured.intervals.items()
    assert measured.thresholds == plain.thresholds
    for name, scores in plain.per_class.items():
        assert all(getattr(measured.per_class[name], f.name) == getattr(scores, f.name) for f in fields(ClassAP))


@settings(max_examples=20, deadline=None)
@given(masked_lists(crowds=0.0), st.integers(0, 3))
def test_one_pass_has_the_numbers_of_the_full_evaluation(images, padding):
    assume(measurable(images))
    found, masks, truth, pixels = zip(*images, strict=True)
    padded = [
        np.array(
            [(0, 0, 0, 0, PADDING)] * padding
            + [(*box, label) for box, label in zip(boxes.xyxy, boxes.labels, strict=True)],
            np.float32,
        ).reshape(-1, 5)
        for boxes in truth
    ]
    truth_masks = [[None] * padding + [None if p is None else part(p) for p in several] for several in pixels]
    measured = measure(images)
    names = ("map", "map50", "map75", "mask_map", "mask_map50", "mask_map75")
    assert quick_instances(found, masks, padded, truth_masks, [SIZE] * len(images), 3) == pytest.approx(
        {name: getattr(measured, name) for name in names}, abs=1e-9
    )


def test_nothing_found_and_nothing_there_is_zero_while_training():
    nothing = dict.fromkeys(("map", "map50", "map75", "mask_map", "mask_map50", "mask_map75"), 0.0)
    empty = np.zeros((0, 5), np.float32)
    assert quick_instances([rows()], [[]], [empty], [[]], [SIZE], 2) == nothing
    there = np.array([[*BOX, 1]], np.float32)
    assert quick_instances([rows()], [[]], [there], [[filled(10, 10, 50, 50)]], [SIZE], 2) == nothing
    found, mask = rows((*BOX, 0.5, 1)), filled(10, 10, 50, 50)
    assert quick_instances([found], [[mask]], [empty], [[]], [SIZE], 2) == nothing
    # a box without an outline is found, and there is no mask to find
    assert quick_instances([found], [[mask]], [there], [[None]], [SIZE], 2) == {
        **quick_detection([found], [there], 2),
        **dict.fromkeys(("mask_map", "mask_map50", "mask_map75"), 0.0),
    }


def test_a_crowd_on_the_canvas_takes_masks_of_every_class():
    truth = [np.array([[0, 0, 40, 40, 0], [100, 0, 160, 100, CROWD]], np.float32)]
    truth_masks = [[filled(0, 0, 40, 40), filled(100, 0, 130, 100)]]
    found = [rows((110, 10, 130, 30, 0.9, 0), (0, 0, 40, 40, 0.5, 0))]

    def mask_map(mask):
        return quick_instances(found, [[mask, filled(0, 0, 40, 40)]], truth, truth_masks, [SIZE], 2)["mask_map"]

    assert mask_map(filled(110, 10, 130, 30)) == pytest.approx(1)
    assert mask_map(filled(131, 10, 150, 30)) == pytest.approx(0.5)  # in the crowd's box, beside its pixels


def test_masks_count_and_not_boxes():
    """A box in the right place with half of the pixels: IoU 1 and 0.5."""
    measured = of_one(rows((*BOX, 0.9, 0)), [filled(10, 10, 50, 30)], one())
    assert (measured.map, measured.mask_map50) == pytest.approx((1, 1))
    assert measured.mask_map == pytest.approx(0.1)  # at the first of ten thresholds
    assert measured.mask_map75 == 0
    assert measured.outlines == 1


def test_the_size_is_that_of_the_mask():
    """A frame of 40 x 40 pixels with a hole of 30 x 30 has 700 pixels, below 32 x 32."""
    frame = (ring(10, 10, 50, 50), ring(15, 15, 45, 45, hole=True))
    pixels = painted(10, 10, 50, 50) - painted(15, 15, 45, 45)
    measured = of_one(rows((*BOX, 0.9, 0)), [part(pixels)], one(frame))
    assert (measured.mask_map_small, measured.mask_map_medium) == (pytest.approx(1), None)
    assert (measured.map_small, measured.map_medium) == (None, pytest.approx(1))


def test_what_is_found_where_no_outline_is_known_counts_neither_for_nor_against():
    known, unknown = (
        one(),
        Polygons((BOX, (60.0, 60, 120, 120)), (0, 0), (False, False), (one().polygons[0], Polygon())),
    )
    found = rows((60, 60, 120, 120, 0.9, 0), (*BOX, 0.5, 0))
    masks = [filled(65, 65, 100, 100), filled(10, 10, 50, 50)]
    assert of_one(found, masks, unknown).mask_map == pytest.approx(1)
    assert of_one(found, masks, unknown).outlines == 1
    assert of_one(found, masks, known).mask_map == pytest.approx(0.5)
    without = Boxes(unknown.xyxy, unknown.labels, unknown.crowd)
    with pytest.raises(DataError, match="1 images without an object whose outline is known; nothing to measure"):
        of_one(found, masks, without)


def test_an_outline_between_the_pixels_is_unknown():
    """No pixel's centre lies in it, so that nobody could find it."""
    thin = Polygons(
        (BOX, (60.0, 60, 60.2, 90)), (0, 0), (False, False), (*one().polygons, Polygon((ring(60, 60, 60.2, 90),)))
    )
    measured = of_one(rows((*BOX, 0.9, 0)), [filled(10, 10, 50, 50)], thin)
    assert (measured.mask_map, measured.outlines) == (pytest.approx(1), 1)
    assert measured.map == pytest.approx(51 / 101)  # its box is missed


def test_an_empty_mask_is_a_wrong_one():
    empty = ObjectMask(0, 0, np.zeros((0, 0), bool))
    found = rows((*BOX, 0.9, 0), (*BOX, 0.8, 0))
    measured = of_one(found, [empty, filled(10, 10, 50, 50)], one())
    assert (measured.map, measured.mask_map) == pytest.approx((1, 0.5))


def test_no_detections_at_all():
    measured = of_one(rows(), [], one())
    assert (measured.mask_map, measured.mask_map50, measured.mask_map_medium) == (0, 0, 0)
    assert (measured.mask_map_small, measured.per_class["white"].mask_ap) == (None, None)


def test_five_hundred_objects_in_an_image():
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 120, (500, 2)).tolist()
    boxes = [(x, y, x + 9, y + 11) for x, y in corners]
    truth = Polygons(
        tuple(tuple(map(float, box)) for box in boxes),
        tuple(range(2)) * 250,
        (False,) * 500,
        tuple(Polygon((ring(*box),)) for box in boxes),
    )
    shifted = [(x + int(rng.integers(2)), y, x + 9, y + 11) for x, y in corners[:190]]
    found = rows(*[(*box, rng.random(), n % 2) for n, box in enumerate(shifted)])
    images = [Masked(found, [filled(*box) for box in shifted], truth, [painted(*box) for box in boxes])]
    start = time.process_time()
    measured = measure(images, bootstrap=20)
    assert time.process_time() - start < 5  # takes half of one
    precision = judge_masks(images, 3).eval["precision"][..., -1]
    assert same(measured.mask_map, mean_of(precision[:, :, :, 0]))
    assert 0.2 < measured.mask_map < 0.5


def test_intervals_equal_scoring_each_resample_with_pycocotools():
    images = masked_images(3, 2, 10, objects=8, detections=16, unknown=0.2, crowds=0.2, side=130)
    whole, intervals = measure(images), measure(images, bootstrap=25, seed=7).intervals
    rng = np.random.default_rng(derive_seed(7, "bootstrap"))
    scores = {"mask_map": [], "mask_map50": [], "mask_map75": []}
    for draw_N in rng.integers(10, size=(25, 10)):
        precision = judge_masks([images[n] for n in draw_N], 3).eval["precision"][:, :, :, 0, -1]
        for name, place in (("mask_map", slice(None)), ("mask_map50", 0), ("mask_map75", 5)):
            scores[name].append(mean_of(precision[place]))
    for name, values in scores.items():
        low, high = 2 * getattr(whole, name) - np.percentile(values, [97.5, 2.5])
        assert intervals[name] == pytest.approx((low, max(high, getattr(whole, name))), abs=1e-9), name
        assert 0 < low < getattr(whole, name) < 1
    assert set(intervals) == {*scores, "map", "map50", "map75", "precision", "recall"}


def test_a_round_trip_through_json():
    measured = measure(masked_images(6, 2, 8), bootstrap=10)
    plain = json.loads(json.dumps(measured.to_dict()))
    again = InstanceMetrics.from_dict(plain)
    assert again == measured
    assert type(again) is InstanceMetrics
    assert {"map", "map50", "map75", "mask_map", "mask_map50", "mask_map75", "per_class"} <= plain.keys()
    assert {"ap", "ap50", "mask_ap", "mask_ap50"} <= plain["per_class"]["red"].keys()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"masks": [[]]}, "masks: 0 of 1 detections given; one of each is needed"),
        ({"masks": []}, "masks: of 0 images given; 1 are needed"),
        ({"sizes": []}, "sizes: of 0 images given; 1 are needed"),
        ({"sizes": [(40, 60)]}, r"masks: ObjectMask\(40 x 40 at \(10, 10\).* inside the image of 40 x 60"),
        ({"predictions": []}, "detections: of 0 images given; 1 are needed"),
        ({"predictions": [rows((*BOX, 0.5, 3))]}, r"class 3 found; allowed are 0\.\.2"),
        ({"targets": [one(crowd=True)]}, "1 images without an object; nothing to measure"),
        ({"class_names": ("a", "a", "b")}, "3 given, 2 of them different"),
    ],
)
def test_mistakes_are_told(change, message):
    given_ = {
        "predictions": [rows((*BOX, 0.5, 0))],
        "masks": [[filled(10, 10, 50, 50)]],
        "targets": [one()],
        "sizes": [SIZE],
        "class_names": NAMES,
    }
    with pytest.raises(DataError, match=message):
        instance_metrics(**given_ | change)


def test_large_images_are_quick_and_take_no_memory():
    """Twelve million pixels each, of which a hundred whole masks would take more than a gigabyte."""
    y, x = np.mgrid[:300, :300]
    disc = (x - 150) ** 2 + (y - 150) ** 2 < 150**2
    angles = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1) * 150 + 150
    corners = [(370 * column, 300 * row) for column in range(10) for row in range(10)]
    truth = Polygons(
        tuple((float(a), float(b), a + 300.0, b + 300.0) for a, b in corners),
        (0,) * 100,
        (False,) * 100,
        tuple(Polygon(((circle + corner).astype(np.float32).tobytes(),)) for corner in corners),
    )
    found = rows(*[(a, b, a + 300, b + 300, 0.9, 0) for a, b in corners])
    masks = [ObjectMask(a, b, disc) for a, b in corners]
    tracemalloc.start()
    start = time.process_time()
    measured = instance_metrics([found] * 2, [masks] * 2, [truth] * 2, [(4000, 3000)] * 2, ("disc",), bootstrap=10)
    seconds = time.process_time() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert measured.mask_map == pytest.approx(1)
    assert peak < 30e6
    assert seconds < 6  # takes 1
