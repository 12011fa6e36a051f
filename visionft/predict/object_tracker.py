"""Objects followed through the frames of a video, by ByteTrack.

Shape suffixes: N objects of a frame, M those of them that are reported.
"""

import warnings
from importlib import import_module
from typing import Any, cast

import numpy as np

from visionft.errors import MissingExtra
from visionft.tasks.base import Prediction, TrackablePrediction

_LOWEST = 0.1
"""Scores below say nothing, whatever was there a frame before."""

_USUAL_RATE = 30.0
_MIDDLE, _BELOW = 0.5, 0.3  # between what counts and what does not; ByteTrack forgets what is below 0.1


class ObjectTracker:
    """Gives objects of one frame after the other the numbers of their tracks.

    An object that counts (its score reaches the threshold of its class) may begin a track; one below may only continue
    a track that nothing better continues. That is ByteTrack's idea; ``supervision`` has it.

    Args:
        threshold: from which an object counts; None takes the model's own for each class.

    Attributes:
        lowest: score from which on objects are to be handed over.

    Raises:
        MissingExtra: when ``supervision`` is not installed, or a version from which trackers have been taken out.

    Source:
        Zhang et al., ByteTrack: Multi-Object Tracking by Associating Every Detection Box, 2022, algorithm 1.
    """

    def __init__(self, threshold: float | None = None) -> None:
        self._threshold = threshold
        self.lowest = _LOWEST if threshold is None else min(_LOWEST, threshold)
        self._kind = _byte_track()
        self.begin(None)

    def begin(self, rate: float | None) -> None:
        """Forget all tracks; a new video begins, of so many frames a second."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it will be another package's
            self._tracker = self._kind(track_activation_threshold=_MIDDLE, frame_rate=rate or _USUAL_RATE)

    def follow(self, prediction: Prediction) -> Prediction:
        """Return the objects of the next frame that count or continue a track, with the numbers of their tracks.

        Args:
            prediction: of objects, all that score at least ``lowest``.
        """
        found = cast("TrackablePrediction", prediction)
        counts_N = found.counting(self._threshold)
        detections = found.to_supervision()
        # objects are told apart by whether they count, and not by a score that means the same for all classes
        detections.confidence = np.where(counts_N, 1, _BELOW).astype(np.float32)
        detections.data["row"] = np.arange(len(counts_N))
        tracked = self._tracker.update_with_detections(detections)
        tracks_N = np.full(len(counts_N), -1, np.int64)
        if len(tracked):
            tracks_N[tracked.data["row"]] = tracked.tracker_id
        rows_M = np.flatnonzero(counts_N | (tracks_N >= 0))
        return found.with_tracks(rows_M, tracks_N[rows_M])


def _byte_track() -> Any:
    try:
        supervision = import_module("supervision")
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "supervision", "track", "tracking objects") from error
    if not hasattr(supervision, "ByteTrack"):
        raise MissingExtra("supervision before 0.31", "track", "tracking objects")
    return supervision.ByteTrack
