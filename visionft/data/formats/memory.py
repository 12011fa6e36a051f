"""What stands in the recipe of a run whose data were handed over in Python."""

from pathlib import Path
from typing import ClassVar

from visionft.data.listing import DataFormat, Listing
from visionft.data.targets.base import Target
from visionft.data.targets.label import Label
from visionft.errors import DataError


class Memory(DataFormat):
    """Images and labels from a Python program, which a recipe cannot find again."""

    kind: ClassVar[str] = "memory"
    target: ClassVar[type[Target]] = Label

    def read(self, path: Path | None) -> Listing:  # noqa: ARG002  # there is no place where they could be
        """Say where the data are to come from.

        Raises:
            DataError: always.
        """
        raise DataError(
            "data.format: memory: the images and labels were handed over in Python, and no file holds them; hand them "
            "over again: vft.open_run(RUN, data=...), vft.evaluate(MODEL, data=...), or vft.train(out=RUN, "
            "resume=True, data=...) to go on; or name files in data.path"
        )
