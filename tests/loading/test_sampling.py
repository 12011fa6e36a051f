"""How often images are drawn, counted."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionft.data.records import Sample
from visionft.data.targets.label import Label
from visionft.data.targets.label_set import LabelSet
from visionft.loading.order import batches_per_epoch, training_plan
from visionft.loading.sampling import draw, repeat_factors


def labelled(labels):
    return [Sample(str(n), Path(str(n)), Label(label), "train") for n, label in enumerate(labels)]


def with_sets(sets):
    return [Sample(str(n), Path(str(n)), LabelSet(tuple(labels), 3), "train") for n, labels in enumerate(sets)]


def epoch_of(factors_N, epoch, batch_size=7):
    plan = training_plan(len(factors_N), batch_size, seed=3, epoch=epoch, factors_N=factors_N)
    return [index for batch in plan for index in batch]


def test_natural_draws_each_once():
    assert repeat_factors(labelled([0, 0, 1]), "natural") is None


def test_classes_are_drawn_alike_in_a_long_tail():
    counts = {0: 600, 1: 90, 2: 10}
    labels = np.repeat(list(counts), list(counts.values()))
    factors_N = repeat_factors(labelled(labels.tolist()), "balanced")
    for epoch in range(3):
        drawn = np.bincount(labels[np.array(epoch_of(factors_N, epoch)) % 700], minlength=3)
        assert drawn.sum() == 700
        assert abs(drawn - 700 / 3).max() <= 1.5  # rounding only
    root_N = repeat_factors(labelled(labels.tolist()), "square_root")
    ratios = [root_N[labels == label].sum() for label in counts]
    assert ratios[0] / ratios[1] == pytest.approx((600 / 90) ** 0.5)


def test_an_image_counts_by_its_rarest_class():
    """By LVIS's formula with a threshold of 1, which all classes are below."""
    sets = [[0], [0], [0, 1], [0, 2], [], [1, 0]]
    fractions = {0: 5 / 6, 1: 2 / 6, 2: 1 / 6}
    expected = np.array([max([1.0, *(np.sqrt(1 / fractions[label]) for label in labels)]) for labels in sets])
    np.testing.assert_allclose(repeat_factors(with_sets(sets), "square_root"), expected / expected.mean())


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=60), st.integers(0, 2**31))
def test_each_is_drawn_as_often_as_its_factor_rounded(weights, seed):
    factors_N = np.array(weights) * len(weights) / sum(weights)
    drawn = draw(factors_N, np.random.default_rng(seed))
    assert len(drawn) == len(set(drawn.tolist())) == len(weights)
    counts_N = np.bincount(drawn % len(weights), minlength=len(weights))
    assert (np.abs(counts_N - factors_N) < 1 + 1e-9).all()
    for index, count in enumerate(counts_N):  # the repeats are numbered without a gap
        assert sorted(drawn[drawn % len(weights) == index]) == [index + k * len(weights) for k in range(count)]


def test_the_mean_over_epochs_is_the_factor():
    factors_N = np.array([0.2, 0.3, 0.5, 1.25, 2.75])
    generator = np.random.default_rng(0)
    counts = [np.bincount(draw(factors_N, generator) % 5, minlength=5) for _ in range(4000)]
    np.testing.assert_allclose(np.mean(counts, axis=0), factors_N, atol=0.04)


@given(st.integers(1, 40), st.integers(2, 9), st.integers(0, 4))
def test_a_resumed_epoch_goes_on_where_it_stopped(images, batch_size, start):
    factors_N = repeat_factors(labelled([number % 3 > 1 for number in range(images)]), "balanced")
    whole, rest = (
        list(training_plan(images, batch_size, seed=1, epoch=2, start_batch=first, factors_N=factors_N))
        for first in (0, start)
    )
    assert rest == whole[start:]
    assert len(whole) == batches_per_epoch(images, batch_size)
