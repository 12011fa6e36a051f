"""Thresholds against brute force and scikit-learn.

Shape suffixes: N images.
"""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_recall_curve, precision_score, recall_score

from visionft.tasks.multilabel.ranking import (
    NO_THRESHOLD,
    Threshold,
    at_precision,
    best_f1,
    choose_thresholds,
    curve,
    doubts,
)


@st.composite
def rankings(draw, most=25):
    """Draw scores of float32, often tied, and which images have the label; some have it and some have not."""
    images = draw(st.integers(2, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores_N = (rng.integers(0, draw(st.sampled_from([2, 6, 1000])), images) / 1000).astype(np.float32)
    positive_N = rng.random(images) < draw(st.sampled_from([0.1, 0.5, 0.9]))
    assume(positive_N.any() and not positive_N.all())
    return scores_N.astype(float), positive_N


def every_threshold(scores_N):
    """Return everything that lies between two scores, and below all."""
    scores = np.unique(scores_N)
    return [scores[0] / 2, *((scores[1:] + scores[:-1]) / 2)]


@settings(max_examples=150, deadline=None)
@given(rankings())
def test_no_threshold_has_a_better_f1(drawn):
    scores_N, positive_N = drawn
    threshold, reached = best_f1(scores_N, positive_N)
    f1 = {value: f1_score(positive_N, scores_N >= value) for value in every_threshold(scores_N)}
    assert reached
    assert f1_score(positive_N, scores_N >= threshold) == pytest.approx(max(f1.values()))
    better = [value for value in f1 if f1[value] == pytest.approx(max(f1.values()))]
    assert (scores_N >= threshold).sum() == (scores_N >= max(better)).sum()  # the highest of equally good ones


@settings(max_examples=150, deadline=None)
@given(rankings(), st.sampled_from([0.1, 0.5, 0.9, 1.0]))
def test_a_wanted_precision_is_reached_with_the_best_recall(drawn, wanted):
    scores_N, positive_N = drawn
    threshold, reached = at_precision(scores_N, positive_N, wanted)
    candidates = every_threshold(scores_N)
    precision = {value: precision_score(positive_N, scores_N >= value) for value in candidates}
    goal = wanted if reached else max(precision.values())
    assert reached == (max(precision.values()) >= wanted)
    assert precision_score(positive_N, scores_N >= threshold) >= goal
    recalls = [recall_score(positive_N, scores_N >= value) for value in candidates if precision[value] >= goal]
    assert recall_score(positive_N, scores_N >= threshold) == max(recalls)


def test_a_threshold_lies_between_two_scores_so_that_rounding_moves_nothing():
    scores_N = np.array([0.9, 0.6, 0.2, 0.1])
    assert best_f1(scores_N, np.array([True, True, False, False])).value == pytest.approx(0.4)
    assert at_precision(scores_N, np.array([True, False, True, False]), 0.9).value == pytest.approx(0.75)


def test_neighbouring_floats_are_told_apart():
    low, high = np.float32(0.5), np.nextafter(np.float32(0.5), np.float32(1))
    scores_N = np.array([high, low]).astype(float)
    threshold = best_f1(scores_N, np.array([True, False])).value
    assert (np.array([high, low]) >= np.float32(threshold)).tolist() == [True, False]


def test_a_precision_out_of_reach_gives_the_highest_there_is_and_says_so():
    scores_N, positive_N = np.array([0.9, 0.8, 0.4, 0.3]), np.array([False, True, True, False])
    threshold, reached = at_precision(scores_N, positive_N, 0.95)
    assert not reached
    assert threshold == pytest.approx(0.35)  # two of three are right, and nowhere more


@pytest.mark.parametrize("positive", [True, False])
def test_labels_that_all_images_or_none_have_say_nothing_about_thresholds(positive):
    scores_N, positive_N = np.array([0.9, 0.2]), np.array([positive, positive])
    assert best_f1(scores_N, positive_N) == at_precision(scores_N, positive_N, 0.9) == Threshold(NO_THRESHOLD, False)
    assert curve(scores_N, positive_N) == ()


def test_each_class_gets_its_own_precision():
    chances_NK = np.array([[0.9, 0.3], [0.1, 0.2]])
    labels_NK = np.array([[True, True], [False, False]])
    assert [value for value, _ in choose_thresholds(chances_NK, labels_NK, 0.5)] == pytest.approx([0.05, 0.1])


def test_the_best_f1_of_a_class_is_held_towards_that_of_all_by_how_many_images_have_the_label():
    chances_NK = np.array([[0.9, 0.3, 0.1], [0.8, 0.2, 0.2], [0.7, 0.1, 0.1], [0.1, 0.1, 0.1]])
    labels_NK = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0]], np.bool_)
    common = best_f1(chances_NK.ravel(), labels_NK.ravel()).value
    expected = [(3 * 0.4 + common) / 4, (0.25 + common) / 2, common]
    assert common == pytest.approx(0.25)
    assert [value for value, _ in choose_thresholds(chances_NK, labels_NK)] == pytest.approx(expected)
    assert [reached for _, reached in choose_thresholds(chances_NK, labels_NK)] == [True, True, False]


