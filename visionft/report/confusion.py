"""Which classes are taken for which: the matrix as table cells, and the pairs that are confused most."""

from collections.abc import Sequence
from dataclasses import dataclass

LARGEST_MATRIX = 30
_PAIRS = 20


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """How many samples of one class were predicted as one class.

    Attributes:
        count: number of samples.
        fraction: part of the true class's samples; none when it has none.
        shade: strength of the cell's colour, 0..1.
        right: whether predicted and true class are the same.
    """

    count: int
    fraction: float | None
    shade: float
    right: bool


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """All samples of one true class."""

    name: str
    total: int
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """Samples of one class that were predicted as another."""

    true: str
    predicted: str
    count: int
    fraction: float


def matrix_rows(confusion: Sequence[Sequence[int]], names: Sequence[str]) -> tuple[MatrixRow, ...]:
    """Turn counts (rows true, columns predicted) into cells."""
    rows = []
    for label, counts in enumerate(confusion):
        total = sum(counts)
        cells = []
        for column, count in enumerate(counts):
            fraction = count / total if total else None
            # the root lets rare confusions be seen beside a strong diagonal
            cells.append(MatrixCell(count, fraction, round((fraction or 0.0) ** 0.5, 3), label == column))
        rows.append(MatrixRow(names[label], total, tuple(cells)))
    return tuple(rows)


def most_confused(confusion: Sequence[Sequence[int]], names: Sequence[str]) -> tuple[ConfusedPair, ...]:
    """Return the wrong cells with the largest counts, at most twenty, largest first."""
    pairs = [
        ConfusedPair(names[label], names[column], count, count / sum(counts))
        for label, counts in enumerate(confusion)
        for column, count in enumerate(counts)
        if count and column != label
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.count, -pair.fraction))[:_PAIRS])
