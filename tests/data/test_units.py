import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionft.data.units import split_unit, with_unit, write_value


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3.42, "g", "3.42 g"),
        (3.41999, "g", "3.42 g"),
        (3.0, "", "3"),
        (0.0, "g", "0 g"),
        (-12345.6, "", "-12346"),
        (1000.0, "", "1000"),
        (0.001234567, "m", "0.001235 m"),
        (9.9996, "", "10"),
        (1.5e-7, "", "1.500e-07"),
        (2e15, "", "2.000e+15"),
    ],
)
def test_four_digits_count(value, unit, text):
    assert write_value(value, unit) == text


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("weight", "weight", ""),
        ("weight [g]", "weight", "g"),
        ("weight[g]", "weight", "g"),
        (" weight  ( g ) ", "weight", "g"),
        ("weight_g", "weight_g", ""),
        ("speed [m/s]", "speed", "m/s"),
        ("area (dry) [cm²]", "area (dry)", "cm²"),
        ("weight []", "weight", ""),
        ("[g]", "[g]", ""),
        ("(a) b", "(a) b", ""),
        ("weight [g", "weight [g", ""),
        ("weight [g)", "weight [g)", ""),
        ("weight [g] dry", "weight [g] dry", ""),
        ("a [b [c]]", "a [b [c]]", ""),
    ],
)
def test_units_stand_in_brackets_at_the_end(header, name, unit):
    assert split_unit(header) == (name, unit)


@given(
    st.text(st.characters(exclude_characters="[]()"), min_size=1).map(str.strip).filter(bool),
    st.sampled_from(["g", "m/s", ""]),
)
def test_names_and_units_come_back(name, unit):
    assert split_unit(with_unit(name, unit)) == (name, unit)
