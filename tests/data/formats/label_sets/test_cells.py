import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionft.data.formats.label_sets.cells import find_separator, split_cell
from visionft.errors import DataError


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["cat|dog", "cat", ""], "|"),
        (["cat; dog", "red car"], ";"),
        (["cat,dog", "cat"], ","),
        (["cat dog", "dog", "cat", "bird"], " "),
        (["cat", "dog"], ""),
        (["traffic light", "stop sign", "traffic light"], ""),  # no word of a name is a label
        (["", "  "], ""),
        ([], ""),
        (["cat|", "dog"], "|"),
    ],
)
def test_the_separator_is_what_the_cells_leave_no_doubt_about(cells, separator):
    assert find_separator(cells, "a.csv") == separator


def test_two_marks_leave_a_doubt_and_both_are_shown():
    with pytest.raises(DataError, match=r"a.csv: .*';' in 'cat;dog' and ',' in 'red, large'; set data.separator"):
        find_separator(["cat;dog", "red, large"], "a.csv")


def test_words_of_which_some_are_labels_leave_a_doubt():
    with pytest.raises(DataError, match=r"in 'polar bear' and others, bear is a label elsewhere, but polar is not"):
        find_separator(["polar bear", "bear"], "a.csv")


@pytest.mark.parametrize(
    ("cell", "separator", "labels"),
    [
        ("a|b", "|", ("a", "b")),
        (" a | b ", "|", ("a", "b")),
        ("b|a|b", "|", ("b", "a")),
        ("|a||", "|", ("a",)),
        ("", "|", ()),
        (" ", " ", ()),
        ("a  b\tc", " ", ("a", "b", "c")),
        ("red car, truck", ",", ("red car", "truck")),
        ("a|b", "", ("a|b",)),
        ("a<>b", "<>", ("a", "b")),
        ("A|a", "|", ("A", "a")),
    ],
)
def test_labels_of_a_cell(cell, separator, labels):
    assert split_cell(cell, separator) == labels


names = st.text(st.characters(exclude_characters="|;,", exclude_categories=("C", "Z")), min_size=1, max_size=5)


@given(st.lists(st.lists(names, max_size=4, unique=True), min_size=1), st.sampled_from("|;,"), st.booleans())
def test_what_was_joined_is_found_again(sets, mark, spaced):
    cells = [f" {mark} ".join(labels) if spaced else mark.join(labels) for labels in sets]
    separator = find_separator(cells, "a.csv")
    assert [split_cell(cell, separator) for cell in cells] == [tuple(labels) for labels in sets]
