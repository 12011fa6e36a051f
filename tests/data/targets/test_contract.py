"""What every target promises; a new one is put on the list and passes the same."""

import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from visionft.annotations.marks import IGNORE
from visionft.annotations.polygons import Polygon
from visionft.batch import InstanceTargets
from visionft.data.records import Dataset, Sample
from visionft.data.targets.base import Target
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.label import Label
from visionft.data.targets.label_set import LabelSet
from visionft.data.targets.mask import Mask
from visionft.data.targets.polygons import Polygons
from visionft.data.targets.values import Values
from visionft.imaging import cut_window, to_canvas
from visionft.spec import InputSpec

SIZE = (60, 40)  # (width, height) of the image
PAD, TILE = InputSpec(32, 32, fit="pad"), InputSpec(24, 24, fit="tile")


@dataclass(frozen=True)
class Quarters:
    """A mask of four classes, the first row ignored."""

    def read(self):
        mask_HW = (2 * (np.arange(40) >= 20)[:, None] + (np.arange(60) >= 30)).astype(np.uint8)
        mask_HW[0] = IGNORE
        return mask_HW


def ring(left, top, right, bottom):
    return np.float32([(left, top), (right, top), (right, bottom), (left, bottom)]).tobytes()


PLACES = ((2.0, 3.0, 20.0, 30.0), (40.0, 10.0, 60.0, 25.0), (0.0, 0.0, 60.0, 40.0))
# target, another one of its class, and the text that has always identified the first in run.json
EXAMPLES = {
    "label": (Label(2), Label(1), "2"),
    "label set": (LabelSet((0, 2), 4), LabelSet((0,), 4), "(0, 2)"),
    "no labels": (LabelSet((), 4), LabelSet((0,), 4), "()"),
    "values": (
        Values((1.5, 0.0, -2.0, 1e9)),
        Values((1.5, 0.25, -2.0, 1e9)),
        "(1.5, 0.0, -2.0, 1000000000.0)",
    ),
    "mask": (
        Mask(Quarters(), {0: 570, 1: 570, 2: 600, 3: 600}),
        Mask(Quarters(), {0: 1}),
        "[(0, 570), (1, 570), (2, 600), (3, 600)]",
    ),
    "boxes": (
        Boxes(PLACES, (0, 1, 1), (False, False, True)),
        Boxes(PLACES[:1], (0,), (False,)),
        "(((2.0, 3.0, 20.0, 30.0), (40.0, 10.0, 60.0, 25.0), (0.0, 0.0, 60.0, 40.0)), (0, 1, 1), (False, False, True))",
    ),
    "no boxes": (Boxes(), Boxes(PLACES[:1], (0,), (False,)), "((), (), ())"),
    "outlined boxes": (
        Polygons(PLACES[:1], (0,), (False,), (Polygon((ring(*PLACES[0]),)),)),
        Polygons(PLACES[:1], (0,), (False,), (Polygon(),)),
        f"(((2.0, 3.0, 20.0, 30.0),), (0,), (False,), (Outline(rings=({ring(*PLACES[0])!r},)),))",
    ),
    "no outlined boxes": (
        Polygons(),
        Polygons(PLACES[:1], (0,), (False,), (Polygon(),)),
        "((), (), ())",
    ),
}
TARGETS = pytest.mark.parametrize("target", [example[0] for example in EXAMPLES.values()], ids=EXAMPLES)


def tensors(targets):
    return [*targets] if isinstance(targets, InstanceTargets) else [targets]


def same(one, other):
    return all(torch.equal(*pair) for pair in zip(tensors(one), tensors(other), strict=True))


def alike(one, other):
    """Say whether targets are the same to rounding, which may put a cell of a mask on the other side of its edge."""
    return all(
        torch.isclose(*pair, atol=1e-3).float().mean() > 0.98 for pair in zip(tensors(one), tensors(other), strict=True)
    )


def collate(*items):
    return type(items[0]).collate(items)


@pytest.mark.parametrize(("target", "other", "text"), EXAMPLES.values(), ids=EXAMPLES)
def test_it_pickles_compares_by_value_and_has_a_fingerprint_that_stays(target, other, text):
    again = pickle.loads(pickle.dumps(target))
    assert (again, str(again.fingerprint())) == (target, text)
    assert target != other
    assert str(other.fingerprint()) != text
    assert (target.difference(again, "abcd"), bool(target.difference(other, "abcd"))) == ("", True)


@TARGETS
def test_its_classes_are_counted(target):
    assert target.classes == tuple(sorted(target.class_counts))
    assert all(count > 0 for count in target.class_counts.values())
    assert target.noun
    assert target.measurable == bool(target.class_counts)
    dataset = Dataset("x", (Sample("a.png", Path("a.png"), target, "test"),), ("a", "b", "c", "d"), type(target))
    assert sum(dataset.class_counts("test")) == sum(target.class_counts.values())
    assert sum(dataset.image_counts("test").values()) == len(target.classes)
    assert dataset.measured == ("test" if target.measurable else "val")
    for problem in (*type(target).class_problems(dataset), *type(target).problems(dataset)):
        assert problem.where
        assert problem.what


@TARGETS
def test_a_task_gets_the_class_that_it_needs(target):
    sample = Sample("a.png", Path("a.png"), target, "train")
    assert type(target).of(sample) is target

    class Another(Target):
        pass

    with pytest.raises(TypeError, match=rf"^a.png: has a {type(target).__name__}, and no Another$"):
        Another.of(sample)


