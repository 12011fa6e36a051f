"""Images and labels from a program: for every kind of target, and what is said of those that do not fit."""

import io
import pickle
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from tests.data.folders import make_folder
from visionft.data.dataset import load_dataset
from visionft.data.listing import LabelOptions
from visionft.data.source import DataSource
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.label import Label
from visionft.data.targets.label_set import LabelSet
from visionft.data.targets.mask import Mask
from visionft.data.targets.polygons import Polygons
from visionft.data.targets.values import Values
from visionft.errors import DataError
from visionft.imaging.pixels import Pixels

TARGETS = (Label, LabelSet, Values, Mask, Boxes, Polygons)
IMAGES = np.random.default_rng(0).integers(0, 256, (6, 8, 10, 3), dtype=np.uint8)
PLANES = np.arange(6 * 80).reshape(6, 8, 10) % 2
SQUARE = np.zeros((1, 8, 10), np.uint8)
SQUARE[0, 2:6, 3:7] = 1


def read(labels, target, classes=None, **options):
    """Return the data set of six images; classes are those of the recipe."""
    source = DataSource.from_arrays(IMAGES[: len(labels)], labels)
    options = LabelOptions(classes=classes, **options)
    return load_dataset(None, source=source, target=target, options=options)


def targets(*args, **kwargs):
    dataset = read(*args, **kwargs)
    return dataset.class_names, [sample.target for sample in dataset.samples]


@pytest.mark.parametrize(
    ("labels", "target"),
    [
        (["a", "b"] * 3, Label),
        (np.arange(6), Label),
        (torch.arange(6), Label),
        ([["a"], []] * 3, LabelSet),
        ([{"a"}, set()] * 3, LabelSet),
        (np.eye(6, dtype=int), LabelSet),
        (np.linspace(0, 1, 6), Values),
        (np.linspace(0, 1, 12).reshape(6, 2), Values),
        ([{"a [g]": 1.0}] * 6, Values),
        ([1.5, None] * 3, Values),
        (PLANES, Mask),
        (torch.from_numpy(PLANES)[:, None], Mask),
        ([PIL.Image.fromarray(PLANES[0].astype(np.uint8))] * 6, Mask),
        ([{"boxes": [], "labels": []}] * 6, Boxes),
        ([{"boxes": [], "labels": [], "masks": []}] * 6, Polygons),
    ],
)
def test_labels_tell_what_is_to_be_learned(labels, target):
    source = DataSource.from_arrays(IMAGES, labels)
    assert next(one for one in TARGETS if source.is_stated_by(one)) is target


def test_classes_by_name_and_by_number():
    assert targets(["b", "a"], Label) == (("a", "b"), [Label(1), Label(0)])
    assert targets([10, 2], Label) == (("2", "10"), [Label(1), Label(0)])
    assert targets([1, 0], Label, ("x", "y")) == (("x", "y"), [Label(1), Label(0)])
    assert targets([1, 2], Label, {"x": 2, "y": 1}) == (("x", "y"), [Label(1), Label(0)])


def test_sets_of_labels():
    names, found = targets([["b", "a"], []], LabelSet)
    assert (names, [one.indices for one in found]) == (("a", "b"), [(0, 1), ()])
    names, found = targets([np.array([1, 0, 1]), np.array([0, 0, 0])], LabelSet, ("x", "y", "z"))
    assert (names, [one.indices for one in found]) == (("x", "y", "z"), [(0, 2), ()])
    assert targets(np.eye(6, dtype=bool), LabelSet)[0] == tuple("012345")


def test_numbers():
    assert targets([3, np.float32(0.5)], Values) == (("value",), [Values((3.0,)), Values((0.5,))])
    assert targets([[1, 2.0], (3, np.nan)], Values, ("a", "b [g]"))[1] == [Values((1.0, 2.0)), Values((3.0, None))]
    names, found = targets([{"a": 1.0}, {"b": 2.0, "a": 3.0}], Values)
    assert (names, found) == (("a", "b"), [Values((1.0, None)), Values((3.0, 2.0))])
    dataset = read([1.0, None, 2.0], Values)
    assert len(dataset.samples) == 2
    assert any("1 image has no number; left out: 000001.png" in str(problem) for problem in dataset.problems)


