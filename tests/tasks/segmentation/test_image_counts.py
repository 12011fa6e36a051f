import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix
from torchmetrics.functional.classification import multiclass_confusion_matrix

from tests.tasks.segmentation.label_maps import IGNORED, map_pairs
from visionft.errors import DataError
from visionft.tasks.segmentation.image_counts import count_confusion, count_image


@settings(max_examples=80, deadline=None)
@given(map_pairs())
def test_confusion_equals_scikit_learn_and_torchmetrics(maps):
    truth_HW, predicted_HW = maps
    confusion_KK = count_image(*maps, 4).confusion_KK
    assert confusion_KK.dtype == np.int64
    assert confusion_KK.tolist() == count_confusion(*maps, 4).tolist()
    expected = multiclass_confusion_matrix(
        torch.from_numpy(predicted_HW).long(), torch.from_numpy(truth_HW).long(), num_classes=4, ignore_index=IGNORED
    )
    assert confusion_KK.tolist() == expected.tolist()
    kept_HW = truth_HW != IGNORED
    assert confusion_KK.sum() == kept_HW.sum()
    if kept_HW.any():
        expected = confusion_matrix(truth_HW[kept_HW], predicted_HW[kept_HW], labels=range(4))
        assert confusion_KK.tolist() == expected.tolist()


@settings(max_examples=80, deadline=None)
@given(map_pairs(), st.integers(0, 2**32 - 1))
def test_what_is_predicted_under_ignored_pixels_does_not_matter(maps, seed):
    truth_HW, predicted_HW = maps
    noise_HW = np.random.default_rng(seed).integers(0, 256, truth_HW.shape, dtype=np.uint8)
    counts = count_image(*maps, 4)
    other = count_image(truth_HW, np.where(truth_HW == IGNORED, noise_HW, predicted_HW), 4)
    assert counts.confusion_KK.tolist() == other.confusion_KK.tolist()
    assert counts.boundary_4K.tolist() == other.boundary_4K.tolist()


def test_the_highest_class_is_254():
    labels_HW = np.full((2, 2), 254, np.uint8)
    assert count_image(labels_HW, labels_HW, 255).confusion_KK[254, 254] == 4


def test_it_does_not_change_the_maps():
    maps = np.uint8([[0, 255], [1, 1]]), np.uint8([[0, 1], [0, 1]])
    copies = [labels_HW.copy() for labels_HW in maps]
    for labels_HW in maps:
        labels_HW.flags.writeable = False
    count_image(*maps, 2)
    assert [labels_HW.tolist() for labels_HW in maps] == [copy.tolist() for copy in copies]


@pytest.mark.parametrize(
    ("truth", "predicted", "part"),
    [
        (np.uint8([[0, 1]]), np.uint8([[0], [1]]), r"uint8 \(1, 2\) and uint8 \(2, 1\) found"),
        (np.uint8([0, 1]), np.uint8([0, 1]), "allowed are two uint8"),
        (np.int64([[0, 1]]), np.uint8([[0, 1]]), "int64"),
        (np.zeros((0, 3), np.uint8), np.zeros((0, 3), np.uint8), r"\(0, 3\)"),
        (np.uint8([[0, 3]]), np.uint8([[0, 1]]), r"truth: class 3 found; allowed are 0\.\.1 and 255"),
        (np.uint8([[0, 1]]), np.uint8([[0, 2]]), r"prediction: class 2 found; allowed are 0\.\.1$"),
        (np.uint8([[0, 1]]), np.uint8([[0, 255]]), "prediction: class 255"),
    ],
)
def test_unusable_maps_are_refused(truth, predicted, part):
    with pytest.raises(DataError, match=part):
        count_image(truth, predicted, 2)
