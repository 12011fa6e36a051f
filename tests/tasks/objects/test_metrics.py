import json
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.tasks.objects.detections import Scene, judge, mean_of, scene_lists, scenes
from visionft.annotations.marks import CROWD, PADDING
from visionft.data.targets.boxes import Boxes
from visionft.errors import DataError
from visionft.seeds import derive_seed
from visionft.tasks.objects import averages
from visionft.tasks.objects.metrics import DetectionMetrics, best_thresholds, detection_metrics, quick_detection

NAMES = ("red", "white", "platelet")


def measure(images, names=NAMES, **options):
    found, truth = zip(*images, strict=True)
    return detection_metrics(found, truth, names, **{"bootstrap": 0, **options})


def one_box(label=0, crowd=False, box=(10.0, 10.0, 50.0, 50.0)):
    return Boxes((box,), (label,), (crowd,))


def rows(*detections):
    return np.array(detections, np.float32).reshape(-1, 6)


def same(value, expected):
    return value is None if expected is None else value == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(scene_lists())
def test_averages_are_those_of_pycocotools(images):
    assume(any(image.boxes.class_counts for image in images))
    measured = measure(images)
    precision = judge(images, 3).eval["precision"][..., -1]  # IoU, recall, class, area
    assert same(measured.map, mean_of(precision[:, :, :, 0]))
    assert same(measured.map50, mean_of(precision[0, :, :, 0]))
    assert same(measured.map75, mean_of(precision[5, :, :, 0]))
    assert measured.map_100 == measured.map
    for area, value in enumerate([measured.map_small, measured.map_medium, measured.map_large], start=1):
        assert same(value, mean_of(precision[:, :, :, area]))
    for label, scores in enumerate(measured.per_class.values()):
        assert same(scores.ap, mean_of(precision[:, :, label, 0]))
        assert same(scores.ap50, mean_of(precision[0, :, label, 0]))


@settings(max_examples=30, deadline=None)
@given(scene_lists(), st.integers(0, 5))
def test_one_pass_has_the_numbers_of_the_full_evaluation(images, padding):
    """Crowds apart, which lose their class on the canvas."""
    plain = [Scene(found, Boxes(b.xyxy, b.labels, (False,) * len(b))) for found, b in images]
    assume(any(len(image.boxes) for image in plain))
    found = [np.concatenate([image.found_N6, np.zeros((padding, 6), np.float32)]) for image in plain]
    truth = [
        np.array(
            [(*box, label) for box, label in zip(image.boxes.xyxy, image.boxes.labels, strict=True)]
            + [(0, 0, 0, 0, PADDING)] * padding,
            np.float32,
        ).reshape(-1, 5)
        for image in plain
    ]
    measured = measure(plain)
    assert quick_detection(found, truth, 3) == pytest.approx(
        {"map": measured.map, "map50": measured.map50, "map75": measured.map75}, abs=1e-9
    )


def test_a_crowd_on_the_canvas_takes_detections_of_every_class():
    truth = [np.array([[0, 0, 40, 40, 0], [100, 0, 200, 100, CROWD]], np.float32)]
    right, inside = (0, 0, 40, 40, 0.5, 0), (110, 10, 130, 30, 0.9, 0)
    assert quick_detection([rows(inside, right)], truth, 2)["map"] == pytest.approx(1)
    beside = (210, 10, 230, 30, 0.9, 0)
    assert quick_detection([rows(beside, right)], truth, 2)["map"] == pytest.approx(0.5)


def test_nothing_found_and_nothing_there_is_zero_while_training():
    nothing = {"map": 0.0, "map50": 0.0, "map75": 0.0}
    assert quick_detection([np.zeros((4, 6), np.float32)], [np.zeros((0, 5), np.float32)], 2) == nothing
    assert quick_detection([rows()], [np.array([[0, 0, 9, 9, 1]], np.float32)], 2) == nothing
    assert quick_detection([rows((0, 0, 9, 9, 0.5, 0))], [np.full((1, 5), PADDING, np.float32)], 2) == nothing


