"""Which images go into which batch of which epoch: pure arithmetic, the same on every machine."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from visionft.loading.sampling import draw
from visionft.seeds import derive_seed


def batches_per_epoch(images: int, batch_size: int) -> int:
    """Return how many batches an epoch of training has.

    The last batch may be smaller. Only a last batch of a single image is left out (another image in each
    epoch), because batch norm cannot work on one.

    Args:
        images: training images, >= 0.
        batch_size: images in a full batch, >= 1.
    """
    full, rest = divmod(images, batch_size)
    return full + 1 if rest > 1 or (rest == 1 and full == 0) else full


def training_plan(
    images: int,
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    start_batch: int = 0,
    factors_N: NDArray[np.float64] | None = None,
) -> Iterator[list[int]]:
    """Yield the image indices of each batch of one epoch, shuffled by (seed, epoch) alone.

    Args:
        images: training images, >= 0.
        batch_size: images in a full batch, >= 1.
        seed: the run's seed.
        epoch: counted from 0 over the whole run.
        start_batch: batches of this epoch that have been trained on already.
        factors_N: how often each image is drawn on average, see ``sampling``; an index beyond the images is then one of
            them once more, ``index % images``. None draws each once.
    """
    shuffle = np.random.Generator(np.random.PCG64(derive_seed(seed, "shuffle", epoch)))
    order = (shuffle.permutation(images) if factors_N is None else draw(factors_N, shuffle)).tolist()
    for batch in range(start_batch, batches_per_epoch(images, batch_size)):
        yield order[batch * batch_size : (batch + 1) * batch_size]


def evaluation_plan(images: int, batch_size: int) -> Iterator[list[int]]:
    """Yield every index in order; the last batch may be smaller."""
    for start in range(0, images, batch_size):
        yield list(range(start, min(start + batch_size, images)))
