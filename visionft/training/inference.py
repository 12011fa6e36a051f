"""A network over images, without gradients.

Shape suffixes: N images, K classes.
"""

from collections.abc import Callable, Iterable
from contextlib import nullcontext

import numpy as np
import torch
from numpy.typing import NDArray

from visionft.assemble import Job
from visionft.batch import AnyBatch


@torch.inference_mode()
def run_network(
    job: Job, batches: Iterable[AnyBatch], *, exact: bool, on_batch: Callable[[int], None] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return final results and labels in the order of the batches.

    Args:
        job: network, task and runtime.
        batches: at least one.
        exact: in fp32, the arithmetic of the exported file; else in that of training, which is quicker and
            good enough to choose an epoch by.
        on_batch: called with the number of images done.

    Returns:
        results_NK float32 and labels_N int64.
    """
    was_training = job.network.training
    job.network.eval()
    results, labels, done = [], [], 0
    for batch in batches:
        with nullcontext() if exact else job.runtime.autocast():
            results.append(job.task.finalize(job.network.run(batch.to(job.runtime.device))).cpu())
        labels.append(batch.labels_B)
        done += len(batch)
        if on_batch:
            on_batch(done)
    job.network.train(was_training)
    return torch.cat(results).numpy(), torch.cat(labels).numpy()