@pytest.mark.parametrize(
    "as_label", [np.asarray, lambda mask: PIL.Image.fromarray(mask.astype(np.uint8)), torch.tensor]
)
def test_masks(as_label):
    dataset = read([as_label(mask) for mask in PLANES], Mask, ("ground", "disc"))
    assert dataset.class_names == ("ground", "disc")
    for sample, mask_HW in zip(dataset.samples, PLANES, strict=True):
        assert np.array_equal(sample.target.read((10, 8)).pixels, mask_HW)


def test_masks_in_black_and_white_and_ignored_pixels():
    dataset = read(list(PLANES * 255), Mask, ("ground", "disc"))
    assert dataset.samples[0].target.class_counts == {0: 40, 1: 40}
    dataset = read(list(np.where(PLANES, 7, 2)), Mask, {"a": 2, "b": 9}, ignore=(7,))
    assert dataset.samples[0].target.class_counts == {0: 40}


def test_files_of_masks(tmp_path):
    pairs = []
    for number, mask_HW in enumerate(PLANES):
        PIL.Image.fromarray(mask_HW.astype(np.uint8)).save(tmp_path / f"{number}.png")
        pairs.append((IMAGES[number], tmp_path / f"{number}.png"))
    dataset = load_dataset(None, source=DataSource.from_samples(pairs), target=Mask)
    assert np.array_equal(dataset.samples[5].target.read((10, 8)).pixels, PLANES[5])


def test_boxes():
    boxes = torch.tensor([[1.0, 2, 5, 6.5], [0, 0, 10, 8]])
    labels = [{"boxes": boxes, "labels": torch.tensor([1, 2]), "iscrowd": [0, 1]}, {"boxes": [], "labels": []}]
    names, found = targets(labels, Boxes, {"disc": 1, "square": 2})
    assert names == ("disc", "square")
    assert found == [Boxes(((1.0, 2.0, 5.0, 6.5), (0.0, 0.0, 10.0, 8.0)), (0, 1), (False, True)), Boxes()]
    named = [{"boxes": boxes, "labels": ["b", "a"]}]
    assert targets(named, Boxes)[1][0].labels == (1, 0)
    assert targets(named, Boxes, ("b", "c"))[0] == ("b", "c")
    assert targets(named, Boxes, ("b", "c"))[1][0].labels == (0,)


def test_bad_boxes_are_told_as_those_of_files():
    labels = [{"boxes": [[1, 2, 5, 6], [5, 5, 4, 6], [1, np.nan, 2, 3]], "labels": ["a"] * 3}]
    dataset = read(labels, Boxes)
    assert dataset.samples[0].target.xyxy == ((1.0, 2.0, 5.0, 6.0),)
    told = " ".join(map(str, dataset.problems))
    assert "000000.png: object 1" in told
    assert "negative width" in told
    with pytest.raises(DataError, match=r"2 bad boxes"):
        read(labels, Boxes, on_bad_box="fail")


def test_outlines_as_masks_and_as_polygons():
    corners = [[3, 2], [7, 2], [7, 6], [3, 6]]
    of_masks = targets([{"masks": SQUARE, "labels": ["a"]}], Polygons)[1]
    of_polygons = targets([{"polygons": [[corners]], "labels": ["a"]}], Polygons)[1]
    assert of_masks[0].xyxy == of_polygons[0].xyxy == ((3.0, 2.0, 7.0, 6.0),)
    assert of_masks[0].known == of_polygons[0].known == (True,)
    assert targets([{"masks": SQUARE, "labels": ["a"]}], Boxes)[1][0].xyxy == ((3.0, 2.0, 7.0, 6.0),)


@pytest.mark.parametrize(
    ("labels", "target", "classes", "message"),
    [
        ([0.5], Label, None, "000000.png: 0.5 is no class"),
        ([""], Label, None, "is no class"),
        ([-1], Label, None, "begin at 0"),
        ([2], Label, ("a", "b"), r"class 2 is not among the classes \(0 to 1\)"),
        ([0, "a"], Label, None, "a number, and that of 000001.png a name"),
        (["a"], LabelSet, None, "a list of labels is needed"),
        ([np.array([0, 1])], LabelSet, ("a", "b", "c"), "each of 3 classes"),
        (["heavy"], Values, None, "is no finite number"),
        ([np.inf], Values, None, "is no finite number"),
        ([[1.0, 2.0], [1.0]], Values, None, "every image needs 2 numbers"),
        ([0.5], Mask, None, "is no mask"),
        ([PLANES[0] / 2], Mask, None, "whole numbers"),
        ([-PLANES[0]], Mask, None, "mark pixels that belong to no class with 255"),
        ([np.zeros((8, 10, 3), int)], Mask, None, "whole numbers of shape"),
        ([{"boxes": [[1, 2, 3]], "labels": [0]}], Boxes, None, r"shape \(1, 3\)"),
        ([{"boxes": [[1, 2, 3, 4]], "labels": [0, 1]}], Boxes, None, "1 boxes and 2 labels"),
        ([{"boxes": [[1, 2, 3, 4]]}], Boxes, None, "a dict of boxes"),
        ([{"boxes": [[1, 2, 3, 4]], "labels": [2]}], Boxes, ("a", "b"), "classes={'cat': 1, 'dog': 2}"),
        ([{"masks": SQUARE[0], "labels": [0]}], Polygons, None, r"\(N, H, W\) is needed"),
    ],
)
def test_labels_that_do_not_fit(labels, target, classes, message):
    with pytest.raises(DataError, match=message):
        read(labels, target, classes)


