"""Batches for training and evaluation, the same whether this process or workers load them.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB), N objects, S cells of a side.
"""

import multiprocessing
import signal
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from visionft.augment_params import AugmentParams
from visionft.batch import Batch, InstanceTargets
from visionft.data.records import Example, Sample
from visionft.errors import DataError, TrainingError
from visionft.loading.batches import Batches
from visionft.loading.canvases import Augment, Canvases, Mix
from visionft.loading.collate import params_of, targets_of
from visionft.loading.main_guard import stop_second_run
from visionft.spec import InputSpec

CACHE_BYTES = 1 << 30

Key = tuple[int, int]  # (epoch, index): workers that live for many epochs learn the epoch from it
Loaded = tuple[list[int], Tensor, Tensor | InstanceTargets, tuple[AugmentParams, ...]]


class Loader(Batches):
    """Batches that this process or workers load; these live until it is closed.

    Canvases are kept in memory when this process loads them itself. Workers would each keep a copy of their
    own, so they keep none.

    Args:
        samples: the images and labels.
        spec: the canvas.
        batch_size: images in a full batch, >= 1.
        seed: the run's seed: with the epoch it decides the order, with the sample id the augmentation.
        augment: what may happen to a training image; None for none. Must pickle when there are workers.
        mix: what may be made of a training image and others before that; None for nothing. Must pickle likewise.
        training: whether it is for ``training``, where tiled images give one window an epoch, or ``evaluation``.
        factors_N: how often each sample is drawn in training, see ``sampling``; None for once.
        workers: processes that load; 0 loads in this process.
        cache_bytes: memory for canvases when there are no workers.
        pin_memory: put images in page-locked memory, for copying to CUDA while it computes.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        batch_size: int,
        *,
        seed: int = 0,
        augment: Augment | None = None,
        mix: Mix | None = None,
        training: bool = False,
        factors_N: NDArray[np.float64] | None = None,
        workers: int = 0,
        cache_bytes: int = CACHE_BYTES,
        pin_memory: bool = False,
    ) -> None:
        canvases = Canvases(
            tuple(samples),
            spec,
            seed=seed,
            augment=augment,
            mix=mix,
            training=training,
            cache_bytes=0 if workers else cache_bytes,
        )
        super().__init__(canvases, batch_size, seed, factors_N)
        self._keys = _Keys()
        self._worked = False
        if workers:
            stop_second_run()
        self._loader: DataLoader[Any] | None = DataLoader(
            _Fetch(canvases),
            batch_sampler=self._keys,
            collate_fn=_collate,
            num_workers=workers,
            persistent_workers=workers > 0,
            worker_init_fn=_start_worker,
            pin_memory=pin_memory,
            # DataLoader draws a number for its workers; from the global generator it would shift dropout.
            generator=torch.Generator(),
        )

    def close(self) -> None:
        """Stop the workers and free the canvases."""
        self._loader = None

    def _batches(self, epoch: int, plan: Iterable[list[int]]) -> Iterator[Batch]:
        if self._loader is None:
            raise RuntimeError("the loader is closed")
        self._keys.batches = [[(epoch, index) for index in batch] for batch in plan]
        try:
            for loaded in self._loader:
                if isinstance(loaded, DataError):
                    raise loaded
                self._worked = True
                yield self._batch(*loaded)
        except RuntimeError as error:
            if not str(error).startswith("DataLoader worker (pid"):
                raise
            raise TrainingError(f"a process that loads images died ({error}); {self._remedy()}") from error

    def _remedy(self) -> str:
        memory = "give it more memory, in a container more shared memory, or set runtime.workers: 0"
        if self._worked or multiprocessing.get_start_method() == "fork":
            return memory
        return (
            "it never began. Where processes are spawned, as here, each imports the script that trains: put what the "
            f'script does under  if __name__ == "__main__":  . If it is there, {memory}'
        )


class _Keys:
    """The batches that a pass over the DataLoader is to give, set before each pass."""

    batches: Sequence[list[Key]] = ()

    def __iter__(self) -> Iterator[list[Key]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


class _Fetch(Dataset["tuple[int, Example] | DataError"]):
    """Canvases as DataLoader wants them. A bad file is a value, so that no worker's traceback wraps it."""

    def __init__(self, canvases: Canvases) -> None:
        self._canvases = canvases

    def __getitem__(self, key: Key) -> tuple[int, Example] | DataError:
        try:
            return key[1], self._canvases[key]
        except DataError as error:
            return error


def _collate(fetched: Sequence[tuple[int, Example] | DataError]) -> Loaded | DataError:
    indices: list[int] = []
    examples: list[Example] = []
    for item in fetched:
        if isinstance(item, DataError):
            return item
        indices.append(item[0])
        examples.append(item[1])
    images_BHW3 = torch.from_numpy(np.stack([example.image_HW3 for example in examples]))
    return indices, images_BHW3, targets_of(examples), params_of(examples)


def _start_worker(_number: int) -> None:
    cv2.setNumThreads(0)  # processes share the cores already
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the trainer's to handle
