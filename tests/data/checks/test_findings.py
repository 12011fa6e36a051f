"""What is said of labels that are missing in a part."""

import re

import pytest

from tests.data.folders import write_image
from visionft.data.dataset import load_dataset
from visionft.data.targets.label_set import LabelSet


def table(root, labels, splits=None):
    """Write different pictures with these labels, and their table."""
    lines = ["path,labels,split"]
    for number, of_image in enumerate(labels):
        write_image(root / f"{number}.png", number)
        lines.append(f"{number}.png,{of_image},{splits[number] if splits else ''}")
    (root / "a.csv").write_text("\n".join(lines))
    return root / "a.csv"


def load(path, **fractions):
    return load_dataset(path, format="label_table", target=LabelSet, **fractions)


def missing(data):
    return {problem.where: problem.what for problem in data.problems if problem.what.startswith("no image of")}


@pytest.mark.parametrize("rare", [2, 3, 5, 8])
def test_the_advised_fractions_bring_every_label_into_every_part(tmp_path, rare):
    path = table(tmp_path, ["a|b", "b", "a"] * 12 + ["rare|a"] * rare)
    fractions = {"val_fraction": 0.1, "test_fraction": 0.1}
    for _ in range(3):  # what a user does who follows the advice
        told = missing(load(path, **fractions))
        found = re.findall(r"data.(\w+) to ([\d.]+)", " ".join(told.values()))
        advised = {key: float(value) for key, value in found}
        if not advised:
            break
        fractions |= advised
    data = load(path, **fractions)
    held_out = {split: data.image_counts(split)["rare"] for split in ("val", "test")}
    assert "test" not in missing(data) or rare == 2
    assert sum(held_out.values()) > 0
    assert data.split("train")


def test_only_what_a_label_can_spare_is_advised(tmp_path):
    path = table(tmp_path, ["a", "b", "a|b"] * 10 + ["rare"])
    told = missing(load(path, val_fraction=0.3, test_fraction=0.3))
    assert told
    assert not any("fraction" in what for what in told.values())


def test_parts_that_the_data_state_are_left_to_them(tmp_path):
    splits = ["train"] * 12 + ["val"] * 6 + ["test"] * 6
    told = missing(load(table(tmp_path, ["a|b"] * 12 + ["a"] * 6 + ["a|b"] * 6, splits)))
    assert set(told) == {"val"}
    assert "fraction" not in told["val"]


def test_the_parts_themselves_do_not_follow_the_labels(tmp_path):
    """Labels that are corrected later must not move images from one part to another."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = load(table(tmp_path / "one", ["a", "b", "a|b"] * 15))
    two = load(table(tmp_path / "two", ["a|b|c"] * 5 + ["c", ""] * 20))
    assert [sample.split for sample in one.samples] == [sample.split for sample in two.samples]
