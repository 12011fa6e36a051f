"""One class of the whole image."""

import pytest
import torch

from visionft.data.targets.label import Label
from visionft.errors import DataError


def test_classes_without_a_usable_image_are_left_out():
    targets, names, problems = Label.with_classes([Label(2), Label(0)], ("a", "b", "c"), None, "here")
    assert (targets, names) == ([Label(1), Label(0)], ("a", "c"))
    assert [str(problem) for problem in problems] == ["b: none of the class's images opens; the class is left out"]


def test_classes_may_be_asked_for_in_another_order():
    targets, names, problems = Label.with_classes([Label(1), Label(0)], ("a", "b"), ("b", "x", "a"), "here")
    assert (targets, names, problems) == ([Label(0), Label(2)], ("b", "x", "a"), ())
    with pytest.raises(DataError, match=r"^here: the classes 'a' of the data are not in the list of classes"):
        Label.with_classes([Label(0)], ("a", "b"), ("b",), "here")


def test_the_next_image_has_its_part():
    mixed = Label.mixed(torch.tensor([0, 1, 2]), torch.tensor([0.25, 0.0, 1.0]), 3)
    assert mixed.tolist() == [[0.75, 0.25, 0], [0, 1, 0], [1, 0, 0]]
