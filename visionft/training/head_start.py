"""A head that begins where its loss over kept features is least, instead of walking there.

Shape suffixes: B batch, D embedding channels.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

import torch
from torch import Tensor, nn

from visionft.assemble import Job
from visionft.batch import FeatureBatch, KeptBatch
from visionft.training.frozen import FrozenFeatures
from visionft.training.inference import validate
from visionft.training.kept_views import KeptViews

_STRENGTHS = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 1e-4)  # of the penalty on squared weights
_ITERATIONS = 100
_AT_ONCE = 4096  # rows of features in one pass
_ENOUGH = 30_000  # rows; more looks of so many images move a linear head no further
EVALUATIONS = 400
"""About how often the loss of all rows is computed, for all strengths together."""

Kept = FrozenFeatures | KeptViews


def fit_head(job: Job, train: Kept, val: Kept, epochs: int) -> float:
    """Put a linear head at the minimum of its own loss and a penalty on its weights, by L-BFGS.

    Nothing is drawn at random, and dropout drops nothing, so that a stage that is begun again begins the same.

    Args:
        job: the network, whose head is linear, and whose backbone is frozen.
        train: what is kept of the training images.
        val: of the validation images, which choose the strength of the penalty.
        epochs: how many show all views.

    Returns:
        The strength.

    Source:
        Liu and Nocedal (1989), On the limited memory BFGS method for large scale optimization.
    """
    head = job.network.head
    images = len(job.dataset.split("train"))
    looks = fitted_rows(images, epochs) // images
    batches = _joined((_features(batch, job) for epoch in range(looks) for batch in train.training(epoch)), job)
    best: tuple[float, float, dict[str, Tensor]] | None = None
    for strength in _STRENGTHS:  # each from the minimum of the one before, which is near
        _minimize(head, batches, strength)
        reached = validate(job, val.evaluation())["loss"]  # of all values the one that chance moves least
        if best is None or reached < best[0]:
            best = reached, strength, {name: tensor.clone() for name, tensor in head.state_dict().items()}
    if best is None:
        raise ValueError("there is no strength to try")
    head.load_state_dict(best[2])
    return best[1]


def _features(batch: FeatureBatch | KeptBatch, job: Job) -> FeatureBatch:
    """Return a batch of features, on the device and in the arithmetic of the loss."""
    if isinstance(batch, KeptBatch):
        with torch.no_grad():
            batch = FeatureBatch(batch.suffix(batch.kept), batch.targets, batch.ids)
    batch = batch.to(job.runtime.device)
    return FeatureBatch(batch.features_BD.float(), batch.targets, batch.ids)


def fitted_rows(images: int, epochs: int) -> int:
    """Return how many rows a head is fitted to."""
    return images * max(1, min(epochs, _ENOUGH // images))


def _joined(batches: Iterable[FeatureBatch], job: Job) -> list[FeatureBatch]:
    """Return the same rows in few batches."""
    joined: list[FeatureBatch] = []
    some: list[FeatureBatch] = []
    for batch in chain(batches, [None]):
        if some and (batch is None or sum(map(len, some)) + len(batch) > _AT_ONCE):
            targets = job.dataset.target.concatenated([each.targets for each in some])
            ids = tuple(name for each in some for name in each.ids)
            joined.append(FeatureBatch(torch.cat([each.features_BD for each in some]), targets, ids))
            some = []
        if batch is not None:
            some.append(batch)
    return joined


def _minimize(head: nn.Module, batches: Sequence[FeatureBatch], strength: float) -> None:
    weights = [parameter for parameter in head.parameters() if parameter.requires_grad]
    images = sum(map(len, batches))
    search = torch.optim.LBFGS(weights, max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        search.zero_grad()
        penalty = sum((weight.square().sum() for weight in weights if weight.ndim > 1), torch.zeros(()))
        total = 0.5 * strength * penalty
        for batch in batches:
            total = total + head(batch.features_BD, batch.targets).total * (len(batch) / images)
        torch.autograd.backward(total)
        return total.detach()

    dropouts = [module for module in head.modules() if isinstance(module, nn.Dropout)]
    for module in dropouts:
        module.eval()
    try:
        search.step(closure)  # type: ignore[no-untyped-call]
    finally:
        for module in dropouts:
            module.train()
        search.zero_grad(set_to_none=True)