def test_a_class_without_objects_is_left_out_of_the_mean():
    image = Scene(rows((10, 10, 50, 50, 0.9, 0), (0, 0, 9, 9, 0.8, 2)), one_box())
    measured = measure([image])
    assert measured.map == pytest.approx(1)
    absent, wrong = measured.per_class["white"], measured.per_class["platelet"]
    assert (absent.ap, absent.ap50, absent.precision, absent.recall, absent.f1) == (None,) * 5
    assert (wrong.ap, wrong.precision, wrong.recall, wrong.f1, wrong.curve) == (None, 0.0, None, 0.0, ())
    assert measured.map_small is None
    assert measured.map_medium == pytest.approx(1)


def test_numbers_by_hand():
    boxes = Boxes(tuple((40.0 * i, 0.0, 40.0 * i + 40, 40.0) for i in range(4)), (0,) * 4, (False,) * 4)
    found = rows(
        (0, 0, 40, 40, 0.9, 0),  # right
        (300, 0, 340, 40, 0.8, 0),  # nothing there
        (40, 0, 80, 40, 0.6, 0),  # right
        (82, 0, 122, 40, 0.4, 0),  # IoU 38 / 42 = 0.905: right up to 0.90
        (300, 50, 340, 90, 0.3, 0),
        (300, 99, 340, 139, 0.2, 0),
    )
    measured = measure([Scene(found, boxes)], ("tile",))
    # precision 1 up to a recall of 1/4 (26 points of 101), then 3/4 up to 3/4 (50 points), then 0
    assert measured.map50 == pytest.approx((26 + 0.75 * 50) / 101)
    # at IoU 0.95 the third is wrong: 2/3 up to 1/2 (25 points)
    assert measured.map == pytest.approx((9 * (26 + 0.75 * 50) + 26 + 2 / 3 * 25) / 10 / 101)
    scores = measured.per_class["tile"]
    assert scores.threshold == pytest.approx(0.35)  # between 0.4 and 0.3
    assert (scores.precision, scores.recall, scores.f1) == pytest.approx((3 / 4, 3 / 4, 3 / 4))
    assert (measured.precision, measured.recall) == (scores.precision, scores.recall)
    expected = [
        (0.25, 1, 0.9),
        (0.25, 0.5, 0.8),
        (0.5, 2 / 3, 0.6),
        (0.75, 0.75, 0.4),
        (0.75, 0.6, 0.3),
        (0.75, 0.5, 0.2),
    ]
    assert [tuple(point) for point in scores.curve] == [pytest.approx(point) for point in expected]


def f1_at(image_list, label, threshold):
    """Count with pycocotools' own matches."""
    evaluation = judge(image_list, 3, [0.5])
    hits = predicted = objects = 0
    for image in evaluation.evalImgs:
        if image and image["category_id"] == label + 1 and image["aRng"] == [0, 1e10]:
            believed = (np.array(image["dtScores"]) >= threshold) & ~image["dtIgnore"][0]
            hits += int((believed & (image["dtMatches"][0] > 0)).sum())
            predicted += int(believed.sum())
            objects += int((image["gtIgnore"] == 0).sum())
    return hits, predicted, objects


@settings(max_examples=25, deadline=None)
@given(scene_lists())
def test_no_threshold_has_a_better_f1(images):
    assume(any(image.boxes.class_counts for image in images))
    found, truth = zip(*images, strict=True)
    measured = measure(images)
    assert measured.thresholds == best_thresholds(found, truth, 3)
    for label, (name, scores) in enumerate(measured.per_class.items()):
        candidates = {s for rows_N6 in found for s in rows_N6[rows_N6[:, 5] == label, 4].tolist() if s >= 0.01}
        counts = [f1_at(images, label, score) for score in sorted(candidates)]
        best = max((2 * hits / (predicted + objects) for hits, predicted, objects in counts if hits), default=0.0)
        hits, predicted, objects = f1_at(images, label, scores.threshold)
        assert scores.objects == objects, name
        assert same(scores.precision, hits / predicted if predicted else None)
        assert same(scores.recall, hits / objects if objects else None)
        assert same(scores.f1, 2 * hits / (predicted + objects) if predicted + objects else None)
        if best:
            assert scores.f1 == pytest.approx(best)
            assert scores.threshold >= 0.01
        else:
            assert scores.threshold == 0.5