def test_a_mask_of_another_size_is_left_out():
    dataset = read([PLANES[0], PLANES[1][:4]], Mask)
    assert [sample.id for sample in dataset.samples] == ["000000.png"]
    assert any("another size" in str(problem) or "8" in str(problem) for problem in dataset.problems)


class Photos(torch.utils.data.Dataset):
    classes = ("cat", "dog")

    def __len__(self):
        return 6

    def __getitem__(self, number):  # as torch's own: without an end
        return PIL.Image.fromarray(IMAGES[number]), number % 2


def test_a_torch_data_set_and_parts_of_it():
    source = DataSource.from_samples(Photos())
    dataset = load_dataset(None, source=source, target=Label, options=LabelOptions(tuple(source.settings["classes"])))
    assert dataset.class_names == ("cat", "dog")
    assert [sample.image for sample in dataset.samples] == [Pixels(image, "") for image in IMAGES]
    parts = {"train": torch.utils.data.Subset(Photos(), [0, 1, 2]), "valid": torch.utils.data.Subset(Photos(), [3, 4])}
    source = DataSource.from_samples(parts)
    assert source.settings["classes"] == ["cat", "dog"]
    assert [image.split for image in source.images] == ["train"] * 3 + ["val"] * 2


def test_files_have_the_names_that_a_folder_gives_them(tmp_path):
    root = make_folder(tmp_path / "data", {"cat": 3, "dog": 2})
    of_folder = load_dataset(root)
    pairs = [(str(path), path.parent.name) for path in root.glob("*/*.png")]
    assert load_dataset(None, source=DataSource.from_samples(pairs), target=Label).samples == of_folder.samples
    by_class = {name: list((root / name).iterdir()) for name in ("cat", "dog")}
    assert load_dataset(None, source=DataSource.from_classes(by_class), target=Label).samples == of_folder.samples


def test_stated_splits():
    labels = ["a", "b"] * 3
    splits = ["train"] * 4 + ["val", "test"]
    images = {"train": IMAGES[:4], "val": IMAGES[4:5], "test": IMAGES[5:]}
    of_labels = {"train": labels[:4], "val": labels[4:5], "test": labels[5:]}
    for source in (DataSource.from_arrays(IMAGES, labels, split=splits), DataSource.from_arrays(images, of_labels)):
        dataset = load_dataset(None, source=source, target=Label)
        assert [sample.split for sample in dataset.samples] == splits
    assert {image.split for image in DataSource.from_arrays(IMAGES, labels, split="test").images} == {"test"}
    nested = DataSource.from_classes({"train": {"a": IMAGES[:2], "b": IMAGES[2:4]}, "val": {"a": IMAGES[4:]}})
    assert [(image.value, image.split) for image in nested.images] == [
        ("a", "train"), ("a", "train"), ("b", "train"), ("b", "train"), ("a", "val"), ("a", "val"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DataSource.from_arrays(IMAGES, [0]), "6 images and 1 labels"),
        (lambda: DataSource.from_arrays([], []), "there are none"),
        (lambda: DataSource.from_arrays(IMAGES, 3), "labels: 3; an array or a list"),
        (lambda: DataSource.from_arrays({"train": IMAGES}, [0] * 6), "both are to be dicts"),
        (lambda: DataSource.from_arrays([IMAGES[0], IMAGES[1] / 9], [0, 1]), "000001.png: a float64 image of values"),
        (lambda: DataSource.from_arrays(IMAGES, [0] * 6, ids=["a"] * 6), "a different text"),
        (lambda: DataSource.from_arrays(IMAGES, [0] * 6, split=["train"]), "1 for 6 images"),
        (lambda: DataSource.from_arrays(IMAGES, [0] * 6, split="tain"), "'tain' is no split"),
        (lambda: DataSource.from_samples([IMAGES[0]]), "number 0 is .* a pair"),
        (lambda: DataSource.from_samples({"cat": [], "dog": []}), "from_classes"),
        (lambda: DataSource.from_samples(7), "pairs of an image and its label"),
        (lambda: DataSource.from_classes({"cat": "photos/cat"}), "cat: .* a list of images"),
    ],
)
def test_what_makes_no_data(make, message):
    with pytest.raises(DataError, match=message):
        make()


