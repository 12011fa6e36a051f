import pytest

from visionft.tasks.regression.wording import write_value


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
