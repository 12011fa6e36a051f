import random
from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionft.data.naming import counted, is_junk, natural_order, shorten, some, split_above, split_of


def test_numbers_sort_by_value():
    assert natural_order(["10", "2", "1"]) == ("1", "2", "10")
    assert natural_order(["b2", "B10", "a", "b1"]) == ("a", "b1", "b2", "B10")
    assert natural_order(["10a", "a10", "2"]) == ("2", "10a", "a10")


@given(st.lists(st.text()))
def test_the_order_does_not_depend_on_the_order_of_arrival(names):
    shuffled = random.Random(0).sample(names, len(names))
    assert natural_order(shuffled) == natural_order(names)
    assert sorted(natural_order(names)) == sorted(set(names))


def test_junk():
    assert all(map(is_junk, [".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX", ".hidden"]))
    assert not any(map(is_junk, ["cat", "thumbs", "a.b"]))


def test_some_names_the_first():
    assert some("abc") == "a, b, c"
    assert some("abcdefg", limit=2) == "a, b and 5 more"


@pytest.mark.parametrize(
    ("name", "split"),
    [("train", "train"), ("Validation", "val"), ("train2017", "train"), ("val_2017", "val"), ("trains", None)],
)
def test_folders_called_like_splits(name, split):
    assert split_of(name) == split
    assert split_above(PurePath("images", name, "city", "a.png")) == split
    assert split_above(PurePath("images", name)) is None  # the file itself is no folder


def test_what_is_long_is_shortened():
    assert shorten([1, "a"]) == "[1, 'a']"
    assert shorten("x" * 999) == "'" + "x" * 76 + "..."


def test_one_is_in_the_singular():
    assert [counted(count, "image has", "images have") for count in (0, 1, 2)] == [
        "0 images have",
        "1 image has",
        "2 images have",
    ]
