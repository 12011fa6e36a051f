"""2,624 electroluminescence images of solar cells, from the package elpv-dataset."""

from collections import defaultdict
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, NamedTuple

from visionft.data.listing import DataFormat, Entry, Listing
from visionft.data.split import content_hash
from visionft.data.targets.base import Target
from visionft.data.targets.label import Label, RawLabel
from visionft.errors import DataError, MissingExtra
from visionft.imaging.pixels import require_file

CLASSES = ("functional", "defective")
TEST_SHARE = 0.25


class Elpv(DataFormat):
    """Defective are the cells with a defect probability of at least 0.5, as their annotators gave it.

    Of each class, the 25 % that come first in the order of their content's hash are the test split, so that
    every run is measured on the same cells.

    Source: Buerhop-Lutz et al., A Benchmark for Visual Identification of Defective Solar Cells in
    Electroluminescence Imagery, EU PVSEC 2018; https://github.com/zae-bayern/elpv-dataset.
    """

    kind: ClassVar[str] = "elpv"
    target: ClassVar[type[Target]] = Label

    def read(self, path: Path | None) -> Listing:
        """List the cells.

        Args:
            path: a folder with ``labels.csv`` as the package has it; None for the installed package.

        Raises:
            MissingExtra: when the package is not installed.
            DataError: when the labels are not as expected.
        """
        entries = [Entry(cell.file, cell.path, RawLabel(cell.label)) for cell in read_cells(path)]
        return Listing("elpv", _with_test_split(entries), CLASSES, self.target, source=_SOURCE)


_SOURCE = (
    "ELPV, 2,624 solar cells (Buerhop-Lutz et al. 2018), from the package elpv-dataset; "
    "images CC BY-NC-SA 4.0: research, not commercial use"
)


class SolarCell(NamedTuple):
    """A row of the table: a picture, and the probability that its cell is defective, as the annotators gave it."""

    file: str
    path: Path
    probability: float

    @property
    def label(self) -> str:
        """The more probable class."""
        return CLASSES[self.probability >= 0.5]


def read_cells(path: Path | None) -> list[SolarCell]:
    """Read the table; arguments and errors as of ``Elpv.read``."""
    root = _package_folder() if path is None else path
    table = root / "labels.csv"
    if not table.is_file():
        raise DataError(f"{table}: no such file; leave the path out to use the package elpv-dataset")
    cells = []
    for number, line in enumerate(table.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            file, probability, _cell_type = line.split()
            cells.append(SolarCell(file, root / file, float(probability)))
        except ValueError as error:
            raise DataError(f"{table}:{number}: expected 'file probability type', found {line!r}") from error
    return cells


def _package_folder() -> Path:
    spec = find_spec("elpv_dataset")  # finding it does not run its code
    if spec is None or spec.origin is None:
        raise MissingExtra("elpv-dataset", "demo", "the data format 'elpv'")
    return Path(spec.origin).parent / "data"


def _with_test_split(entries: list[Entry]) -> tuple[Entry, ...]:
    by_class: dict[str | None, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_class[entry.target.stratum].append(entry)
    chosen: list[Entry] = []
    for members in by_class.values():
        ranked = sorted(members, key=_content_rank)
        cut = round(TEST_SHARE * len(ranked))
        chosen += [replace(entry, split="test") for entry in ranked[:cut]]
        chosen += [replace(entry, split="train") for entry in ranked[cut:]]
    return tuple(chosen)


def _content_rank(entry: Entry) -> str:
    try:
        return content_hash(require_file(entry.image).read_bytes())
    except OSError as error:
        raise DataError(f"{entry.image}: cannot be read ({error.strerror}); install elpv-dataset again") from error
