"""What a person reads when memory runs out."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from visionft.assemble import Job
from visionft.errors import TrainingError


@contextmanager
def out_of_memory_named(job: Job) -> Iterator[None]:
    """Add advice to the error when the device has no memory left.

    Raises:
        TrainingError: then.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        away = "" if job.recipe.runtime.resident is False else ", or set runtime.resident: false"
        raise TrainingError(
            f"out of memory on {job.runtime.device}: lower optim.batch_size (now {job.recipe.optim.batch_size}) and "
            f"raise optim.accumulate to keep the step the same{away}; then --resume or start again"
        ) from error
