"""A table of images: rows by the names of columns, of one CSV file or of one for each split."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from visionft.data.formats.tables.files import FileOfSplit, files_of_splits, unread_splits
from visionft.data.formats.tables.headless import known_form, missing_header
from visionft.data.formats.tables.names import (
    IMAGE,
    LABEL,
    LABELS,
    describe,
    first_named,
    is_header,
    named_column,
    names_an_image,
    plain,
)
from visionft.data.formats.tables.text import Lines, cells_of, decoded, has_names
from visionft.data.listing import Columns
from visionft.data.naming import some
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.errors import DataError

_ERRORS_SHOWN = 20


class TableRow(NamedTuple):
    """A row of a table.

    Attributes:
        file: where it stands.
        line: of the file, from 1.
        cells: lower-case column -> text.
        beyond: what stands behind the last column, such as the digits after a decimal comma that divided two cells.
        split: of the file, where its name says one.
    """

    file: Path
    line: int
    cells: dict[str, str]
    beyond: str | None = None
    split: Split | None = None

    @property
    def where(self) -> str:
        """File and line, for messages."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one file, or of several with the same columns.

    Attributes:
        path: the file, the first of several.
        header: names of the columns as they are written.
        delimiter: what divides cells.
        rows: those that are not empty.
        image: the column that names the images, as it is written.
        columns: what the user says about them.
        notes: what a person should know about how they were read.
    """

    path: Path
    header: tuple[str, ...]
    delimiter: str
    rows: tuple[TableRow, ...]
    image: str
    columns: Columns
    notes: tuple[Problem, ...] = ()

    @classmethod
    def read(cls, path: Path, columns: Columns, advice: str) -> "Table":
        """Read a file, or the files of a folder.

        Args:
            path: a CSV; or a folder that holds one, or one for each split, or split folders that hold one each.
            columns: what the user says about them.
            advice: which columns there should be, for messages.

        Raises:
            DataError: when there is no such file, it cannot be read, or no column names images.
            UnknownName: when a column that the user names is not there.
        """
        files: list[FileOfSplit] = [(path, None)] if path.is_file() else files_of_splits(path, advice)
        tables = [cls._read_file(file, split, columns, advice) for file, split in files]
        first = next((table for table in tables if table.label or len(tables) == 1), tables[0])
        names = {name.casefold() for name in first.header}
        fitting = [table for table in tables if names <= {name.casefold() for name in table.header}]
        lacking = [
            Problem(str(table.path), f"lacks the columns {_lacking(first, table)} of {first.path.name}; left out")
            for table in tables
            if table not in fitting
        ]
        rows = tuple(row for table in fitting for row in table.rows)
        alone = unread_splits(path) if path.is_file() else []
        return replace(first, rows=rows, notes=(*(note for table in fitting for note in table.notes), *lacking, *alone))

    @classmethod
    def _read_file(cls, path: Path, split: Split | None, columns: Columns, advice: str) -> "Table":
        text, guessed = decoded(path)
        notes = [Problem(str(path), guessed)] if guessed else []
        named = partial(is_header, columns=columns)
        if not has_names(text, named) and (known := known_form(path, text)) is not None:
            lines = Lines(known.header, known.rows, ",", 1)
            notes.append(Problem(str(path), known.what))
        else:
            lines = cells_of(text, path, named)
        image = _image_column(path, lines, columns, advice, notes)
        header = [name.casefold() for name in lines.header]
        if header.count(image.casefold()) > 1:
            raise DataError(f"{path}:{lines.first}: two columns are called {image!r}; rename one")
        rows = (
            TableRow(
                path,
                line,
                dict(zip(header, cells, strict=False)),
                next((cell for cell in cells[len(header) :] if cell), None),
                split,
            )
            for line, cells in lines.rows
        )
        return cls(path, lines.header, lines.delimiter, tuple(rows), image, columns, tuple(notes))

    @property
    def label(self) -> str | None:
        """The column of labels, rather of one for each image; None where none is called so."""
        return self._label(LABEL, LABELS)

    @property
    def labels(self) -> str | None:
        """The column of labels, rather of several for each image; None where none is called so."""
        return self._label(LABELS, LABEL)

    @property
    def called_labels(self) -> tuple[str, ...]:
        """All columns that are called like one of labels."""
        return tuple(name for name in self.header if name != self.image and plain(name) in (*LABEL, *LABELS))

    def _label(self, *names: Sequence[str]) -> str | None:
        if self.columns.label is not None:
            return named_column(self.header, self.columns.label, "label", self.path)
        others = [name for name in self.header if name != self.image]
        return first_named(others, [name for several in names for name in several])

    def column(self, name: str) -> list[str]:
        """Return the texts of a column, in the order of the rows."""
        return [row.cells.get(name.casefold(), "") for row in self.rows]

    def without(self, *names: str | None) -> tuple[str, ...]:
        """Return the other columns, as they are written, without those that have no name."""
        gone = {self.image, *names}
        return tuple(name for name in self.header if name not in gone)


def refuse(errors: Sequence[str]) -> None:
    """Raise what is wrong with the lines of a file, the first few of many; do nothing when nothing is.

    Raises:
        DataError: with a line for each.
    """
    if errors:
        more = [f"and {len(errors) - _ERRORS_SHOWN} more"] if len(errors) > _ERRORS_SHOWN else []
        raise DataError("\n".join([*errors[:_ERRORS_SHOWN], *more]))


def lines_of(rows: Iterable[TableRow]) -> str:
    """Name the lines of rows, the first few of many."""
    return f"line {some(str(row.line) for row in rows)}"


def _image_column(path: Path, lines: Lines, columns: Columns, advice: str, notes: list[Problem]) -> str:
    """Return the column of images: what the user says, what is called so, or what holds names of image files."""
    header, where = lines.header, f"{path}:{lines.first}"
    if "regionshapeattributes" in map(plain, header):
        raise DataError(
            f"{path}: is the CSV of VIA (VGG Image Annotator); open it there and choose Annotation > Export "
            "Annotations (COCO format)"
        )
    if (missing := missing_header(header, lines.delimiter)) is not None:
        first = lines.delimiter.join(header)[:80]
        raise DataError(
            f"{where}: the first line is {first!r} and names no columns; they must be {advice}: write {missing!r} "
            "above it"
        )
    if columns.image is not None:
        return named_column(header, columns.image, "image", path)
    if (named := first_named(header, IMAGE)) is not None:
        return named
    cells = {name: [row[at] for _, row in lines.rows if at < len(row)] for at, name in enumerate(header)}
    holding = [name for name, texts in cells.items() if texts and all(map(names_an_image, texts))]
    if len(holding) == 1:
        notes.append(Problem(where, f"the column {holding[0]!r} holds the names of the images"))
        return holding[0]
    first = lines.delimiter.join(header)[:80]
    raise DataError(
        f"{where}: the first line is {first!r}; it must name the columns {advice}, separated by commas, semicolons, "
        "tabs or vertical bars; or say which column names the images, with --set data.columns.image=NAME"
        + (f", where NAME is one of {describe(header)}" if len(header) > 1 else "")
    )


def _lacking(first: Table, table: Table) -> str:
    known = {name.casefold() for name in table.header}
    return some(name for name in first.header if name.casefold() not in known)
