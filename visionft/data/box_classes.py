"""The classes of objects: the categories in order of id, or those that the user wants, in the order asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from visionft.annotations.marks import CROWD
from visionft.data.formats.coco.classes import assign, list_numbers
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
    label_of: Mapping[int, int]
    known: Mapping[int, str]

    def label(self, box: RawBox, category: int) -> RawBox | None:
        """Return an object with its class index or ``CROWD``; None where nobody wants its category."""
        if category not in self.known:
            known = f"{min(self.known)} to {max(self.known)}" if self.known else "none"
            what = f"is of class {category}, which is not among the data's classes ({known})"
            return box._replace(fault=box.fault or what)
        label = self.label_of.get(category)
        if label is None:
            return None
        return box._replace(label=label, crowd=box.crowd or label == CROWD)


def choose_classes(categories: Mapping[int, str], options: LabelOptions, problems: list[Problem]) -> BoxClasses:
    """Give every category a class.

    Args:
        categories: id -> name, in order of id; those of one name are one class.
        options: ``classes`` lists names of categories, or maps names to category ids; ``ignore`` lists ids.
        problems: grows by the categories whose objects are left out because they are not listed.

    Raises:
        DataError: when the options do not fit the categories.
        UnknownName: when a listed class is no category.
    """
    listed = list_numbers(categories, options)
    label_of: dict[int, int] = {}
    for label, (name, numbers) in enumerate(listed.items()):
        for number in numbers:
            assign(label_of, number, label, categories, f"data.classes: {name!r}")
    for ignored in options.ignore:
        assign(label_of, ignored, CROWD, categories, "data.ignore")
    rest = [name for number, name in categories.items() if number not in label_of]
    if rest:
        what = f"{len(rest)} of the data's are not in data.classes, and their objects are left out: {some(rest)}"
        problems.append(Problem("classes", what))
    if not listed:
        raise DataError("data.classes: no class is left; take some out of data.ignore, or list at least one")
    return BoxClasses(tuple(listed), label_of, categories)
