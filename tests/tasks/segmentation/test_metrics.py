import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference
from torchmetrics.classification import MulticlassJaccardIndex

from tests.tasks.segmentation.label_maps import IGNORED, blocks, map_pairs
from visionft.errors import DataError
from visionft.seeds import derive_seed
from visionft.tasks.segmentation.image_counts import ImageCounts, count_image
from visionft.tasks.segmentation.metrics import (
    SegmentationMetrics,
    image_miou,
    quick_segmentation,
    segmentation_metrics,
)

NAMES = ["road", "sky", "car", "tree"]
MEANS = ["miou", "dice", "pixel_accuracy", "boundary_f1"]
sets = st.lists(map_pairs(), min_size=1, max_size=3)


def measure(pairs, **options):
    return segmentation_metrics([count_image(*maps, 4) for maps in pairs], NAMES, **{"bootstrap": 0, **options})


def kept(pairs):
    """Return the true and the predicted classes of all pixels that count."""
    truth_P = np.concatenate([truth_HW[truth_HW != IGNORED] for truth_HW, _ in pairs])
    return truth_P, np.concatenate([predicted_HW[truth_HW != IGNORED] for truth_HW, predicted_HW in pairs])


def close(value, expected):
    return value == pytest.approx(expected, abs=1e-9) if expected is not None else value is None


def street(seed, images=8, wrong=0.15):
    """Return pairs of maps in which some blocks are predicted wrongly."""
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(images):
        truth_HW = blocks(rng, 24, 32, rng.choice(4, 3, replace=False), 8)
        noise_HW = blocks(rng, 24, 32, range(4), 4)
        pairs.append((truth_HW, np.where(blocks(rng, 24, 32, range(100), 4) < 100 * wrong, noise_HW, truth_HW)))
    return pairs


@settings(max_examples=120, deadline=None)
@given(sets)
def test_scores_equal_scikit_learn(pairs):
    truth_P, predicted_P = kept(pairs)
    assume(len(truth_P))
    measured = measure(pairs)
    occurring = np.union1d(truth_P, predicted_P)
    options = {"labels": occurring, "average": "macro"}
    assert measured.n == len(pairs)
    assert close(measured.pixel_accuracy, reference.accuracy_score(truth_P, predicted_P))
    assert close(measured.miou, reference.jaccard_score(truth_P, predicted_P, **options))
    assert close(measured.dice, reference.f1_score(truth_P, predicted_P, **options))
    assert measured.to_dict()["confusion"] == reference.confusion_matrix(truth_P, predicted_P, labels=range(4)).tolist()

    per_class = reference.precision_recall_fscore_support(truth_P, predicted_P, labels=range(4), zero_division=np.nan)
    iou_K = reference.jaccard_score(truth_P, predicted_P, labels=range(4), average=None, zero_division=0)
    for label, (scores, iou, *row) in enumerate(zip(measured.per_class.values(), iou_K, *per_class, strict=True)):
        precision, recall, dice, pixels = (None if np.isnan(value) else value for value in row)
        assert close(scores.iou, iou if label in occurring else None)
        assert close(scores.dice, dice)
        assert close(scores.precision, precision)
        assert close(scores.recall, recall)
        assert scores.pixels == pixels


