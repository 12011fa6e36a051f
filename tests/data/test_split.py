from collections import Counter
from pathlib import Path

import pytest

from visionft.data.formats.coco.regions import CocoMask
from visionft.data.listing import Entry
from visionft.data.split import assign_splits, content_hash
from visionft.data.targets.label import RawLabel
from visionft.data.targets.mask import RawMask

MASK = CocoMask(1, 1, 0, ())


def entries_of(counts, split=None):
    return [
        Entry(f"{label}/{number}", Path(), RawLabel(label), split)
        for label, count in counts.items()
        for number in range(count)
    ]


def cut(entries, hashes=None, val=0.15, test=0.15):
    hashes = hashes or {entry.id: content_hash(entry.id.encode()) for entry in entries}
    return assign_splits(entries, hashes, val_fraction=val, test_fraction=test)


def test_the_fractions_hold_for_each_class():
    entries = entries_of({"a": 4000, "b": 1000})
    splits = cut(entries, val=0.2, test=0.1)
    for label, count in (("a", 4000), ("b", 1000)):
        share = Counter(splits[entry.id] for entry in entries if entry.target.name == label)
        assert share["test"] / count == pytest.approx(0.1, abs=0.02)
        assert share["val"] / (count - share["test"]) == pytest.approx(0.2, abs=0.03)


def test_old_files_keep_their_splits_when_files_are_added():
    before = entries_of({"a": 200, "b": 100})
    after = entries_of({"a": 300, "b": 150, "c": 40})
    grown = cut(after)
    assert {entry.id: grown[entry.id] for entry in before} == cut(before)


def test_identical_files_share_a_split_whatever_their_name_and_label():
    entries = entries_of({"a": 40, "b": 40})
    contents = {entry.id: content_hash(entry.id.split("/")[1].encode()) for entry in entries}
    splits = cut(entries, contents)
    assert {splits[f"a/{number}"] == splits[f"b/{number}"] for number in range(40)} == {True}
    assert len(set(splits.values())) == 3


def test_given_splits_are_kept_and_nothing_is_cut_from_them():
    given = entries_of({"a": 50}, "train") + entries_of({"b": 50}, "val") + entries_of({"c": 50}, "test")
    assert cut(given) == {entry.id: entry.split for entry in given}


def test_validation_is_cut_from_train_when_only_test_is_given():
    entries = entries_of({"a": 200}, "train") + entries_of({"b": 50}, "test")
    splits = cut(entries)
    assert {splits[entry.id] for entry in entries[200:]} == {"test"}
    assert Counter(splits[entry.id] for entry in entries[:200]).keys() == {"train", "val"}


def test_test_images_are_not_cut_from_a_given_train_split():
    assert set(cut(entries_of({"a": 100}, "train"), test=0.5).values()) == {"train", "val"}


def test_images_without_a_split_join_train_when_the_others_have_splits():
    entries = entries_of({"a": 30}) + entries_of({"b": 30}, "val")
    assert {cut(entries)[entry.id] for entry in entries[:30]} == {"train"}


@pytest.mark.parametrize("count", range(1, 40))
def test_small_classes_are_in_every_split_their_share_rounds_to(count):
    entries = [entry for label in range(30) for entry in entries_of({str(label): count})]
    splits = cut(entries)
    for label in range(30):
        found = {splits[f"{label}/{number}"] for number in range(count)}
        assert "train" in found
        if count >= 4:
            assert found == {"train", "val", "test"}


def test_fractions_of_zero_cut_nothing():
    assert set(cut(entries_of({"a": 50, "b": 1}), val=0.0, test=0.0).values()) == {"train"}


def test_the_cut_is_the_same_in_every_version():
    splits = cut(entries_of({"a": 12}))
    assert [splits[f"a/{number}"] for number in range(12)] == [
        *["train", "train", "test", "val", "val", "train"],
        *["train", "test", "train", "test", "train", "test"],
    ]


def with_masks(count):
    return [Entry(str(number), Path(), RawMask(MASK)) for number in range(count)]


@pytest.mark.parametrize("count", range(1, 12))
def test_a_few_images_with_masks_validate_and_test(count):
    entries = with_masks(count)
    for seed in range(40):
        hashes = {entry.id: content_hash(f"{seed} {entry.id}".encode()) for entry in entries}
        found = set(cut(entries, hashes).values())
        assert "train" in found
        assert "val" in found or count < 2
        assert "test" in found or count < 5


def test_what_nobody_wants_is_not_cut_from_a_few_masks():
    assert set(cut(with_masks(3), val=0.0, test=0.0).values()) == {"train"}
    assert set(cut(with_masks(9), val=0.2, test=0.0).values()) == {"train", "val"}
