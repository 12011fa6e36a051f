"""A network over images, without gradients.

Shape suffixes: B batch, H height, W width, 3 colours.
"""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray

from visionft.assemble import Job
from visionft.batch import AnyBatch
from visionft.errors import TrainingError
from visionft.results import CanvasRunner, Results
from visionft.tasks.learner import named_outputs


class NotFinite(TrainingError):
    """A network answers with NaN or infinite numbers."""


@torch.inference_mode()
def validate(job: Job, batches: Iterable[AnyBatch]) -> dict[str, float]:
    """Return the values that model selection looks at.

    Runs in the arithmetic of training, which is quicker than that of the exported file and good enough to choose an
    epoch by.

    Args:
        job: network, task and runtime.
        batches: at least one.

    Raises:
        NotFinite: when an answer is not finite.
    """
    was_training = job.network.training
    job.network.eval()
    meter = job.task.meter()
    for batch in batches:
        with job.runtime.autocast():
            outputs = job.network(batch.to(job.runtime.device))
        results = job.network.postprocess(outputs)  # as the losses: in bf16, a side of a large object is off by pixels
        answers = named_outputs(job.task.kind, job.task.outputs(results))
        if not all(np.isfinite(values).all() for values in answers.values()):
            raise NotFinite("validation: the network answers NaN or infinite numbers")
        meter.update(answers, batch.targets.numpy())
    job.network.train(was_training)
    return meter.values()


def exact_runner(job: Job) -> CanvasRunner:
    """Return the network as a function of canvases, in fp32, the arithmetic of the exported file."""

    @torch.inference_mode()
    def run(images_BHW3: NDArray[np.uint8]) -> Results:
        job.network.eval()
        images = torch.from_numpy(images_BHW3).to(job.runtime.device)
        return named_outputs(job.task.kind, job.task.outputs(job.network.postprocess(job.network(images))))

    return run
