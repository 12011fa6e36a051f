import pytest

from visionft.errors import RecipeError
from visionft.options import make_part, options_of, problems_with


class Part:
    def __init__(self, size, *, steep: float = 1.0, on: bool = False, name: str = "a", pair=(1, 2), any_=None, facts=0):
        if steep < 0:
            raise ValueError("steep is negative")
        self.given = (size, steep, on, name, pair, any_, facts)


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({"size": 1}, {}),
        ({}, {"size": "is required"}),
        ({"size": 1, "stee": 1}, {"stee": "did you mean 'steep'"}),
        ({"size": 1, "facts": 1}, {"facts": "unknown option"}),  # which a recipe does not give
        ({"size": 1, "steep": True}, {"steep": "a number, found True"}),
        ({"size": 1, "on": 1}, {"on": "true or false"}),
        ({"size": 1, "name": 3}, {"name": "a text"}),
        ({"size": 1, "pair": "ab"}, {"pair": "a list of numbers, such as [1, 2]"}),
        ({"size": 1, "steep": -1}, {"": "steep is negative"}),
        ({"size": 1, "any_": object}, {}),
    ],
)
def test_options_are_checked_against_the_constructor(options, problems):
    found = problems_with(Part, options, facts=3)
    assert found.keys() == problems.keys()
    assert all(text in found[name] for name, text in problems.items())
    if problems:
        with pytest.raises(RecipeError, match=r"^task\.part"):
            make_part(Part, options, "task.part", facts=3)


def test_a_part_gets_its_options_and_what_it_takes_of_the_rest():
    made = make_part(Part, {"size": 2, "pair": [3, 4]}, "x", facts=5, unknown=6)
    assert made.given == (2, 1.0, False, "a", (3, 4), None, 5)
    assert options_of(Part, ["facts"]).keys() == {"size", "steep", "on", "name", "pair", "any_"}


def test_a_part_without_options_says_so():
    class Bare:
        pass

    assert problems_with(Bare, {"a": 1}) == {"a": "unknown option; it takes none"}
