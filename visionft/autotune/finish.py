"""What follows the training of a run, and how long it takes: evaluation, page, exported file."""

from dataclasses import dataclass
from functools import partial

import torch

from visionft.assemble import Job
from visionft.autotune.stage_times import work_of
from visionft.autotune.timing import seconds_of
from visionft.tasks.learner import ChoosesThresholds
from visionft.training.inference import exact_runner

_IMAGES = 4
# Seconds of one core, of EfficientNet-Lite0, ResNet-18, MobileNetV3 and ConvNeXt-T as classifiers; what runs of a kind
# really take replaces these guesses (finish_memory.py).
_METRICS, _RESAMPLING, _PAGE = 2.0, 0.5, 0.5  # to import what measures, of 1000 resamples, to draw
_FILE, _TENSOR, _PARAMETER = 0.5, 0.027, 1e-7  # to export: always, for each tensor, and for each of its numbers
_TWICE = 1.6  # the gate runs the network, and the file, which is quicker


@dataclass(frozen=True, slots=True)
class Finish:
    """Seconds of what follows training.

    Attributes:
        evaluation: of the test part, and of what is chosen on validation for it.
        page: of the report.
        export: of the file, and of its comparison with the network.
    """

    evaluation: float
    page: float
    export: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.evaluation + self.page + self.export

    def times(self, factor: float) -> "Finish":
        """Return what takes so many times as long."""
        return Finish(factor * self.evaluation, factor * self.page, factor * self.export)


def measure_finish(job: Job, decode: float) -> Finish:
    """Estimate what follows training from the measured speed of the network in the arithmetic of the exported file.

    Args:
        job: the live objects; left as they are.
        decode: seconds to read an image.
    """
    canvas, was_training = job.input, job.network.training
    noise_BHW3 = torch.randint(
        256, (_IMAGES, canvas.height, canvas.width, 3), generator=torch.Generator().manual_seed(0)
    )
    exact = seconds_of(partial(exact_runner(job), noise_BHW3.to(torch.uint8).numpy()), job.runtime.device) / _IMAGES
    job.network.train(was_training)
    weights, work = job.network.state_dict(), work_of(job, job.plans[-1].stage)
    windows = work.val / len(job.dataset.split("val"))
    measured = len(job.dataset.split(job.dataset.measured)) * windows
    chosen = work.val if isinstance(job.task, ChoosesThresholds) else 0
    return Finish(
        evaluation=_METRICS
        + _RESAMPLING * job.recipe.evaluate.bootstrap / 1000
        + (measured + chosen) * (decode + exact),
        page=_PAGE,
        export=_FILE
        + _TENSOR * len(weights)
        + _PARAMETER * sum(tensor.numel() for tensor in weights.values())
        + work.val * (decode + _TWICE * exact),
    )
