import pytest

from tests.data.zoo import ambiguous, classes, coco, lists, masks, tables, voc, yolo  # noqa: F401  # their layouts
from tests.data.zoo.layout import LAYOUTS
from tests.data.zoo.reading import read
from visionft.errors import VisionftError


def pytest_generate_tests(metafunc):
    asked = {name for name, layout in LAYOUTS.items() if layout.asks is not None}
    chosen = asked if "asked" in metafunc.fixturenames else LAYOUTS.keys() - asked
    metafunc.parametrize("asked" if "asked" in metafunc.fixturenames else "name", sorted(chosen))


def require_expected(layout, found):
    """Check everything that a layout declares."""
    assert layout.format in (None, found.format)
    assert (found.task, found.classes, found.images) == (layout.task, layout.classes, layout.images)
    assert layout.labels in (None, found.labels)


def test_what_a_tool_writes_is_read_without_being_told(name, tmp_path):
    layout = LAYOUTS[name]
    layout.write(tmp_path)
    found = read(tmp_path / layout.given)
    require_expected(layout, found)
    for words in layout.says:
        assert any(words in problem for problem in found.problems), found.problems


def test_what_nobody_can_know_is_asked_and_the_advice_works(asked, tmp_path):
    layout = LAYOUTS[asked]
    layout.write(tmp_path)
    with pytest.raises(VisionftError) as caught:
        read(tmp_path / layout.given)
    message = str(caught.value)
    for words in (*layout.says, *layout.asks):
        assert words in message
    if layout.asks:
        overrides = tuple(override.replace("'", "") for override in layout.asks)
        require_expected(layout, read(tmp_path / layout.given, overrides))
