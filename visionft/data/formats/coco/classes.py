"""The classes of COCO categories: background, and the categories in order of id or as the user says."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from visionft.annotations.marks import IGNORE
from visionft.data.formats.coco.numbers import Key
from visionft.data.listing import LabelOptions
from visionft.data.naming import some
from visionft.data.records import Problem
from visionft.errors import DataError, UnknownName

BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class CocoClasses:
    """What categories become.

    Attributes:
        names: class names in label order.
        background: label of pixels without an annotation.
        label_of: category id -> label, or ``IGNORE``.
    """

    names: tuple[str, ...]
    background: int
    label_of: Mapping[Key, int]

    def label_of_category(self, number: Key | None) -> int:
        """Return the label of a category id; ``IGNORE`` too where the files have no such category."""
        return IGNORE if number is None else self.label_of.get(number, IGNORE)


def make_classes(categories: Mapping[Key, str], options: LabelOptions, problems: list[Problem]) -> CocoClasses:
    """Give every category a class.

    Args:
        categories: id -> name, in order of id.
        options: ``classes`` lists names of categories, or maps names to category ids; ``ignore`` lists ids. A class
            ``background`` is put in front unless it is listed.
        problems: grows by the categories that count as background because they are not listed.

    Raises:
        DataError: when the options do not fit the categories.
        UnknownName: when a listed class is no category.
    """
    listed = list_numbers(categories, options, (BACKGROUND,))
    if BACKGROUND not in listed:
        listed = {BACKGROUND: (), **listed}
    names = tuple(listed)
    if len(names) > IGNORE:
        raise DataError(f"data.classes: {len(names)} classes; at most {IGNORE} fit into a mask")
    label_of: dict[Key, int] = {}
    for label, (name, numbers) in enumerate(listed.items()):
        for number in numbers:
            assign(label_of, number, label, categories, f"data.classes: {name!r}")
    for ignored in options.ignore:
        assign(label_of, ignored, IGNORE, categories, "data.ignore")
    background = names.index(BACKGROUND)
    rest = [name for number, name in categories.items() if number not in label_of]
    if rest:
        what = f"{len(rest)} categories are not in data.classes and count as background: {some(rest)}"
        problems.append(Problem("classes", what))
    return CocoClasses(names, background, dict.fromkeys(categories, background) | label_of)


def list_numbers(
    categories: Mapping[Key, str], options: LabelOptions, also: Collection[str] = ()
) -> dict[str, tuple[object, ...]]:
    """Return class name -> category ids.

    Args:
        categories: id -> name, in order of id.
        options: ``classes`` lists names of categories, or maps names to category ids; ``ignore`` lists ids.
        also: names that may be listed without being a category.

    Raises:
        UnknownName: when a listed class is no category.
    """
    classes = options.classes
    if isinstance(classes, Mapping):
        return {name: (value,) if isinstance(value, int) else tuple(value) for name, value in classes.items()}
    numbers: dict[str, tuple[object, ...]] = {}
    for number, name in categories.items():
        numbers[name] = (*numbers.get(name, ()), number)
    if classes is None:
        return {name: ids for name, ids in numbers.items() if not set(ids) <= set(options.ignore)}
    for name in classes:
        if name not in numbers and name not in also:
            raise UnknownName("category", name, numbers, where="data.classes")
    return {name: numbers.get(name, ()) for name in classes}


def assign(label_of: dict[Key, int], number: object, label: int, categories: Mapping[Key, str], where: str) -> None:
    """Give a category its label.

    Raises:
        DataError: when there is no such category, or it has a label already.
    """
    if not isinstance(number, int | str) or number not in categories:
        known = some((f"{known} {name}" for known, name in categories.items()), 20)
        raise DataError(f"{where}: {number} is no category id; the file has {known}")
    if number in label_of:
        raise DataError(f"{where}: category {number} ({categories[number]}) has a class already")
    label_of[number] = label
