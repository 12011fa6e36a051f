"""Shape suffixes: N samples, K classes."""

import numpy as np

from visionft.metrics.confident_learning import confident_disagreements


def by_hand(probabilities_NK, labels_N):
    """Return (sample, found) by the definition of arXiv:1911.00068, one sample after the other."""
    usual = {}
    for label in set(labels_N.tolist()):
        own = [row[label] for row, given in zip(probabilities_NK, labels_N.tolist(), strict=True) if given == label]
        usual[label] = min(0.8, sum(own) / len(own))
    found = set()
    for at, (row, label) in enumerate(zip(probabilities_NK, labels_N.tolist(), strict=True)):
        sure = [other for other in usual if row[other] >= usual[other]]
        best = max(sure, key=lambda other: row[other], default=label)
        if best != label and row[best] > row[label]:
            found.add((at, best))
    return found


def test_it_is_the_definition():
    rng = np.random.default_rng(0)
    labels_N = rng.integers(0, 4, 200)
    labels_N[labels_N == 3] = 0  # a class that nothing is labelled as is never found
    probabilities_NK = rng.dirichlet([0.5] * 4, 200)
    found = confident_disagreements(probabilities_NK, labels_N)
    assert {(one.sample, one.found) for one in found} == by_hand(probabilities_NK, labels_N) != set()
    assert [one.margin for one in found] == sorted((one.margin for one in found), reverse=True)


def test_what_is_labelled_as_it_looks_is_left_alone():
    labels_N = np.arange(30) % 3
    assert confident_disagreements(np.eye(3)[labels_N] * 0.9 + 0.03, labels_N) == []


def test_wrong_labels_are_found_first():
    rng = np.random.default_rng(1)
    true_N = np.arange(300) % 3
    probabilities_NK = np.eye(3)[true_N] * 12 + rng.random((300, 3))
    probabilities_NK /= probabilities_NK.sum(axis=1, keepdims=True)
    given_N = true_N.copy()
    given_N[:12] = (given_N[:12] + 1) % 3
    found = confident_disagreements(probabilities_NK, given_N)
    assert {one.sample for one in found} == set(range(12))
    assert all(one.found == true_N[one.sample] for one in found)
