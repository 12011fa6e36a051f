"""What the loop asks of a tracker.

Shape suffixes: H height, W width, 3 colours (RGB).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray


class Tracker(Protocol):
    """A place where a run's curves are kept, such as a file or a server. An entry of ``TRACKERS``.

    It is made when training begins or goes on, and closed when that ends for whatever reason. What it raises ends the
    run.

    Attributes:
        kind: its name in recipes.
    """

    kind: ClassVar[str]

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        """Begin, or go on with, a run.

        Args:
            folder: the run's; its name is the run's.
            config: the recipe as plain values.
        """
        ...

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Keep the values of an epoch.

        After a resume, steps that were logged before may come again, with the same values.

        Args:
            values: by names such as ``train/loss`` and ``val/accuracy``; those that are not defined are left out.
            step: optimizer steps of the run done so far.
        """
        ...

    def image(self, name: str, picture_HW3: NDArray[np.uint8], step: int) -> None:
        """Keep a picture, or ignore it.

        Args:
            name: what it shows.
            picture_HW3: uint8 RGB.
            step: as for ``log``.
        """
        ...

    def close(self) -> None:
        """Write what is still to be written."""
        ...
