"""Shape suffixes: M rows, D features, K outputs, R resamples."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from visionft.models.linear_fit import principal_axes
from visionft.probing.cross_validation import Rows, cross_validate, nearest, refit
from visionft.tasks.classification.probing import ClassificationProbe


def rows(number=150, width=20, noise=0.8, held_back=0):
    rng = np.random.default_rng(0)
    labels = np.arange(number) % 3
    features = torch.from_numpy(
        np.eye(3)[labels] @ rng.normal(size=(3, width)) + noise * rng.normal(size=(number, width))
    )
    fold_M = rng.permutation(number) % 5
    fold_M[number - held_back :] = -1
    probe = ClassificationProbe(SimpleNamespace(class_names=("a", "b", "c")))
    axes_MD = principal_axes(features.float())
    return features.float(), Rows(probe, axes_MD, torch.from_numpy(labels), fold_M, np.arange(number))


def test_labels_of_a_row_do_not_reach_its_own_answer():
    _, given = rows()
    before = cross_validate(given).answers_MK
    targets = given.targets.clone()
    own = given.fold_M == 2
    targets[torch.from_numpy(own)] = (targets[torch.from_numpy(own)] + 1) % 3
    changed = Rows(given.probe, given.axes_MD, targets, given.fold_M, given.image_M)
    layer = given.fit(torch.from_numpy(~own), 0.1)
    again = changed.fit(torch.from_numpy(~own), 0.1)
    torch.testing.assert_close(layer.weight_KD, again.weight_KD)
    after = cross_validate(changed).answers_MK
    assert not np.allclose(before[~own], after[~own], atol=1e-3)  # others have learned from it


def test_it_tells_what_can_be_told_and_not_what_cannot():
    _, given = rows()
    found = cross_validate(given)
    assert given.score(found.answers_MK) > 0.9
    assert len(found.strengths) == 5
    shuffled = given.targets[torch.randperm(150, generator=torch.Generator().manual_seed(0))]
    luck = Rows(given.probe, given.axes_MD, shuffled, given.fold_M, given.image_M)
    assert luck.score(cross_validate(luck).answers_MK) < 0.5


def test_held_back_rows_are_answered_and_not_counted():
    _, given = rows(held_back=30)
    found = cross_validate(given)
    assert (found.answers_MK.argmax(1)[-30:] == given.targets.numpy()[-30:]).mean() > 0.8
    assert len(given.images) == 120
    wrong = found.answers_MK.copy()
    wrong[-30:] = 0
    assert given.score(wrong) == given.score(found.answers_MK)


def test_scores_follow_the_resampled_images():
    _, given = rows(number=30)
    right_MK = np.eye(3)[given.targets.numpy()]
    right_MK[0] = [0, 1, 0]  # is class 0
    counts_RN = np.ones((2, 30))
    counts_RN[1, 0] = 0
    np.testing.assert_allclose(given.scores(right_MK, counts_RN), [29 / 30, 1.0])


def test_fewer_rows_learn_less():
    _, given = rows(number=300, width=60, noise=2.0)
    found = cross_validate(given)
    few = torch.from_numpy(np.random.default_rng(0).random(300) < 0.1)
    assert given.score(refit(given, found, few)) < given.score(found.answers_MK)


def test_neighbours_are_those_of_other_folds():
    features_MD, given = rows()
    answers_MK = nearest(given, features_MD)
    centred = (features_MD - features_MD.mean(0)).numpy()
    agree = []
    for fold in range(5):
        own = given.fold_M == fold
        reference = KNeighborsClassifier(10, metric="cosine", weights=lambda distance: np.exp((1 - distance) / 0.07))
        reference.fit(centred[~own], given.targets.numpy()[~own])
        agree.append(np.abs(reference.predict_proba(centred[own]) - answers_MK[own]).max())
    assert max(agree) < 1e-3


@pytest.mark.parametrize("classes", [4])
def test_a_class_without_rows_is_harmless(classes):
    _, given = rows()
    probe = ClassificationProbe(SimpleNamespace(class_names=tuple("abcd"[:classes])))
    wider = Rows(probe, given.axes_MD, given.targets, given.fold_M, given.image_M)
    answers_MK = cross_validate(wider).answers_MK
    assert answers_MK.shape == (150, classes)
    assert np.isfinite(answers_MK).all()