def test_thresholds_are_never_below_one_per_cent():
    image = Scene(rows((10, 10, 50, 50, 0.012, 0), (90, 90, 99, 99, 0.0001, 0)), one_box())
    assert measure([image]).thresholds[0] == 0.01
    faint = Scene(rows((10, 10, 50, 50, 0.009, 0)), one_box())
    assert measure([faint]).thresholds[0] == 0.5


def test_a_threshold_lies_between_two_scores_that_are_next_to_each_other():
    low = np.float32(0.4)
    for _ in range(4):  # half-way is rounded to even: up for one, down for the next
        high = np.nextafter(low, np.float32(1))
        image = Scene(rows((10, 10, 50, 50, high, 0), (90, 90, 99, 99, low, 0)), one_box())
        threshold = measure([image]).thresholds[0]
        assert low < np.float32(threshold) <= high
        assert float(low) < threshold <= float(high)
        low = high


def test_detections_of_the_same_score_are_believed_together():
    boxes = Boxes(((10.0, 10, 50, 50), (100.0, 100, 140, 140)), (0, 0), (False, False))
    wrong = [(300, 300, 310, 310, 0.5, 0)] * 3
    image = Scene(rows((10, 10, 50, 50, 0.9, 0), (100, 100, 140, 140, 0.5, 0), *wrong), boxes)
    scores = measure([image]).per_class["red"]
    # both with three wrong ones: F1 is 4 / 7; the first alone: 2 / 3
    assert scores.f1 == pytest.approx(2 / 3)
    assert scores.threshold == pytest.approx(0.7)
    assert [tuple(point) for point in scores.curve] == [pytest.approx((0.5, 1, 0.9)), pytest.approx((1, 0.4, 0.5))]


def test_given_thresholds_are_used():
    image = Scene(rows((10, 10, 50, 50, 0.3, 0), (90, 90, 99, 99, 0.2, 0)), one_box())
    chosen = measure([image])
    assert (chosen.precision, chosen.recall) == (1.0, 1.0)
    low = measure([image], thresholds=(0.1, 0.5, 0.5))
    assert low.thresholds == (0.1, 0.5, 0.5)
    assert (low.precision, low.recall) == (0.5, 1.0)
    high = measure([image], thresholds=(0.9, 0.5, 0.5))
    assert (high.precision, high.recall) == (None, 0.0)


def test_curves_are_short_and_keep_their_ends():
    images = scenes(5, 1, 60, objects=10, detections=30, crowds=0)
    curve = measure(images, ("a",)).per_class["a"].curve
    assert len(curve) <= 60
    recalls, confidences = [point.recall for point in curve], [point.confidence for point in curve]
    assert recalls == sorted(recalls)
    assert confidences == sorted(confidences, reverse=True)
    hits, predicted, objects = f1_at(images, 0, 0.0)
    assert curve[-1] == pytest.approx(
        (hits / objects, hits / predicted, min(s for i in images for s in i.found_N6[:, 4]))
    )


def test_intervals_equal_scoring_each_resample_with_pycocotools():
    images = scenes(3, 2, 12, objects=10, detections=20)
    intervals = measure(images, bootstrap=40, seed=7).intervals
    rng = np.random.default_rng(derive_seed(7, "bootstrap"))
    scores = {"map": [], "map50": [], "map75": []}
    for draw_N in rng.integers(12, size=(40, 12)):
        precision = judge([images[n] for n in draw_N], 3).eval["precision"][:, :, :, 0, -1]
        scores["map"].append(mean_of(precision))
        scores["map50"].append(mean_of(precision[0]))
        scores["map75"].append(mean_of(precision[5]))
    whole = measure(images)
    for name, values in scores.items():
        low, high = 2 * getattr(whole, name) - np.percentile(values, [97.5, 2.5])
        assert intervals[name] == pytest.approx((low, max(high, getattr(whole, name))), abs=1e-9), name
        assert 0 < low < getattr(whole, name) < 1
    assert set(intervals) == {*scores, "precision", "recall"}


