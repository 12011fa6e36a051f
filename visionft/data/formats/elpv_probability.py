"""The same solar cells as ``elpv``, with the probability that one is defective as a number."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from visionft.data.formats.elpv import Elpv, read_cells
from visionft.data.listing import DataFormat, Listing
from visionft.data.targets.base import Target
from visionft.data.targets.values import RawValues, Values


class ElpvProbability(DataFormat):
    """The probability as the annotators gave it: 0, a third, two thirds or 1; the splits are those of ``elpv``."""

    kind: ClassVar[str] = "elpv_probability"
    target: ClassVar[type[Target]] = Values

    def read(self, path: Path | None) -> Listing:
        """List the cells; arguments and errors as of ``Elpv.read``."""
        listing = Elpv().read(path)
        probabilities = {cell.file: cell.probability for cell in read_cells(path)}
        entries = tuple(
            replace(entry, target=RawValues((probabilities[entry.id],), entry.target.stratum or ""))
            for entry in listing.entries
        )
        return replace(listing, entries=entries, class_names=("defect probability",), target=self.target)
