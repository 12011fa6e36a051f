"""Targets in another order of classes."""

from dataclasses import dataclass

import numpy as np
import pytest

from visionft.annotations.marks import CROWD
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.label import Label
from visionft.data.targets.label_set import LabelSet
from visionft.data.targets.mask import Mask
from visionft.data.targets.values import Values

BOXES = ((0.0, 0.0, 4.0, 4.0), (1.0, 1.0, 5.0, 5.0), (2.0, 2.0, 6.0, 6.0))


@dataclass(frozen=True)
class Stored:
    rows: tuple

    def read(self):
        return np.array(self.rows, np.uint8)


def test_one_label():
    assert [Label(index).renumbered((2, None, 0), 3) for index in range(3)] == [Label(2), None, Label(0)]


def test_several_labels():
    assert LabelSet((0, 2), 3).renumbered((3, None, 1), 4) == LabelSet((1, 3), 4)
    assert LabelSet((1,), 3).renumbered((3, None, 1), 4) == LabelSet((), 4)


def test_numbers():
    assert Values((1.0, 2.0, None)).renumbered((2, 0, 1), 3) == Values((2.0, None, 1.0))
    assert Values((1.0, 2.0)).renumbered((None, 1), 2) == Values((None, 2.0))
    assert Values((1.0, None)).renumbered((None, 0), 1) is None


def test_objects():
    boxes = Boxes(BOXES, (0, 1, CROWD), (False, False, True))
    assert boxes.renumbered((1, 0), 2) == Boxes(BOXES, (1, 0, CROWD), (False, False, True))
    assert boxes.renumbered((None, 0), 2) == Boxes(BOXES[1:], (0, CROWD), (False, True))


def test_masks():
    mask = Mask(Stored(((0, 1, 255), (2, 2, 0))), {0: 2, 1: 1, 2: 2})
    new = mask.renumbered((1, None, 0), 2)
    assert new.source.read().tolist() == [[1, 255, 255], [0, 0, 1]]
    assert new.class_counts == {1: 2, 0: 2}
    assert new.fingerprint() == [(0, 2), (1, 2)]


@pytest.mark.parametrize(
    "target", [Label(1), LabelSet((0, 1), 2), Values((1.0, 2.0)), Boxes(BOXES[:1], (1,), (False,))]
)
def test_the_same_order(target):
    assert target.renumbered((0, 1), 2) == target
