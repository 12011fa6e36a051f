"""A CSV file that lists the images."""

from pathlib import Path
from typing import ClassVar

from visionft.data.formats.table import place_of, read_rows, refuse
from visionft.data.listing import DataFormat, Entry, Listing
from visionft.data.naming import natural_order
from visionft.data.records import Problem
from visionft.data.targets.base import Target
from visionft.data.targets.label import Label, RawLabel
from visionft.errors import DataError

COLUMNS = ("path", "label")
ADVICE = "path and label (and split, if there are splits)"


class Manifest(DataFormat):
    """Columns ``path``, ``label`` and, if there are splits, ``split``; more columns are ignored.

    Paths are relative to the CSV file. Commas, semicolons or tabs separate; quotes as in RFC 4180.
    """

    kind: ClassVar[str] = "manifest"
    target: ClassVar[type[Target]] = Label

    def read(self, path: Path | None) -> Listing:
        """List the rows; labels get natural order.

        Raises:
            DataError: naming the lines that cannot be understood.
        """
        if path is None or not path.is_file():
            raise DataError(f"{path}: no such file; give a CSV with columns path,label and, if you have it, split")
        errors: list[str] = []
        entries: dict[str, Entry] = {}
        problems: list[Problem] = []
        for line, row in read_rows(path, COLUMNS, ADVICE):
            entry = _entry(row, path.parent, f"{path}:{line}", errors)
            if entry is None:
                continue
            first = entries.setdefault(entry.id, entry)
            if first is not entry:
                again = "again" if first.target == entry.target else f"again, now as {entry.target.stratum!r}"
                problems.append(Problem(f"{path}:{line}", f"{entry.id} is listed {again}; the first line counts"))
        refuse(errors)
        classes = natural_order(entry.target.stratum or "" for entry in entries.values())
        return Listing(path.stem, tuple(entries.values()), classes, self.target, tuple(problems), source=str(path))


def _entry(row: dict[str, str], root: Path, where: str, errors: list[str]) -> Entry | None:
    """Return what a row says, or None after saying in ``errors`` what is wrong with it."""
    place = place_of(row, root, where, errors)
    if place is None:
        return None
    label = row.get("label", "")
    if not label:
        errors.append(f"{where}: no label for {row['path']}; each row needs one")
        return None
    return Entry(place.id, place.path, RawLabel(label), place.split)