@TARGETS
@pytest.mark.parametrize("place", ["placed", "cut"])
def test_canvases_are_collated(target, place):
    item = target.read(SIZE)
    item, spec = (item.placed(SIZE, PAD), PAD) if place == "placed" else (item.cut((30, 10), TILE), TILE)
    one, two = collate(item), collate(item, item)
    for tensor, of_two in zip(tensors(one), tensors(two), strict=True):
        assert (len(tensor), len(of_two)) == (1, 2)
        assert (tensor.dtype, tensor.shape[1:]) == (of_two.dtype, of_two.shape[1:])
        assert torch.equal(of_two[0], of_two[1])
    assert (item.pixels is not None) == target.has_pixels
    if target.has_pixels:
        assert (item.pixels.shape, item.pixels.dtype) == ((spec.height, spec.width), np.uint8)
    assert item.nbytes >= 0


@TARGETS
def test_what_has_a_place_moves_with_the_image(target):
    flip, size = np.array([[-1.0, 0, 32], [0, 1, 0], [0, 0, 1]]), (32, 32)
    item = target.read(SIZE).placed(SIZE, PAD)
    still, there = item.moved(np.eye(3), size), item.moved(flip, size)
    assert alike(collate(item), collate(still))
    assert alike(collate(item), collate(there.moved(flip, size)))
    if not item.mirrors and item.nbytes:
        assert not alike(collate(item), collate(there))


@TARGETS
def test_without_pixels_it_is_put_on_the_canvas_all_the_same(target):
    item, unread = target.read(SIZE).placed(SIZE, PAD), target.unread(SIZE, PAD)
    assert unread.pixels is None
    assert same(collate(unread.with_pixels(item.pixels)), collate(item))
    pixels_BHW = None if item.pixels is None else torch.from_numpy(item.pixels[None])
    assert same(type(unread).collate([unread], pixels_BHW), collate(item))


@TARGETS
def test_pixels_lie_where_those_of_the_image_do(target):
    if target.has_pixels:
        image_HW3 = np.repeat(target.read(SIZE).pixels[..., None], 3, axis=2)
        placed, cut = target.read(SIZE).placed(SIZE, InputSpec(80, 120, fit="stretch")), target.read(SIZE)
        shown_HW3 = to_canvas(image_HW3, InputSpec(80, 120, fit="stretch", interpolation="bilinear"))
        assert (placed.pixels == shown_HW3[..., 0]).mean() > 0.9
        assert (cut.cut((30, 10), TILE).pixels == cut_window(image_HW3, (30, 10), TILE)[..., 0]).all()


@TARGETS
def test_what_holes_hide_changes_no_shape_and_not_what_was_there(target):
    item = target.read(SIZE).placed(SIZE, PAD)
    before = collate(item)
    after = collate(item.erased([(0, 0, 32, 32)], (32, 32)))
    assert [tensor.shape for tensor in tensors(after)] == [tensor.shape for tensor in tensors(before)]
    assert same(before, collate(item))


@TARGETS
def test_objects_of_several_canvases_are_joined_and_others_refused(target):
    item = target.read(SIZE).placed(SIZE, PAD)
    if item.mirrors:
        for mix in (lambda: item.shifted(1, 2), lambda: item.joined([item])):
            with pytest.raises(ValueError, match="only canvases with objects can be mixed"):
                mix()
    else:
        joined = item.joined([item.shifted(1, 2), item])
        assert joined.nbytes == 3 * item.nbytes


@TARGETS
def test_the_pixels_of_a_batch_are_taken_out_and_put_back(target):
    batch = collate(target.read(SIZE).placed(SIZE, PAD))
    pixels_BHW = type(target).pixels_of(batch)
    assert (pixels_BHW is not None) == target.has_pixels
    if pixels_BHW is not None:
        other = type(target).with_pixels(batch, pixels_BHW.flip(2))
        assert torch.equal(type(target).pixels_of(other), pixels_BHW.flip(2))


@TARGETS
def test_blank_targets_have_the_shape_of_real_ones(target):
    images_BHW3 = torch.zeros(2, 32, 32, 3, dtype=torch.uint8)
    blank = type(target).blank(images_BHW3)
    real = collate(*[target.read(SIZE).placed(SIZE, PAD)] * 2)
    for one, other in zip(tensors(blank), tensors(real), strict=True):
        assert (one.dtype, one.ndim, len(one)) == (other.dtype, other.ndim, 2)


@pytest.mark.parametrize(("target", "other", "text"), EXAMPLES.values(), ids=EXAMPLES)
def test_batches_are_put_together_and_images_taken_out_again(target, other, text):
    one, two = (each.read(SIZE).placed(SIZE, PAD) for each in (target, other))
    batches = [collate(one), collate(two), collate(two, one)]
    chosen = target.chosen(target.concatenated(batches), torch.tensor([3, 1]))
    for found, expected in zip(tensors(chosen), tensors(collate(one, two)), strict=True):
        assert torch.equal(found, expected)


@TARGETS
def test_batches_are_mixed_or_refused(target):
    batch, fractions_B = collate(*[target.read(SIZE).placed(SIZE, PAD)] * 2), torch.tensor([0.25, 0.0])
    if isinstance(target, Label | LabelSet):
        mixed = type(target).mixed(batch, fractions_B, 4)
        assert (mixed.dtype, mixed.shape) == (torch.float32, (2, 4))
        assert torch.allclose(mixed.sum(dim=1), torch.full((2,), float(len(target.classes))))
    else:
        with pytest.raises(TypeError, match="cannot be mixed in their batch"):
            type(target).mixed(batch, fractions_B, 4)


def test_only_batches_load_torch():
    code = (
        "import sys, visionft.data.dataset; from visionft.tasks import TASKS; [TASKS[kind] for kind in TASKS]; "
        "print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
