"""A head that begins where its loss over kept features is least, instead of walking there.

Shape suffixes: B batch, D embedding channels.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from visionft.assemble import Job
from visionft.batch import FeatureBatch, KeptBatch
from visionft.training.frozen import FrozenFeatures
from visionft.training.inference import validate
from visionft.training.kept_views import KeptViews

_STRENGTHS = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 1e-4)  # of the penalty on squared weights
_ITERATIONS = 100

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
    batches = [_features(batch, job) for epoch in range(epochs) for batch in train.training(epoch)]
    begun = {name: tensor.clone() for name, tensor in head.state_dict().items()}
    best: tuple[float, float, dict[str, Tensor]] | None = None
    for strength in _STRENGTHS:
        head.load_state_dict(begun)
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