def test_intervals_of_precision_and_recall_resample_images():
    """Five images with a hit and a miss each, five with nothing but a wrong detection."""
    good = Scene(
        rows((10, 10, 50, 50, 0.9, 0)), Boxes(((10.0, 10, 50, 50), (99.0, 99, 120, 120)), (0, 0), (False, False))
    )
    bad = Scene(rows((10, 10, 50, 50, 0.8, 0)), Boxes())
    intervals = measure([good, bad] * 5, thresholds=(0.5,) * 3, bootstrap=60, seed=3).intervals
    draws = np.random.default_rng(derive_seed(3, "bootstrap")).integers(10, size=(60, 10))
    precision = (draws % 2 == 0).mean(axis=1)
    assert intervals["precision"] == pytest.approx(np.percentile(precision, [2.5, 97.5]))
    assert intervals["recall"] == pytest.approx((0.5, 0.5))


def test_an_interval_holds_its_value_and_stays_a_share(monkeypatch):
    """Also where all resamples are better than the whole, as with many classes of few objects."""
    images = scenes(3, 3, 12)
    value = measure(images).map
    for low, high in ((value + 0.01, 0.99), (0.0, 2 * value + 0.1)):
        monkeypatch.setattr(
            averages,
            "percentile_intervals",
            lambda *_, low=low, high=high, **__: dict.fromkeys(("map", "map50", "map75"), (low, high)),
        )
        found = measure(images, bootstrap=1).intervals["map"]
        assert found == pytest.approx((max(0, 2 * value - high), min(1, max(value, 2 * value - low))))
        assert 0 <= found[0] <= value <= found[1] <= 1


def test_a_perfect_detector_has_intervals_without_extent():
    images = [Scene(rows((10, 10, 50, 50, 0.9, 0)), one_box())] * 4
    assert measure(images, bootstrap=20).intervals["map"] == pytest.approx((1, 1))


def test_the_seed_decides():
    images = scenes(4, 3, 10)
    first, again, other = (measure(images, bootstrap=30, seed=seed).intervals for seed in (0, 0, 1))
    assert first == again != other


def test_a_round_trip_through_json():
    measured = measure(scenes(6, 2, 8), bootstrap=20)
    plain = json.loads(json.dumps(measured.to_dict()))
    assert DetectionMetrics.from_dict(plain) == measured
    assert {"map", "map50", "map75", "map_small", "per_class", "intervals", "n"} <= plain.keys()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"predictions": [np.zeros((3, 5), np.float32)]}, r"shape \(3, 5\) found; allowed is \(number, 6\)"),
        ({"predictions": [rows((0, 0, 1, 1, np.nan, 0))]}, "not finite"),
        ({"predictions": [rows((0, 0, 1, 1, 0.5, 3))]}, r"class 3 found; allowed are 0\.\.2"),
        ({"predictions": []}, "of 0 images given; 1 are needed"),
        ({"targets": [one_box(7)]}, r"boxes: class 7 found; allowed are 0\.\.2"),
        ({"targets": [one_box(crowd=True)]}, "1 images without an object; nothing to measure"),
        ({"class_names": ("a", "a", "b")}, "3 given, 2 of them different"),
        ({"thresholds": (0.5,)}, "1 given; 3 are needed"),
    ],
)
def test_mistakes_are_told(change, message):
    fields = {"predictions": [rows()], "targets": [one_box()], "class_names": NAMES} | change
    with pytest.raises(DataError, match=message):
        detection_metrics(**fields)


def test_all_detections_count_and_beside_that_as_many_as_coco_counts():
    images = scenes(1, 2, 3, objects=220, detections=500, crowds=0.02, side=20.0)
    counts = [np.bincount(image.found_N6[:, 5].astype(int)).max() for image in images]
    assert max(counts) > 100
    measured = measure(images)
    of_all, of_100 = (mean_of(judge(images, 3, most=most).eval["precision"][:, :, :, 0, -1]) for most in (10_000, 100))
    assert same(measured.map, of_all)
    assert same(measured.map_100, of_100)
    assert measured.map_100 < measured.map
    assert measured.most_detections == max(len(image.found_N6) for image in images)


def test_it_is_fast():
    images = scenes(0, 3, 100, objects=12, detections=200)
    found = [np.resize(image.found_N6, (100, 6)) for image in images if len(image.found_N6)]
    truth = [image.boxes for image in images if len(image.found_N6)]
    start = time.process_time()
    detection_metrics(found, truth, NAMES, bootstrap=1000)
    assert time.process_time() - start < 10  # takes 1 to 2


def test_importing_the_metrics_loads_no_torch():
    code = "import sys, visionft.metrics; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
