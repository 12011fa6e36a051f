"""What gives batches, wherever the images lie and whoever decodes them.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from visionft.augment_params import AugmentParams
from visionft.batch import Batch, InstanceTargets
from visionft.loading.canvases import Canvases
from visionft.loading.order import evaluation_plan, training_plan


class Batches(ABC):
    """Batches of one list of samples, epoch after epoch, until it is closed.

    Args:
        canvases: the samples; with the epoch they decide what happens to each.
        batch_size: images in a full batch, >= 1.
        seed: the run's seed: with the epoch it decides the order.
        factors_N: how often each sample is drawn in training, see ``sampling``; None for once.
    """

    def __init__(
        self, canvases: Canvases, batch_size: int, seed: int, factors_N: NDArray[np.float64] | None = None
    ) -> None:
        self._canvases = canvases
        self._batch_size = batch_size
        self._seed = seed
        self._factors_N = factors_N

    def training(self, epoch: int, start_batch: int = 0) -> Iterator[Batch]:
        """Yield the shuffled batches of one epoch, ``plan.batches_per_epoch`` less ``start_batch`` of them.

        Args:
            epoch: counted from 0 over the whole run.
            start_batch: batches of this epoch that have been trained on already.

        Raises:
            DataError: naming the file that cannot be read any more.
            TrainingError: when a worker process died.
        """
        plan = training_plan(
            self._canvases.images,
            self._batch_size,
            seed=self._seed,
            epoch=epoch,
            start_batch=start_batch,
            factors_N=self._factors_N,
        )
        return self._batches(epoch, plan)

    def evaluation(self) -> Iterator[Batch]:
        """Yield every sample once, in the order given, or every window of it; the last batch may be smaller.

        Raises:
            DataError: naming the file that cannot be read any more.
            TrainingError: when a worker process died.
        """
        return self._batches(0, evaluation_plan(len(self._canvases), self._batch_size))

    @property
    def canvases(self) -> int:
        """How many canvases ``evaluation`` gives."""
        return len(self._canvases)

    def view(self, number: int) -> Iterator[Batch]:
        """Yield every training image once, in the order given; the last batch may be smaller.

        Args:
            number: of the look that the images have, the same in runs of any seed.

        Raises:
            DataError: naming the file that cannot be read any more.
            TrainingError: when a worker process died.
        """
        return self._batches(~number, evaluation_plan(self._canvases.images, self._batch_size))

    @abstractmethod
    def close(self) -> None:
        """Stop what loads, and free the canvases."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def _batches(self, epoch: int, plan: Iterable[list[int]]) -> Iterator[Batch]:
        """Yield the batches of an epoch, given the indices of each."""

    def _batch(
        self,
        indices: Sequence[int],
        images_BHW3: Tensor,
        targets: Tensor | InstanceTargets,
        batch_params: tuple[AugmentParams, ...],
    ) -> Batch:
        """Return a batch of the canvases of some indices."""
        ids = tuple(self._canvases.sample(index).id for index in indices)
        return Batch(images_BHW3, targets, ids, batch_params)
