import pytest

from visionft.data.formats.yolo.classes import index_of, number_classes
from visionft.data.formats.yolo.lines import LabelLine
from visionft.data.listing import LabelOptions


def number(used, stated, classes=None):
    problems = []
    lines = [LabelLine(1, category, (0.5, 0.5, 1, 1), "") for category in used]
    return number_classes(lines, stated, LabelOptions(classes=classes), problems), " ".join(map(str, problems))


@pytest.mark.parametrize(
    ("used", "stated", "expected", "words"),
    [
        ([0, 1], {0: "a", 1: "b"}, {0: "a", 1: "b"}, ""),
        ([1, 2], {0: "a", 1: "b"}, {1: "a", 2: "b"}, "1 is taken for a"),
        ([0, 1], {1: "a", 2: "b"}, {0: "a", 1: "b"}, "0 is taken for a"),
        ([0], {1: "a", 2: "b"}, {0: "a", 1: "b"}, "0 is taken for a"),
        ([1, 2], {1: "a", 2: "b"}, {1: "a", 2: "b"}, ""),
        ([2], {0: "a", 1: "b"}, {0: "a", 1: "b"}, "write the names so: {1: a, 2: ...}"),
        ([0, 1, 2], {0: "a", 1: "b"}, {0: "a", 1: "b"}, ""),  # 2 is told line by line
        ([1, 9], {0: "a", 1: "b"}, {0: "a", 1: "b"}, ""),
    ],
)
def test_classes_counted_from_one(used, stated, expected, words):
    found, told = number(used, stated)
    assert found == expected
    assert words in told
    assert bool(told) == bool(words)


def test_classes_called_by_name():
    names, told = number(["dog", "cat", "dog"], {})
    assert names == {0: "cat", 1: "dog"}
    assert "cat, dog" in told
    names, _ = number(["dog", "Traffic_Light"], {0: "traffic light", 1: "dog"})
    assert [index_of(one, names) for one in ("dog", "Traffic_Light", "cow", 1)] == [1, 0, None, 1]


def test_classes_without_names():
    assert number([3, 0], {})[0] == {0: "class 0", 3: "class 3"}
    assert number([0], {}, ("a", "b"))[0] == {0: "a", 1: "b"}
