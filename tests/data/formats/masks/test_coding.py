import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionft.annotations.marks import IGNORE
from visionft.data.formats.masks.coding import make_coding, pack, unpack
from visionft.errors import DataError

WHITE = (255, 255, 255)


def decode(classes, stored, ignore=()):
    return make_coding(classes, ignore).decode(np.asarray(stored), "m.png").tolist()


def test_a_list_of_names_counts_from_zero():
    assert decode(("sky", "road"), np.uint8([[0, 1, 255]])) == [[0, 1, IGNORE]]


def test_values_may_be_ignored_and_merged_and_large():
    classes = {"car": 1000, "road": (7, 8, 9, 10)}
    assert decode(classes, np.uint16([[1000, 7, 10, 3, 255]]), (3,)) == [[0, 1, 1, IGNORE, IGNORE]]


def test_255_may_be_a_class():
    assert decode({"background": 0, "crack": 255}, np.uint8([[0, 255]])) == [[0, 1]]


def test_colours():
    classes = {"road": (128, 64, 128), "sky": ((70, 130, 180), (0, 0, 1))}
    stored = np.uint8([[(128, 64, 128), (70, 130, 180), (0, 0, 1), WHITE, (9, 9, 9)]])
    assert decode(classes, stored, (WHITE, 9)) == [[0, 1, 1, IGNORE, IGNORE]]
    assert make_coding(classes).palette == ((128, 64, 128), (70, 130, 180))


def test_three_values_beside_a_single_one_are_no_colour():
    assert decode({"a": 0, "b": (1, 2, 3)}, np.uint8([[0, 1, 2, 3]])) == [[0, 1, 1, 1]]


@given(
    st.dictionaries(st.integers(0, 65535), st.integers(0, 5), min_size=1, max_size=40),
    st.lists(st.integers(0, 65535), max_size=20),
)
def test_every_value_is_mapped_as_a_dictionary_would(table, others):
    values = {f"class {label}": tuple(v for v, at in table.items() if at == label) for label in set(table.values())}
    values = {name: found if len(found) > 1 else found[0] for name, found in values.items()}
    names = list(values)
    stored = np.array([[*table, *others]], np.uint16)
    expected = {255: IGNORE} | {value: names.index(f"class {label}") for value, label in table.items()}
    is_colours = all(isinstance(v, tuple) and len(v) == 3 for v in values.values())
    if is_colours or not set(others) <= set(expected):
        with pytest.raises(DataError):
            decode(values, stored)
    else:
        assert decode(values, stored) == [[expected[value] for value in stored[0].tolist()]]


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_codes_of_colours_come_back(colour):
    assert unpack(int(pack(np.uint8([[colour]]))[0, 0])) == colour


def test_unknown_values_are_counted_and_the_classes_named():
    stored = np.uint8([[0, 1, 7, 7, 7, 9]])
    with pytest.raises(DataError) as caught:
        decode(("sky", "road"), stored)
    assert str(caught.value) == (
        "m.png: 2 values stand for no class: 7 (3 pixels), 9 (1 pixels); allowed are 0 sky, 1 road, 255 is ignored; "
        "name them in data.classes or list them in data.ignore; where JPEG compression or smooth resizing left them, "
        "for two classes, set data.mask_threshold: 128"
    )


def test_hundreds_of_unknown_values_are_no_classes():
    with pytest.raises(
        DataError,
        match=r"198 values stand for no class.*if they are classes, .*; if not, JPEG compression.*save masks as PNG",
    ):
        decode(("a", "b"), np.arange(200, dtype=np.uint8)[None])


def test_unknown_colours_and_colours_where_values_are_due():
    stored = np.uint8([[(1, 2, 3), (0, 0, 0)]])
    with pytest.raises(
        DataError, match=r"1 colours stand for no class: \[1, 2, 3\] \(1 pixels\); allowed are \[0, 0, 0\]"
    ):
        decode({"a": (0, 0, 0), "b": WHITE}, stored)
    with pytest.raises(DataError, match=r"m.png: holds colours, but the classes are given by value"):
        decode(("a", "b"), stored)


@pytest.mark.parametrize(
    ("classes", "ignore", "message"),
    [
        ((), (), "0 names"),
        (("a", "a"), (), "2 names"),
        (tuple(map(str, range(256))), (), "256 names .*1 to 255"),
        ({"a": 1, "b": (1, 2)}, (), "'b': 1 is 'a' already; a value stands for one thing"),
        (("a", "b"), (1,), "data.ignore: 1 is 'b' already"),
        ({"a": 0, "b": ()}, (), "'b' has no value"),
        ({"a": 0, "b": 70000}, (), "70000 is no value of a mask; values are 0..65535"),
        ({"a": 0, "b": ((1, 2, 3),)}, (), r"\(1, 2, 3\) is no value of a mask"),
        ({"a": (0, 0, 300)}, (), r"\(0, 0, 300\) is no colour"),
    ],
)
def test_contradictions_are_told(classes, ignore, message):
    with pytest.raises(DataError, match=message):
        make_coding(classes, ignore)