def test_miou_equals_torchmetrics_over_several_images():
    pairs = street(seed=1)
    index = MulticlassJaccardIndex(4, ignore_index=IGNORED)
    for truth_HW, predicted_HW in pairs:
        index.update(torch.from_numpy(predicted_HW).long(), torch.from_numpy(truth_HW).long())
    assert measure(pairs).miou == pytest.approx(float(index.compute()), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(sets)
def test_a_perfect_prediction_scores_1(pairs):
    perfect = [(truth_HW, np.where(truth_HW == IGNORED, np.uint8(0), truth_HW)) for truth_HW, _ in pairs]
    truth_P, _ = kept(perfect)
    assume(len(truth_P))
    measured = measure(perfect)
    assert (measured.miou, measured.dice, measured.pixel_accuracy) == (1, 1, 1)
    assert measured.boundary_f1 in (1, None)
    for name, scores in measured.per_class.items():
        there = NAMES.index(name) in truth_P
        assert {scores.iou, scores.dice, scores.precision, scores.recall} == ({1.0} if there else {None})


def test_a_class_that_is_nowhere_does_not_count_and_one_that_is_only_predicted_does():
    truth_HW = np.zeros((4, 4), np.uint8)
    predicted_HW = truth_HW.copy()
    assert measure([(truth_HW, predicted_HW)]).miou == 1
    predicted_HW[:2] = 1
    measured = measure([(truth_HW, predicted_HW)])
    assert measured.miou == pytest.approx((0.5 + 0) / 2)
    assert measured.dice == pytest.approx((2 * 8 / (16 + 8) + 0) / 2)
    sky = measured.per_class["sky"]
    assert (sky.iou, sky.precision, sky.recall, sky.pixels) == (0, 0, None, 0)
    assert measured.boundary_f1 == 0


def test_one_pixel():
    pixel = np.uint8([[2]])
    measured = measure([(pixel, pixel)], bootstrap=5)
    assert (measured.miou, measured.boundary_f1, measured.per_class["car"].pixels) == (1, None, 1)
    assert measured.intervals == dict.fromkeys(MEANS[:3], (1.0, 1.0))


@settings(max_examples=60, deadline=None)
@given(sets)
def test_quick_scores_agree_with_the_full_ones(pairs):
    counts = [count_image(*maps, 4) for maps in pairs]
    quick = quick_segmentation(sum(image.confusion_KK for image in counts))
    assert list(quick) == MEANS[:3]
    if len(kept(pairs)[0]):
        measured = segmentation_metrics(counts, NAMES, bootstrap=0)
        assert quick == pytest.approx({name: getattr(measured, name) for name in quick})
    else:
        assert quick == {"miou": 0.0, "dice": 0.0, "pixel_accuracy": 0.0}


@settings(max_examples=60, deadline=None)
@given(map_pairs())
def test_the_score_of_one_image(maps):
    truth_P, _ = kept([maps])
    assert image_miou(count_image(*maps, 4)) == pytest.approx(measure([maps]).miou if len(truth_P) else 1.0)


def test_intervals_equal_measuring_each_resample():
    pairs = street(seed=2)
    counts = [count_image(*maps, 4) for maps in pairs]
    intervals = segmentation_metrics(counts, NAMES, bootstrap=40, seed=7).intervals
    rng = np.random.default_rng(derive_seed(7, "bootstrap"))
    drawn = [
        segmentation_metrics([counts[image] for image in draw_N], NAMES, bootstrap=0)
        for draw_N in rng.integers(len(pairs), size=(40, len(pairs)))
    ]
    assert list(intervals) == MEANS
    for name, interval in intervals.items():
        scores = [getattr(measured, name) for measured in drawn]
        assert interval == pytest.approx(np.percentile(scores, [2.5, 97.5]), abs=1e-12), name
        assert interval[0] < interval[1]


@settings(max_examples=60, deadline=None)
@given(sets)
def test_json_holds_no_nan_and_everything_else(pairs):
    assume(len(kept(pairs)[0]))
    measured = measure(pairs, bootstrap=10)
    plain = measured.to_dict()
    assert set(plain) == {*MEANS, "per_class", "confusion", "intervals", "n"}
    read = json.loads(json.dumps(plain, allow_nan=False))
    assert read == plain
    assert SegmentationMetrics.from_dict(read) == measured


@pytest.mark.parametrize(
    ("images", "names", "part"),
    [
        (0, NAMES, "0 images without a pixel"),
        (1, ["a", "b"], "2 given; 4 are needed"),
        (1, ["a", "b", "c", "c"], "4 given, 3 of them different"),
    ],
)
def test_unusable_counts_are_refused(images, names, part):
    counts = [count_image(*street(0, images=1)[0], 4)] * images
    with pytest.raises(DataError, match=part):
        segmentation_metrics(counts, names)


def test_a_set_without_anything_to_measure_is_refused():
    nothing = ImageCounts(np.zeros((4, 4), np.int64), np.zeros((4, 4), np.int64))
    with pytest.raises(DataError, match="2 images without a pixel that has a class"):
        segmentation_metrics([nothing] * 2, NAMES)


def test_measuring_loads_no_torch():
    program = (
        "import sys, numpy as np; from visionft.tasks.segmentation.image_counts import count_image;"
        "from visionft.tasks.segmentation.metrics import segmentation_metrics;"
        "maps = np.uint8([[0, 1], [1, 255]]); segmentation_metrics([count_image(maps, maps % 255, 2)], ['a', 'b']);"
        "sys.exit('torch' in sys.modules or 'torchmetrics' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
