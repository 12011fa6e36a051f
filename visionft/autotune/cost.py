"""What a stage takes, from what its parts take: arithmetic, with and without kept views. No torch."""

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class KeptTimes:
    """Seconds of an image where what the frozen layers give is kept.

    Attributes:
        prefix: to run the frozen layers.
        step: of a training step of the layers behind.
        forward: of a validation pass of the layers behind.
        size: bytes that are kept of a view.
        fit: to fit the head to all of them, where the stage begins with that.
    """

    prefix: float
    step: float
    forward: float
    size: int
    fit: float = 0.0


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Seconds of an image in a stage, measured on the first images of a run.

    Attributes:
        decode: to read it and put it on its canvas.
        augment: to change it.
        step: of a training step of the whole network.
        forward: of a validation pass of the whole network.
        saving: seconds of a checkpoint, not of an image.
        kept: where the frozen layers' outputs are kept; None where they cannot be.
        why_not: why not, in words; empty where they can.
        single_pass: whether they are kept anyway, since the images do not change.
        parameters: how many train.
        deciding: seconds, not of an image, until it is decided how many train, where that is left open.
    """

    decode: float
    augment: float
    step: float
    forward: float
    saving: float = 0.0
    kept: KeptTimes | None = None
    why_not: str = ""
    single_pass: bool = False
    parameters: int = 0
    deciding: float = 0.0

    def on_canvas(self, scale: float) -> "StageTimes":
        """Return the times on canvases whose area is ``scale`` times as large: all but reading follows the pixels."""
        kept = self.kept and KeptTimes(
            self.kept.prefix * scale,
            self.kept.step * scale,
            self.kept.forward * scale,
            round(self.kept.size * scale),
            self.kept.fit,
        )
        augment, step, forward = (seconds * scale for seconds in (self.augment, self.step, self.forward))
        deciding = self.deciding * scale
        return replace(self, augment=augment, step=step, forward=forward, kept=kept, deciding=deciding)


@dataclass(frozen=True, slots=True)
class Work:
    """How much there is to do.

    Attributes:
        train: training images.
        val: validation canvases.
        workers: processes that load; 0 where the training process does.
        stays: whether canvases stay in memory once they are read.
    """

    train: int
    val: int
    workers: int = 0
    stays: bool = True


def stage_seconds(times: StageTimes, work: Work, epochs: float, views: int | None = None) -> float:
    """Return the seconds of a stage.

    Args:
        times: of its parts.
        work: how much there is.
        epochs: passes over the training images, > 0; each that begins ends with a validation.
        views: looks of an image of which the frozen layers' outputs are kept; None for a new one in every epoch.
    """
    validations = math.ceil(epochs - 1e-6)
    if times.single_pass:
        views = 1
    again = 0.0 if work.stays else times.decode  # to read an image that was read before
    once = (work.train + work.val) * (times.decode - again) + times.deciding
    if views is None or times.kept is None:
        train = _together(times.augment + again, times.step, work.workers)
        val = _together(again, times.forward, work.workers)
        return once + epochs * work.train * train + validations * (work.val * val + times.saving)
    kept, seen = times.kept, min(views, validations)
    look = _together(times.augment + again, kept.prefix, work.workers)
    plain = _together(again, kept.prefix, work.workers)
    frozen = seen * work.train * look + work.val * plain + kept.fit
    return once + frozen + epochs * work.train * kept.step + validations * work.val * kept.forward


def _together(load: float, run: float, workers: int) -> float:
    """Return the seconds of an image that is loaded and run: one after the other, or side by side."""
    return max(load / workers, run) if workers else load + run
