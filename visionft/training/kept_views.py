"""What frozen layers make of a few views of each image is kept, and only the layers behind are run.

Shape suffixes: B batch, C channels, H height, W width, 3 colour channels (RGB).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils._pytree import tree_structure

from visionft.assemble import Job
from visionft.assemble.job import augmentation
from visionft.batch import KeptBatch
from visionft.loading.ahead import ahead
from visionft.loading.batches import Batches
from visionft.loading.order import evaluation_plan, training_plan
from visionft.models.backbones.cut import Cut
from visionft.spec import InputSpec
from visionft.stages import Stage, StagePlan
from visionft.stopwatch import timed
from visionft.training.exported_prefix import ExportedPrefix
from visionft.training.kept_files import Form, KeptFiles, View
from visionft.training.kept_key import frozen_key, look_key

OnProgress = Callable[[int], None]


def why_not_kept(job: Job, plan: StagePlan) -> str | None:
    """Return why a stage that asks for views cannot have them, in words; None where it can."""
    stage = plan.stage
    policy = augmentation(job.recipe, stage, job.stage_input(stage))[0].policy
    if policy is not None and (policy.mixup or policy.cutmix):
        return "mixup and cutmix make new images in every batch; those of augment.features mix what is kept"
    if job.augments_in(stage):
        return "its images are augmented on the device that trains"
    return None


class KeptViews:
    """Stands in for a loader: the same batches, with what the frozen layers give in the place of images.

    A view is computed when it is first asked for, in the order of the data set, so that it does not depend on where a
    run was resumed. Epoch ``e`` shows view ``e % views``; an image that is drawn more often shows the next ones too.

    Args:
        job: the network, frozen as the stage wants it, and in the mode in which it is to be used.
        stage: one of the recipe's.
        split: train or val.
        loader: the images of that.
        views: how many are taken of it in training; none for the plain images of ``evaluation``.
        on_progress: called with how many images of a view are done.

    Raises:
        CannotCut: when the network cannot be divided.
    """

    def __init__(
        self,
        job: Job,
        stage: Stage,
        split: Literal["train", "val"],
        loader: Batches,
        views: int | None,
        on_progress: OnProgress = lambda _done: None,
    ) -> None:
        self._job = job
        self._stage = stage
        self._spec = job.stage_input(stage)
        self._split: Literal["train", "val"] = split
        self._network = job.network
        self._loader = loader
        self._views = views
        self._factors_N = job.repeat_factors(stage) if views else None
        self._on_progress = on_progress
        self._canvases = len(job.dataset.split(split)) if views else loader.canvases
        self._kept: dict[int, View] = {}
        self._exported: ExportedPrefix | None = None
        self._files: KeptFiles | None = None
        self._memory: dict[str, View] = {}
        self.key = ""
        self.seconds_of_views = 0.0  # that it took to make or read those that are there
        with job.runtime.autocast():
            self.cut = Cut(job.network.backbone, self._features, self._noise(self._spec))
        self._forms = tuple(self._form(*form) for form in self.cut.forms)

    @property
    def images_in_all(self) -> int:
        """How many images the frozen layers see for all views."""
        return self._canvases * (self._views or 1)

    @property
    def bytes_in_all(self) -> int:
        """Bytes of all views when they are there."""
        return self.images_in_all * sum(torch.Size(shape).numel() * dtype.itemsize for shape, dtype in self._forms)

    @property
    def seconds_to_come(self) -> float:
        """Seconds that the views which are not there yet will take, if they take as long as the others."""
        there = len(self._kept)
        return ((self._views or 1) - there) * self.seconds_of_views / there if there else 0.0

    def run_by(self, exported: ExportedPrefix | None) -> None:
        """Run the frozen layers by what was exported, of this or another cut of the network; None is torch."""
        self._exported = exported and exported.for_cut(self.cut)

    def key_by(self, engine: str, *, read: bool) -> str:
        """Return what identifies the plain images behind the frozen layers, see ``frozen_key``.

        Args:
            engine: what runs these.
            read: whether other runs are told apart, whose images may be others.
        """
        samples = self._job.dataset.split(self._split) if read else ()
        half = self._job.recipe.cache.half
        return f"{self._split}-{frozen_key(self._job, self._spec, self.cut, samples, engine, half=half)}"

    def keep_in(self, folder: Path | None, memory: dict[str, View]) -> None:
        """Say where views are kept, and take those that are there.

        Args:
            folder: for files; None for memory.
            memory: by their names, the views of this run that are there; new ones are added.

        Raises:
            CheckpointError: when the folder cannot be written.
        """
        job = self._job
        self.key = self.key_by(self._exported.engine if self._exported else "eager", read=folder is not None)
        self._memory = memory
        if folder is not None:
            structure = tree_structure(job.dataset.target.blank(torch.zeros(1, 1, 1, 3, dtype=torch.uint8)))
            self._files = KeptFiles(folder, 1e9 * job.recipe.cache.disk_gigabytes, self._forms, structure)

    def training(self, epoch: int, start_batch: int = 0) -> Iterator[KeptBatch]:
        """Yield the shuffled batches of one epoch, the same samples as the loader's."""
        plan = training_plan(
            self._canvases,
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
        images = self._canvases
        places = [((epoch + draw // images) % (self._views or 1), draw % images) for draw in draws]
        return self._joined([(self._view(number), rows) for number, rows in _runs(places)])

    def first_view(self, images: int) -> View:
        """Run the frozen layers on the first images of a view anew, for who measures how long that takes."""
        place = self._job.runtime.device
        rows = tuple(torch.empty(images, *shape, dtype=dtype, device=place) for shape, dtype in self._forms)
        return self._computed(0, rows)

    def joined(self, view: View, rows: Sequence[int]) -> KeptBatch:
        """Return a batch of rows of a view."""
        return self._joined([(view, rows)])

    def _joined(self, parts: Sequence[tuple[View, Sequence[int]]]) -> KeptBatch:
        target = self._job.dataset.target
        kept = tuple(torch.cat(rows) for rows in zip(*(_rows(view.kept, rows) for view, rows in parts), strict=True))
        targets = target.concatenated([target.chosen(view.targets, torch.tensor(rows)) for view, rows in parts])
        ids = tuple(view.ids[row] for view, rows in parts for row in rows)
        return KeptBatch(kept, self.cut.suffix, targets, ids)

    def _view(self, number: int) -> View:
        if number not in self._kept:
            started = time.monotonic()
            self._kept[number] = self._read_or_computed(number)
            self.seconds_of_views += time.monotonic() - started
        return self._kept[number]

    def _read_or_computed(self, number: int) -> View:
        look = look_key(self._job, self._stage, self._spec, number) if self._views else "plain"
        key = f"{self.key}-{look}"
        if self._files is not None:
            view = self._files.open(key)
            return view or self._files.finish(key, self._computed(number, self._files.allocate(key, self._canvases)))
        if key not in self._memory:
            like = [(shape, dtype, self._job.runtime.device) for shape, dtype in self._forms]
            rows = tuple(torch.empty(self._canvases, *shape, dtype=dtype, device=place) for shape, dtype, place in like)
            self._memory[key] = self._computed(number, rows)
        return self._memory[key]

    def _computed(self, number: int, rows: tuple[Tensor, ...]) -> View:
        """Run the frozen layers on all images, and put what they give into rows."""
        targets: list[Any] = []
        ids: list[str] = []
        batches = self._loader.view(number) if self._views else self._loader.evaluation()
        for batch in batches if self._exported is None or self._job.runtime.workers else ahead(batches):
            images_BHW3 = batch.images_BHW3.to(self._job.runtime.device)
            with timed("prefix"), torch.no_grad(), self._job.runtime.autocast():
                kept = (self._exported or self._by_torch)(images_BHW3)
            for whole, part in zip(rows, kept, strict=True):
                whole[len(ids) : len(ids) + len(batch)] = _fitting(part, whole.dtype)
            targets.append(batch.targets)
            ids += batch.ids
            self._on_progress(len(ids))
        return View(rows, self._job.dataset.target.concatenated(targets), tuple(ids))

    def _by_torch(self, images_BHW3: Tensor) -> tuple[Tensor, ...]:
        return self.cut.prefix(self._network.normalised(images_BHW3))

    def _form(self, shape: tuple[int, ...], dtype: torch.dtype) -> Form:
        halved = self._job.recipe.cache.half and dtype == torch.float32
        return shape, torch.float16 if halved else dtype

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


def _fitting(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Return a tensor in the type that is kept; what 16 bits cannot hold becomes the largest that they can."""
    if dtype == tensor.dtype or dtype != torch.float16:
        return tensor
    largest = torch.finfo(dtype).max
    return tensor.clamp(-largest, largest)


def _rows(kept: Sequence[Tensor], rows: Sequence[int]) -> tuple[Tensor, ...]:
    chosen = torch.tensor(rows, device=kept[0].device)
    return tuple(tensor[chosen] for tensor in kept)
