"""Which class a line means: an index into the names, counted from 0 or from 1, or a name."""

from collections import Counter
from collections.abc import Iterable, Mapping

from visionft.data.formats.yolo.lines import LabelLine
from visionft.data.listing import LabelOptions
from visionft.data.naming import natural_order, some
from visionft.data.records import Problem
from visionft.errors import DataError

_MANY = 10  # different names; fewer may each occur once


def number_classes(
    lines: Iterable[LabelLine], stated: Mapping[int, str], options: LabelOptions, problems: list[Problem]
) -> dict[int, str]:
    """Return class index, as the lines have it, -> name.

    Args:
        lines: of all label files.
        stated: what the data say; nothing where they name no classes.
        options: the user's names, taken in their order where the data have none.
        problems: grows by what was concluded.

    Raises:
        DataError: when lines end in texts that are no classes.
    """
    used = Counter(line.category for line in lines if not line.fault and line.category != -1)
    numbers = {category for category in used if isinstance(category, int)}
    names = {category for category in used if isinstance(category, str)}
    if len(names) >= _MANY and 2 * sum(used[name] == 1 for name in names) > used.total():
        raise DataError(
            f"the label files end in {len(names)} different texts, most of which occur once, such as "
            f"{some(natural_order(names), 3)}: these look like what is written there, and not like classes; put one "
            "word, such as text, in their place"
        )
    if names:
        counted = f"{len(names)} classes are called by name in the label files: {some(natural_order(names), 20)}"
        problems.append(Problem("labels", counted))
    if stated:
        return aligned(stated, numbers, problems)
    if names:
        return dict(enumerate(natural_order(names)))
    if isinstance(options.classes, tuple | list):
        return dict(enumerate(options.classes))
    derived = {number: f"class {number}" for number in sorted(numbers)}
    if options.classes is None:
        what = f"named {some(derived.values(), 20)} after their numbers; give data.classes their names"
        problems.append(Problem("classes", what))
    return derived


def index_of(category: int | str, names: Mapping[int | str, str]) -> int | str | None:
    """Return the index of a class that is given by index or name; None for a name that is none."""
    if isinstance(category, int):
        return category
    exact = next((index for index, name in names.items() if name == category), None)
    if exact is not None:
        return exact
    plain = _plain(category)
    return next((index for index, name in names.items() if _plain(name) == plain), None)


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()


def aligned(names: Mapping[int, str], used: set[int], problems: list[Problem]) -> dict[int, str]:
    """Return the names with the indices of the labels, where one of both is counted from 1 and the other from 0.

    Args:
        names: index -> name.
        used: the indices of all labels.
        problems: grows by what was concluded.
    """
    first, count = min(names), len(names)
    if used <= names.keys() or list(names) != list(range(first, first + count)):
        return dict(names)
    if first == 1 and 0 in used and max(used) < count:
        what = f"names begin with 1, the labels with 0: 0 is taken for {names[1]}"
        problems.append(Problem("classes", what))
        return {index - 1: name for index, name in names.items()}
    if first == 0 and 0 not in used and max(used) == count:
        if used == set(range(1, count + 1)):
            what = f"the labels never use 0, and {count} for the last of {count} names: 1 is taken for {names[0]}"
            problems.append(Problem("classes", what))
            return {index + 1: name for index, name in names.items()}
        what = f"the labels never use 0, but {count}, of which there is no name; where they are counted from 1"
        problems.append(Problem("classes", f"{what}, write the names so: {{1: {names[0]}, 2: ...}}"))
    return dict(names)
