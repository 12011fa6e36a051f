import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from visionft.data.records import Dataset, Sample
from visionft.data.targets.values import CanvasValues, Values, first_few, outliers, strata

NAMES = ("weight [g]", "height")


def dataset(train, val=((1.0, 1.0), (2.0, 2.0))):
    rows = [("train", numbers) for numbers in train] + [("val", numbers) for numbers in val]
    samples = [Sample(f"{i}.png", Path("x"), Values(numbers), split) for i, (split, numbers) in enumerate(rows)]
    return Dataset("x", tuple(samples), NAMES, Values)


def told(data):
    problems = [*Values.class_problems(data), *Values.problems(data)]
    return [str(problem) for problem in problems], any(problem.fatal for problem in problems)


def test_a_batch_has_nan_where_nobody_knows_and_keeps_large_numbers_apart():
    batch = CanvasValues.collate([CanvasValues((1.7e9, None)), CanvasValues((1.7e9 + 1, 3.0))])
    assert (batch.dtype, batch.shape) == (torch.float64, (2, 2))
    assert batch[1, 0] - batch[0, 0] == 1
    assert batch[:, 1].isnan().tolist() == [True, False]


def test_differences_tell_both_with_their_units():
    assert Values((3.5, 2.0)).difference(Values((3.6, None)), NAMES) == "with weight 3.5 g, height 2 and weight 3.6 g"


def test_good_values_have_no_problems():
    assert told(dataset([(float(i), i % 7 / 7) for i in range(50)])) == ([], False)


def test_a_constant_is_fatal():
    lines, fatal = told(dataset([(3.0, 1.0), (3.0, 2.0), (3.0, None)]))
    assert lines[0].startswith("weight [g]: is 3 g in every training image, so there is nothing to learn")
    assert fatal


def test_a_value_that_no_training_image_has_is_fatal():
    lines, fatal = told(dataset([(3.0, None), (2.0, None)]))
    assert lines[0].startswith("height: has no number in any training image")
    assert fatal


def test_missing_numbers_are_counted():
    lines, fatal = told(dataset([(1.0, None), (2.0, 1.0), (2.0, None), (3.0, 2.0)]))
    assert lines == ["height: 2 images have no number, which is neither learned nor measured: 0.png, 2.png"]
    assert not fatal


def test_validation_images_that_are_all_the_same_are_told():
    lines, fatal = told(dataset([(1.0, 1.0), (2.0, 3.0)], val=[(5.0, 1.0), (5.0, 2.0)]))
    assert lines == ["weight [g]: is the same in every validation image, where R2 is not defined; give more of them"]
    assert not fatal


@pytest.mark.parametrize(("offset", "lost"), [(2000, False), (1e5, False), (1e8, True), (1.7e9, True), (-1.7e9, True)])
def test_numbers_with_more_digits_than_results_have_are_told_and_the_advice_helps(offset, lost):
    def spread(numbers):
        rows = [(number, i / 50) for i, number in enumerate(numbers)]
        return dataset(rows, val=rows[:9])

    numbers = [offset + 5 * np.sin(i) for i in range(50)]
    lines, fatal = told(spread(numbers))
    assert not fatal
    found = [re.search(r"subtract (\S+) from", line) for line in lines if line.startswith("weight [g]: ")]
    assert len(found) == lost
    for match in found:
        assert told(spread([number - float(match[1]) for number in numbers])) == ([], False)


def test_outliers_are_told_and_stay():
    rows = [(float(i), i / 50) for i in range(50)]
    lines, fatal = told(dataset([*rows, (4000.0, 0.5)]))
    assert len(lines) == 1
    assert "weight [g]: 1 image lies far beyond the others: 50.png 4000 g" in lines[0]
    assert not fatal


@pytest.mark.parametrize(
    ("numbers", "places"),
    [
        ([], []),
        ([1.0], []),
        ([0.0] * 9 + [1e9], []),  # half of them are the same
        ([1, 2, 3, 4, 5, 100, -300], [6, 5]),
        ([1, 2, 3, 4, 5, 17], []),
    ],
)
def test_what_is_far_beyond_the_others(numbers, places):
    assert outliers(np.array(numbers, dtype=float)) == places


@given(st.lists(st.none() | st.integers(0, 30).map(float), max_size=300))
def test_strata_are_parts_of_the_range(numbers):
    parts = strata(numbers)
    assert [part == "unknown" for part in parts] == [number is None for number in numbers]
    known = sorted((number, part) for number, part in zip(numbers, parts, strict=True) if number is not None)
    assert [part for _, part in known] == sorted(part for _, part in known)
    assert len({part for _, part in known}) <= max(1, min(5, len(known) // 20))
    of_number = dict(known)
    assert all(of_number[number] == part for number, part in known)


def test_strata_are_as_large_as_each_other_where_numbers_differ():
    parts = strata([float(i) for i in np.random.default_rng(0).permutation(203)])
    assert sorted(set(parts)) == ["0", "1", "2", "3", "4"]
    assert all(40 <= parts.count(part) <= 41 for part in set(parts))


def test_many_problems_of_a_kind_are_cut_short():
    assert first_few([], "x", "things") == []
    problems = [f"{i}" for i in range(9)]
    assert [str(one) for one in first_few(problems, "x", "things")] == [*"01234", "x: 4 more things; left out"]
