"""The curves of a run as a table that spreadsheets open."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.atomic import write_text

NAME = "history.csv"


class CsvTracker:
    """Writes ``history.csv`` in the run folder: a row for each epoch, a column for each value; whole at any moment."""

    kind: ClassVar[str] = "csv"

    def __init__(self, folder: Path, _config: Mapping[str, Any]) -> None:
        self._path = folder / NAME
        self._rows: list[dict[str, Any]] = []
        if self._path.is_file():
            self._rows = list(csv.DictReader(io.StringIO(self._path.read_text(encoding="utf-8"), newline="")))

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Add a row; rows from this step on were written before a resume, and are replaced."""
        self._rows = [row for row in self._rows if int(row["step"]) < step]
        self._rows.append({"step": step, **values})
        columns = list(dict.fromkeys(name for row in self._rows for name in row))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(self._rows)
        write_text(self._path, text.getvalue())

    def image(self, name: str, picture_HW3: NDArray[np.uint8], step: int) -> None:
        """Ignore pictures: a table holds none."""

    def close(self) -> None:
        """Do nothing: every row has been written."""
