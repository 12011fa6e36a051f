"""A frozen backbone runs once: its features are kept, and the head trains on them at almost no cost.

Shape suffixes: N images, D embedding channels.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visionft.assemble import Job
from visionft.batch import FeatureBatch
from visionft.loading.ahead import ahead
from visionft.loading.batches import Batches
from visionft.loading.order import evaluation_plan, training_plan
from visionft.stages import Stage, StagePlan
from visionft.stopwatch import timed


def features_can_be_kept(job: Job, plan: StagePlan) -> bool:
    """Return whether the backbone gives the same for an image in every epoch of a stage, and little enough to keep."""
    return not plan.groups and shows_same_images(job, plan.stage) and job.network.head.keeps_features


def shows_same_images(job: Job, stage: Stage) -> bool:
    """Return whether an image looks the same in every epoch of a stage."""
    unchanged = ("none", "flips") if job.recipe.augment.orientation == "fixed" else ("none",)
    return stage.augment in unchanged and not job.recipe.extra_transforms(stage) and job.input.fit != "tile"


class FrozenFeatures:
    """Stands in for a loader: the same batches, with features in the place of images.

    The features are computed in the order of the data set, so that they do not depend on where a run was resumed.

    Args:
        job: network and runtime.
        loader: the images; read once.
        factors_N: how often each is drawn in training; None for once.
        exported: what computes the features in torch's place, images_BHW3 -> features_BD.
    """

    @torch.no_grad()  # and not inference mode, whose tensors autograd refuses to train a head on
    def __init__(
        self,
        job: Job,
        loader: Batches,
        factors_N: NDArray[np.float64] | None = None,
        exported: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        job.network.eval()
        features, targets = [], []
        ids: list[str] = []
        compute, batches = exported or job.network.features, loader.evaluation()
        for batch in batches if exported is None or job.runtime.workers else ahead(batches):
            with timed("prefix"), job.runtime.autocast():
                features.append(compute(batch.to(job.runtime.device).images_BHW3).float())
            targets.append(batch.targets)
            ids += batch.ids
        self._features_ND = torch.cat(features)
        self._target = job.dataset.target
        self._targets = self._target.concatenated(targets)
        self._ids = ids
        self._batch_size = job.recipe.optim.batch_size
        self._seed = job.recipe.seed
        self._factors_N = factors_N
        job.network.train()

    def training(self, epoch: int, start_batch: int = 0) -> Iterator[FeatureBatch]:
        """Yield the shuffled batches of one epoch, the same samples as the loader's."""
        plan = training_plan(
            len(self._ids),
            self._batch_size,
            seed=self._seed,
            epoch=epoch,
            start_batch=start_batch,
            factors_N=self._factors_N,
        )
        return map(self._batch, plan)

    def evaluation(self) -> Iterator[FeatureBatch]:
        """Yield every sample once, in the order of the data set."""
        return map(self._batch, evaluation_plan(len(self._ids), self._batch_size))

    def _batch(self, draws: Sequence[int]) -> FeatureBatch:
        indices = [draw % len(self._ids) for draw in draws]
        chosen: Tensor = torch.tensor(indices)
        features_BD = self._features_ND[chosen.to(self._features_ND.device)]
        targets = self._target.chosen(self._targets, chosen)
        return FeatureBatch(features_BD, targets, tuple(self._ids[index] for index in indices))
