import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionft.data.formats.values.numbers import decimal_mark, read_number
from visionft.errors import DataError


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_as_programs_write_them(number):
    assert read_number(repr(number)) == number
    assert read_number(repr(number).replace(".", ","), ",") == number


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("3,5", ",", 3.5),
        ("12", ",", 12),
        ("-0.50", ".", -0.5),
        (".5", ".", 0.5),
        ("+5.", ".", 5),
        ("−3", ".", -3),
        ("1e-3", ".", 1e-3),
        ("1,5E3", ",", 1500),
        ("007", ".", 7),
    ],
)
def test_numbers_as_people_write_them(text, mark, number):
    assert read_number(text, mark) == number


@pytest.mark.parametrize("text", ["", "NaN", "nan", "NA", "n/a", "#N/A", "null", "None", "-", "?"])
def test_missing_values(text):
    assert math.isnan(read_number(text))


@pytest.mark.parametrize(
    ("text", "mark", "part"),
    [
        ("heavy", ".", "'heavy' is not a number"),
        ("3.5 g", ".", "'3.5 g' is not a number"),
        ("1_000", ".", "not a number"),
        ("1 000", ".", "not a number"),
        ("١٢", ".", "not a number"),
        ("0x10", ".", "not a number"),
        ("1.2.3", ".", "not a number"),
        ("12:30", ".", "not a number"),
        ("#DIV/0!", ".", "not a number"),
        ("inf", ".", "infinite"),
        ("-Infinity", ".", "infinite"),
        ("1e999", ".", "infinite"),
        ("1,234", ".", "several ways; write a point for decimals"),
        ("1,234.5", ".", "several ways"),
        ("1.234", ",", "several ways; write a comma, as the column has it"),
        ("1.234,5", ",", "several ways"),
    ],
)
def test_what_is_no_number_is_told(text, mark, part):
    with pytest.raises(DataError, match=part):
        read_number(text, mark)


def test_long_text_is_cut():
    with pytest.raises(DataError) as caught:
        read_number("x" * 500)
    assert len(str(caught.value)) < 120


@given(st.text(), st.sampled_from([".", ","]))
def test_any_text_is_a_number_missing_or_told(text, mark):
    try:
        number = read_number(text, mark)
    except DataError:
        number = 0.0
    assert not math.isinf(number)


@pytest.mark.parametrize(
    ("cells", "delimiter", "mark"),
    [
        (["3,5", "4"], ";", ","),
        (["3,5", "4"], "\t", ","),
        (["3,5", "4"], ",", "."),
        (["3.5", "4"], ";", "."),
        (["1,234", "5,678"], ";", ","),
        (["1,234", "5,678"], "\t", "."),
        (["1,234", "0,678"], "\t", ","),
        (["3,5", "4,25", "4.25"], ";", ","),
        (["3.5", "4.25", "4,25"], ";", "."),
        (["1.234,5"], ";", "."),
        ([], ";", "."),
    ],
)
def test_a_comma_is_a_decimal_mark_where_it_divides_no_cells(cells, delimiter, mark):
    assert decimal_mark(cells, delimiter) == mark
