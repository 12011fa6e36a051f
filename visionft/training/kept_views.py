"""What frozen layers make of a few views of each image is kept, and only the layers behind are run.

Shape suffixes: N images, B batch, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visionft.assemble import Job
from visionft.assemble.job import augmentation
from visionft.batch import Batch, KeptBatch
from visionft.loading.batches import Batches
from visionft.loading.order import evaluation_plan, training_plan
from visionft.models.backbones.cut import Cut
from visionft.spec import InputSpec
from visionft.stages import StagePlan

OnProgress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class _View:
    """All images as they look once: what is kept, with the images on axis 0, and whose."""

    kept: tuple[Tensor, ...]
    targets: Any
    ids: tuple[str, ...]


def why_not_kept(job: Job, plan: StagePlan) -> str | None:
    """Return why a stage that asks for views cannot have them, in words; None where it can."""
    stage = plan.stage
    policy = augmentation(job.recipe, stage, job.stage_input(stage))[0].policy
    if policy is not None and (policy.mixup or policy.cutmix):
        return "mixup and cutmix make new images in every batch"
    if job.augments_in(stage):
        return "its images are augmented on the device that trains"
    return None


class KeptViews:
    """Stands in for a loader: the same batches, with what the frozen layers give in the place of images.

    A view is computed when it is first asked for, in the order of the data set, so that it does not depend on where a
    run was resumed. Epoch ``e`` shows view ``e % views``; an image that is drawn more often shows the next ones too.

    Args:
        job: the network, frozen as the stage wants it, and in the mode in which it is to be used.
        spec: the stage's canvas.
        loader: the images.
        views: how many are taken of it in training; none for the plain images of ``evaluation``.
        factors_N: how often each image is drawn in training; None for once.
        on_progress: called with how many images of a view are done.

    Raises:
        CannotCut: when the network cannot be divided.
    """

    def __init__(
        self,
        job: Job,
        spec: InputSpec,
        loader: Batches,
        views: int | None,
        factors_N: NDArray[np.float64] | None = None,
        on_progress: OnProgress = lambda _done: None,
    ) -> None:
        self._job = job
        self._network = job.network
        self._loader = loader
        self._views = views
        self._factors_N = factors_N
        self._on_progress = on_progress
        self._images = len(job.dataset.split("train"))
        self._kept: dict[int, _View] = {}
        with job.runtime.autocast():
            self._cut = Cut(job.network.backbone, self._features, self._noise(spec))

    @property
    def bytes_in_all(self) -> int:
        """Bytes of all training views when they are there."""
        return self._images * (self._views or 1) * self._cut.bytes_per_image

    def too_large(self) -> str | None:
        """Return why there is no memory for all views, in words; None where there is."""
        needed, allowed = self.bytes_in_all / 1e9, self._job.recipe.runtime.kept_gigabytes
        return f"{needed:.1f} GB are more than runtime.kept_gigabytes: {allowed:g}" if needed > allowed else None

    def training(self, epoch: int, start_batch: int = 0) -> Iterator[KeptBatch]:
        """Yield the shuffled batches of one epoch, the same samples as the loader's."""
        plan = training_plan(
            self._images,
            self._job.recipe.optim.batch_size,
            seed=self._job.recipe.seed,
            epoch=epoch,
            start_batch=start_batch,
            factors_N=self._factors_N,
        )
        return (self._batch(draws, epoch) for draws in plan)

    def evaluation(self) -> Iterator[KeptBatch]:
        """Yield every sample once, in the order of the data set."""
        view = self._view(0)
        for rows in evaluation_plan(len(view.ids), self._job.recipe.optim.batch_size):
            yield self._joined([(view, rows)])

    def _batch(self, draws: Sequence[int], epoch: int) -> KeptBatch:
        """Return a batch of training: draws beyond the images are further views of them."""
        places = [((epoch + draw // self._images) % (self._views or 1), draw % self._images) for draw in draws]
        return self._joined([(self._view(number), rows) for number, rows in _runs(places)])

    def _joined(self, parts: Sequence[tuple["_View", Sequence[int]]]) -> KeptBatch:
        target = self._job.dataset.target
        kept = tuple(torch.cat(rows) for rows in zip(*(_rows(view.kept, rows) for view, rows in parts), strict=True))
        targets = target.concatenated([target.chosen(view.targets, torch.tensor(rows)) for view, rows in parts])
        ids = tuple(view.ids[row] for view, rows in parts for row in rows)
        return KeptBatch(kept, self._cut.suffix, targets, ids)

    def _view(self, number: int) -> _View:
        if number not in self._kept:
            self._kept[number] = self._computed(self._loader.view(number) if self._views else self._loader.evaluation())
        return self._kept[number]

    def _computed(self, batches: Iterable[Batch]) -> _View:
        kept: list[tuple[Tensor, ...]] = []
        targets: list[Any] = []
        ids: list[str] = []
        for batch in batches:
            images_BCHW = self._network.normalised(batch.images_BHW3.to(self._job.runtime.device))
            with torch.no_grad(), self._job.runtime.autocast():
                kept.append(self._cut.prefix(images_BCHW))
            targets.append(batch.targets)
            ids += batch.ids
            self._on_progress(len(ids))
        joined = tuple(torch.cat(parts) for parts in zip(*kept, strict=True))
        return _View(joined, self._job.dataset.target.concatenated(targets), tuple(ids))

    def _features(self, images_BCHW: Tensor) -> Any:
        return self._network.head.features(self._network.backbone, images_BCHW)

    def _noise(self, spec: InputSpec) -> Tensor:
        """Return two canvases that are not alike, as the network takes them."""
        noise_BHW3 = torch.randint(256, (2, spec.height, spec.width, 3), generator=torch.Generator().manual_seed(0))
        return self._network.normalised(noise_BHW3.to(self._job.runtime.device, torch.uint8))


def _runs(places: Sequence[tuple[int, int]]) -> list[tuple[int, list[int]]]:
    """Group neighbours of one view: [(0, 5), (0, 2), (1, 2)] -> [(0, [5, 2]), (1, [2])]."""
    runs: list[tuple[int, list[int]]] = []
    for number, index in places:
        if not runs or runs[-1][0] != number:
            runs.append((number, []))
        runs[-1][1].append(index)
    return runs


def _rows(kept: Sequence[Tensor], rows: Sequence[int]) -> tuple[Tensor, ...]:
    chosen = torch.tensor(rows, device=kept[0].device)
    return tuple(tensor[chosen] for tensor in kept)