def test_files_that_are_given_twice_or_are_missing_are_told(tmp_path):
    root = make_folder(tmp_path, {"cat": 2})
    pairs = [(root / "cat/0.png", "cat"), (root / "cat/0.png", "dog"), (root / "cat/1.png", "dog"), ("gone.png", "cat")]
    dataset = load_dataset(None, source=DataSource.from_samples(pairs), target=Label)
    assert [sample.target.index for sample in dataset.samples] == [0, 1]
    told = "\n".join(map(str, dataset.problems))
    assert "is given again; the first one counts" in told
    assert "gone.png: cannot be read" in told


def test_copies_share_a_split_whatever_they_are_called():
    images = np.concatenate([IMAGES, IMAGES])
    dataset = load_dataset(None, source=DataSource.from_arrays(images, ["a"] * 12), target=Label, test_fraction=0.5)
    splits = [sample.split for sample in dataset.samples]
    assert splits[:6] == splits[6:]
    assert len(set(splits)) > 1


def test_it_pickles_and_says_what_it_is():
    source = DataSource.from_arrays(IMAGES, list("ab") * 3, split="train", name="cells")
    assert pickle.loads(pickle.dumps(source)).images == source.images
    assert "cells: 6 images in memory (6 train); labels 'a', 'b'" in repr(source)
    assert "photos" in repr(DataSource.from_folder("photos"))


class Counted(torch.utils.data.IterableDataset):
    """Pairs in turn only, of a known number."""

    def __len__(self):
        return 2

    def __iter__(self):
        return iter([(IMAGES[0], "a"), (IMAGES[1], "b")])


class Table:
    """Columns by name, as a data frame has them."""

    def __len__(self):
        return 2

    def __getitem__(self, column):
        return {"image": IMAGES[:2], "label": ["a", "b"]}[column]


def test_pairs_that_come_in_turn_only():
    assert [image.value for image in DataSource.from_samples(Counted()).images] == ["a", "b"]


@pytest.mark.parametrize(
    ("samples", "told"),
    [({"train": {"cat": [IMAGES[0]]}}, "from_classes"), (Table(), "a Table has no number 0; pairs of an image")],
)
def test_samples_without_pairs(samples, told):
    with pytest.raises(DataError, match=told):
        DataSource.from_samples(samples)


@pytest.mark.parametrize(
    ("label", "target"),
    [
        ({"boxes": [[0, 0, 3, 3], [0, 0, 3]], "labels": [0, 0]}, Boxes),
        ({"masks": [np.ones((8, 10)), np.ones((4, 5))], "labels": [0, 0]}, Polygons),
        ({"a", 1}, LabelSet),
        (None, Values),
    ],
)
def test_labels_that_do_not_hold_together(label, target):
    with pytest.raises(DataError, match=r"000000\.png: |has a number"):
        read([label], target)


def test_paths_of_masks_hold_wherever_the_program_goes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, plane in enumerate(PLANES):
        PIL.Image.fromarray(plane.astype(np.uint8)).save(f"{number}.png")
    source = DataSource.from_arrays(IMAGES, [Path(f"{number}.png") for number in range(6)])
    monkeypatch.chdir("/")
    assert source.read(Mask, LabelOptions()).class_names


def test_a_mask_that_pil_has_opened_and_cannot_read():
    data = io.BytesIO()
    PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)).save(data, "PNG")
    mask = PIL.Image.open(io.BytesIO(data.getvalue()[:2000]))
    with pytest.raises(DataError, match=r"000000\.png: Pillow cannot read"):
        read([mask], Mask)


def test_a_folder_is_something():
    assert DataSource.from_folder("anywhere")
