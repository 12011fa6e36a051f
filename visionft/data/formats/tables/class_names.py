"""What numbered classes of a list are called: by names in a file beside it, or by the folders of their images."""

from collections import defaultdict
from collections.abc import Sequence

from visionft.data.formats.tables.names import names_an_image
from visionft.data.formats.tables.places import Place
from visionft.data.formats.tables.table import Table
from visionft.data.formats.yolo.classes import aligned
from visionft.data.formats.yolo.names import find_names
from visionft.data.naming import some
from visionft.data.records import Problem


def names_of_numbers(
    table: Table, labels: Sequence[str], places: Sequence[Place | None], problems: list[Problem]
) -> dict[str, str]:
    """Return label -> name in the order of the numbers, where all labels are numbers and something names them.

    Args:
        table: a text file of images and labels; tables with names of columns are taken at their word.
        labels: of each row, empty where it has none.
        places: where the image of each row is.
        problems: grows by what was concluded.
    """
    texts = {label for label in labels if label}
    if table.path.suffix.lower() != ".txt" or not texts or not all(text.isdecimal() for text in texts):
        return {}
    folder = table.path.parent
    names = {number: name for number, name in find_names([folder], folder, problems).items() if name}
    where = f"as a list of names in {folder} has them"
    if not names or any(map(names_an_image, names.values())):  # such as the list of images itself
        names, where = _folders(labels, places), "after the folders that their images lie in"
    else:
        names = aligned(names, {int(text) for text in texts}, problems)
    if not {int(text) for text in texts} <= names.keys() or len(set(names.values())) < len(names):
        return {}
    problems.append(Problem("classes", f"the numbers are named {where}: {some(names.values(), 3)}"))
    return {text: names[int(text)] for text in sorted(texts, key=int)}


def _folders(labels: Sequence[str], places: Sequence[Place | None]) -> dict[int, str]:
    """Return number -> folder, where each class has a folder of its own; nothing else."""
    found: dict[int, set[str]] = defaultdict(set)
    for label, place in zip(labels, places, strict=True):
        if label and place is not None:
            found[int(label)].add(place.path.parent.name)
    names = {number: min(folders) for number, folders in found.items() if len(folders) == 1}
    alone = len(names) == len(found) > 1 and len(set(names.values())) == len(names)
    return names if alone else {}
