"""From the loop's events to trackers."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from visionft.tracking.base import Tracker
from visionft.training.events import EpochDone, Event


class TrackerSink:
    """Hands the numbers of every epoch to a tracker.

    Args:
        tracker: who keeps them.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def __call__(self, event: Event) -> None:
        """Log an epoch that was validated; leave other events."""
        if isinstance(event, EpochDone):
            self._tracker.log(_values(event.row), event.row["step"])


def _values(row: Mapping[str, Any]) -> dict[str, float]:
    """Return the finite numbers of a line of the history, by the names that they have in trackers."""
    found = {
        "epoch": row["epoch"],
        "stage": row["stage"],
        "train/loss": row["train_loss"],
        "train/lr": row["lr"],
        "train/images_per_second": row["images_per_second"],
        **{f"val/{name}": value for name, value in row["val"].items()},
    }
    return {name: value for name, value in found.items() if value is not None and isfinite(value)}
