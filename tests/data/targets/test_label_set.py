"""Any number of labels for each image. Shape suffixes: B batch, K classes."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from visionft.data.records import Dataset, Sample
from visionft.data.targets.label import Label
from visionft.data.targets.label_set import CanvasLabelSet, LabelSet, RawLabelSet, flags_of
from visionft.data.targets.raw import OpenedImage
from visionft.errors import DataError

NAMES = ("bird", "cat", "dog", "fish")


def dataset(sets, names=NAMES, split="train"):
    samples = [
        Sample(f"{number}.png", Path(f"{number}.png"), LabelSet.of_names(labels, names), split)
        for number, labels in enumerate(sets)
    ]
    return Dataset("pets", tuple(samples), names, LabelSet)


def told(problems):
    return [str(problem) for problem in problems]


def test_names_become_rising_indices_whatever_their_order():
    raw = RawLabelSet(("dog", "bird"))
    assert raw.stratum is None
    assert raw.resolve(OpenedImage((1, 1), b""), NAMES).target == LabelSet((0, 2), 4)
    assert RawLabelSet(()).resolve(OpenedImage((1, 1), b""), NAMES).target == LabelSet((), 4)


def test_it_is_a_small_value():
    labels = LabelSet((0, 2), 4)
    assert pickle.loads(pickle.dumps(labels)) == labels
    assert labels.classes == (0, 2)
    assert labels.class_counts == {0: 1, 2: 1}
    assert labels.fingerprint() == (0, 2)
    assert labels.measurable
    assert not LabelSet((), 4).measurable
    sample = Sample("a.png", Path("a.png"), Label(0), "train")
    with pytest.raises(TypeError, match="has a Label, and no LabelSet"):
        LabelSet.of(sample)


def test_a_batch_has_a_one_for_each_label():
    items = [LabelSet(indices, 3).read((5, 5)) for indices in ((0, 2), (), (1,))]
    labels_BK = CanvasLabelSet.collate(items)
    assert labels_BK.dtype == torch.float32
    assert labels_BK.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert flags_of([LabelSet((0, 2), 3), LabelSet((), 3)]).tolist() == [[True, False, True], [False] * 3]


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=5))
def test_mixed_images_show_a_fraction_of_each_label(fractions):
    rng = np.random.default_rng(len(fractions))
    labels_BK = rng.integers(0, 2, (len(fractions), 3)).astype(np.float32)
    fractions_B = np.array(fractions, np.float32)
    expected = (1 - fractions_B)[:, None] * labels_BK + fractions_B[:, None] * np.roll(labels_BK, -1, axis=0)
    mixed = LabelSet.mixed(torch.from_numpy(labels_BK), torch.from_numpy(fractions_B), 3)
    np.testing.assert_allclose(mixed.numpy(), expected, atol=1e-6)


def test_blank_targets_are_images_without_labels():
    blank = LabelSet.blank(torch.zeros(2, 8, 8, 3, dtype=torch.uint8))
    assert (blank.shape, blank.dtype, blank.abs().sum().item()) == ((2, 1), torch.float32, 0)


def test_wanted_classes_give_the_order_and_the_others_are_left_out_and_told():
    sets = [LabelSet((0, 2), 4), LabelSet((1, 3), 4)]
    targets, names, problems = LabelSet.with_classes(sets, NAMES, ["dog", "cow", "bird"], "a.csv")
    assert names == ("dog", "cow", "bird")
    assert list(targets) == [LabelSet((0, 2), 3), LabelSet((), 3)]
    assert told(problems) == ["classes: 2 labels of the data are not in data.classes, and left out: cat, fish"]
    assert LabelSet.with_classes(sets, NAMES, None, "a.csv") == (sets, NAMES, ())


def test_wanted_classes_that_are_all_unknown_are_refused():
    with pytest.raises(DataError, match=r"none of data.classes \(Dog\) is a label of the data; these are: bird, cat"):
        LabelSet.with_classes([LabelSet((2,), 4)], NAMES, ["Dog"], "a.csv")


def test_labels_of_no_image_of_all_and_of_one_are_told():
    data = dataset([("bird", "cat"), ("bird",), ("bird", "fish"), ("bird", "fish")])
    assert told(LabelSet.class_problems(data)) == [
        "bird: every image has it, so nothing tells what one looks like without",
        "cat: one image has it, which can be learned or tested but not both",
        "dog: no usable image has it, so it cannot be learned",
    ]


def test_many_labels_share_a_line():
    names = tuple(f"c{number}" for number in range(30))
    lines = told(LabelSet.class_problems(dataset([("c0",), ("c0", "c1"), ("c1",)], names)))
    assert "28 labels, c2, c3, c4, c5, c6 and 23 more: no usable image has it, so it cannot be learned" in lines


def test_data_without_any_label_cannot_be_learned_from():
    (problem,) = LabelSet.class_problems(dataset([(), ()]))
    assert problem.fatal


def test_images_without_labels_and_labels_that_always_come_together_are_told():
    data = dataset([("bird", "cat"), (), ("bird", "cat", "dog"), ("dog",), ("fish",)])
    assert told(LabelSet.problems(data)) == [
        "labels: 1 of 5 images have no label at all, and are learned as images of none of the classes: 1.png",
        "labels: bird, cat always come together, in 2 images, so nothing tells them apart",
    ]


def test_labels_of_all_images_are_not_told_again_as_a_pair():
    assert told(LabelSet.problems(dataset([("bird", "cat"), ("bird", "cat"), ("bird", "cat", "dog")]))) == []


def test_copies_differ_in_the_labels_that_only_one_has():
    assert LabelSet((0, 2), 4).difference(LabelSet((2, 3), 4), NAMES) == "other labels: 'bird', 'fish'"
    assert LabelSet((0,), 4).difference(LabelSet((0,), 4), NAMES) == ""