def test_a_rare_label_that_is_not_recognised_is_not_given_to_most_images():
    """Its best F1 alone would give it to all images down to the only one that has it, which is among the last."""
    rng = np.random.default_rng(0)
    labels_NK = np.zeros((60, 2), np.bool_)
    labels_NK[:30, 0] = True
    labels_NK[0, 1] = True
    chances_NK = np.stack([np.where(labels_NK[:, 0], 0.8, 0.2), rng.uniform(0.05, 0.2, 60)], axis=1)
    chances_NK[0, 1] = 0.06
    (alone, _), ((_, _), (held, _)) = (
        best_f1(*chances_NK[:, 1:].T, labels_NK[:, 1]),
        choose_thresholds(chances_NK, labels_NK),
    )
    assert (chances_NK[:, 1] >= alone).mean() > 0.8
    assert (chances_NK[:, 1] >= held).mean() == 0


@settings(max_examples=100, deadline=None)
@given(rankings())
def test_the_curve_is_that_of_scikit_learn(drawn):
    points = curve(*drawn)
    precision, recall, scores = precision_recall_curve(drawn[1], drawn[0])
    expected = list(zip(recall[:-1][::-1], precision[:-1][::-1], scores[::-1], strict=True))
    np.testing.assert_allclose(points, expected)


def test_a_long_curve_is_thinned_but_keeps_its_ends():
    rng = np.random.default_rng(0)
    positive_N = rng.random(5000) < 0.3
    scores_N = rng.random(5000) + 0.3 * positive_N
    points = curve(scores_N, positive_N)
    assert len(points) <= 61
    assert points[0].probability == scores_N.max()
    assert points[-1].recall == 1
    assert points[-1].precision == pytest.approx(positive_N.mean())
    assert max(np.diff([point.recall for point in points])) < 0.03


def test_a_precision_that_is_out_of_reach_or_rests_on_few_images_is_doubted():
    labels_NK = np.zeros((40, 3), np.bool_)
    labels_NK[:20, 0] = labels_NK[:3, 1] = labels_NK[10:30, 2] = True
    probabilities_NK = np.where(labels_NK, 0.8, 0.1)
    probabilities_NK[:, 2] = 0.5  # half of these are right, whatever the threshold
    chosen = choose_thresholds(probabilities_NK, labels_NK, 0.9)
    missed, few = doubts(chosen, labels_NK, ("many", "few", "mixed"), 0.9)
    assert "no threshold of mixed" in missed
    assert "of few (3)" in few
    assert "many" not in missed + few
    assert doubts(chosen[:1], labels_NK[:, :1], ("many",), 0.9) == ()
