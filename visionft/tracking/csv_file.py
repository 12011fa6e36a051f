"""The curves of a run as a table that spreadsheets open."""

import csv
import io
from collections.abc import Mapping
from typing import Any, ClassVar

from visionft.atomic import write_text
from visionft.tracking.base import TrackedRun, Tracker, TrackerOptions

NAME = "history.csv"


class CsvTracker(Tracker):
    """Writes ``history.csv`` in the run folder: a row for each epoch, a column for each value; whole at any moment."""

    kind: ClassVar[str] = "csv"

    def __init__(self, run: TrackedRun, _options: TrackerOptions) -> None:
        self._path = run.folder / NAME
        self._rows: list[dict[str, Any]] = []
        if self._path.is_file():
            self._rows = list(csv.DictReader(io.StringIO(self._path.read_text(encoding="utf-8"), newline="")))

    @property
    def place(self) -> str:
        """The file."""
        return NAME

    def rewind(self, step: int) -> None:
        """Drop the rows that come again."""
        self._rows = [row for row in self._rows if int(row["step"]) <= step]

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Add the row of an epoch."""
        if "epoch" not in values:
            return
        self._rows.append({"step": step, **values})
        columns = list(dict.fromkeys(name for row in self._rows for name in row))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(self._rows)
        write_text(self._path, text.getvalue())

    def close(self, *, finished: bool) -> None:
        """Do nothing: every row has been written."""
