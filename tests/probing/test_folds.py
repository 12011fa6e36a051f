from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from visionft.data.records import Sample
from visionft.data.targets.label import Label
from visionft.errors import DataError
from visionft.probing.folds import HELD_BACK, assign_folds


def samples(number, classes=3):
    return [Sample(f"{at}.png", Path(f"{at}.png"), Label(at % classes), "train") for at in range(number)]


def contents(number):
    return [f"content {at}" for at in range(number)]


def test_copies_are_in_one_fold_and_classes_in_all():
    given, hashes = samples(60), contents(60)
    hashes[30:40] = hashes[:10]
    fold_N = assign_folds(given, hashes)
    assert (fold_N[30:40] == fold_N[:10]).all()
    for label in range(3):
        counts = Counter(fold_N[np.arange(60) % 3 == label].tolist())
        assert set(counts) == set(range(5))


def test_names_order_and_further_images_of_another_class_do_not_count():
    given, hashes = samples(50), contents(50)
    renamed = [replace(sample, id=f"x{sample.id}") for sample in given]
    fold_N = assign_folds(given, hashes)
    assert (assign_folds(renamed, hashes) == fold_N).all()
    assert (assign_folds(renamed[::-1], hashes[::-1])[::-1] == fold_N).all()


def test_test_images_are_in_none():
    given = [replace(sample, split="test") if at % 4 == 0 else sample for at, sample in enumerate(samples(40))]
    fold_N = assign_folds(given, contents(40))
    assert (fold_N[::4] == HELD_BACK).all()
    assert (np.delete(fold_N, np.s_[::4]) >= 0).all()


def test_too_few_different_images_are_refused():
    with pytest.raises(DataError, match="different images"):
        assign_folds(samples(6), ["a", "b"] * 3)
