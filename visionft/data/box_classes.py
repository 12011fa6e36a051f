"""The classes of objects: the categories in order of id, or those that the user wants, in the order asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from visionft.annotations.marks import CROWD
from visionft.data.formats.coco.classes import assign, list_numbers
from visionft.data.formats.coco.numbers import Key
from visionft.data.listing import LabelOptions
from visionft.data.naming import some
from visionft.data.raw_boxes import RawBox
from visionft.data.records import Problem
from visionft.errors import DataError


@dataclass(frozen=True, slots=True)
class BoxClasses:
    """What categories become.

    Attributes:
        names: class names in label order.
        label_of: category id -> label, or ``CROWD`` where it is ignored; those that nobody wants are left out.
        known: id -> name of every category.
    """

    names: tuple[str, ...]
    label_of: Mapping[Key, int]
    known: Mapping[Key, str]

    def label(self, box: RawBox, category: Key | None) -> RawBox | None:
        """Return an object with its class index or ``CROWD``; None where nobody wants its category."""
        if category is None:
            return box._replace(fault=box.fault or "has no category")
        if category not in self.known:
            ids = list(self.known)  # in order
            known = f"{ids[0]} to {ids[-1]}" if ids else "none"
            what = f"is of class {category}, which is not among the data's classes ({known})"
            return box._replace(fault=box.fault or what)
        label = self.label_of.get(category)
        if label is None:
            return None
        return box._replace(label=label, crowd=box.crowd or label == CROWD)


def choose_classes(
    categories: Mapping[int, str] | Mapping[Key, str], options: LabelOptions, problems: list[Problem]
) -> BoxClasses:
    """Give every category a class.

    Args:
        categories: id -> name, in order of id; those of one name are one class.
        options: ``classes`` lists names of categories, or maps names to category ids; ``ignore`` lists ids.
        problems: grows by the categories whose objects are left out because they are not listed.

    Raises:
        DataError: when the options do not fit the categories.
        UnknownName: when a listed class is no category.
    """
    known = dict[Key, str](categories.items())
    listed = list_numbers(known, options)
    label_of: dict[Key, int] = {}
    for label, (name, numbers) in enumerate(listed.items()):
        for number in numbers:
            assign(label_of, number, label, known, f"data.classes: {name!r}")
    for ignored in options.ignore:
        assign(label_of, ignored, CROWD, known, "data.ignore")
    rest = [name for number, name in known.items() if number not in label_of]
    if rest:
        what = f"{len(rest)} of the data's are not in data.classes, and their objects are left out: {some(rest)}"
        problems.append(Problem("classes", what))
    if not listed:
        raise DataError("data.classes: no class is left; take some out of data.ignore, or list at least one")
    return BoxClasses(tuple(listed), label_of, known)
