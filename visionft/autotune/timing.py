"""How long things take where the network trains, before it does.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import torch

from visionft.assemble import Job
from visionft.batch import Batch
from visionft.spec import InputSpec

_ENOUGH = 1.0  # seconds


def seconds_of(action: Callable[[], object], device: torch.device, repeats: int = 1) -> float:
    """Return the median seconds of some calls after a first one, which builds kernels and fills caches.

    Args:
        action: what is timed, with all that it leaves the device to do.
        device: where it does that.
        repeats: how many calls; fewer once they took a second together.
    """
    taken: list[float] = []
    action()
    _wait_for(device)
    while len(taken) < repeats and sum(taken) < _ENOUGH:
        started = time.perf_counter()
        action()
        _wait_for(device)
        taken.append(time.perf_counter() - started)
    return median(taken)


def blank_batch(job: Job, canvas: InputSpec, size: int) -> Batch:
    """Return a batch of made-up images with targets that show nothing, on the device that trains."""
    images_BHW3 = torch.zeros(size, canvas.height, canvas.width, 3, dtype=torch.uint8)
    return Batch(images_BHW3, job.dataset.target.blank(images_BHW3), ("",) * size).to(job.runtime.device)


def training_step(job: Job, batch: Batch) -> None:
    """Run a training step that leaves the weights as they are, in training mode and with a batch on the device."""
    with job.runtime.autocast():
        losses = job.network(batch)
    torch.autograd.backward(losses.total)
    job.network.zero_grad(set_to_none=True)


@contextmanager
def nothing_learned(job: Job) -> Iterator[None]:
    """Leave weights, norm statistics and random numbers behind as they were."""
    device = job.runtime.device
    before = {name: tensor.clone() for name, tensor in job.network.state_dict().items()}
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield
    job.network.load_state_dict(before)


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
