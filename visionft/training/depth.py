"""``unfreeze: auto``: how deep a stage goes, decided when it begins by the gradients under a trained head.

What is decided is written down, so that a run that goes on trains the same layers.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count, islice

import torch
from torch import Tensor

from visionft.assemble import Job
from visionft.batch import Batch
from visionft.loading.batches import Batches
from visionft.seeds import derive_seed
from visionft.stages import StagePlan, group_rates
from visionft.stages.depth import batches_to_look_at, choose_depth
from visionft.training.events import Notice
from visionft.training.optimizer import enter_stage
from visionft.training.session import Session
from visionft.training.step import Stepper

_RECORD = "unfreeze"  # in run.json


def with_decided_depth(session: Session, plan: StagePlan, images: Batches) -> StagePlan:
    """Return the plan of a stage with the depth groups that were decided; the plan itself where that is not left open.

    Args:
        session: the run, whose network holds the weights that the stage begins with; it is told what is decided.
        plan: the stage.
        images: its training images.
    """
    if plan.stage.unfreeze != "auto":
        return plan
    job, name = session.job, plan.stage.name
    known = session.info.get(_RECORD, {})
    if name not in known:
        number = batches_to_look_at(plan.steps)
        ratios = gradient_ratios(job, plan, islice(_epochs(images, session.progress.epoch), number))
        chosen = choose_depth(ratios)
        why = _in_words(chosen, ratios, number)
        rounded = {group: float(f"{ratio:.4g}") for group, ratio in ratios.items()}
        known |= {name: {"groups": chosen, "ratios": rounded, "batches": number, "why": why}}
        session.record(**{_RECORD: known})
        session.tell(Notice(f"stage {name}: {why}"))
    chosen = known[name]["groups"]
    every = [group.name for group in job.network.head.groups(job.network.backbone)]
    return replace(plan, rates=group_rates(chosen, every, plan.stage.backbone_lr, plan.stage.layer_decay))


def gradient_ratios(job: Job, plan: StagePlan, batches: Iterable[Batch]) -> dict[str, float]:
    """Return how large the gradients of each depth group are, relative to its parameters; the network stays as it is.

    Args:
        job: the network, with a trained head.
        plan: the stage, with the groups that are looked at.
        batches: whose gradients; those that are not finite are left out.

    Returns:
        Depth group -> root mean square, over the batches, of the gradient's norm, divided by that of the parameters.

    Source:
        Lee et al. (2022), Surgical Fine-Tuning Improves Adaptation to Distribution Shifts, arXiv:2210.11466,
        section 5 (relative gradient norm).
    """
    backbone = job.network.backbone
    stepper = Stepper(job, plan, enter_stage(job, plan))
    before = {name: tensor.clone() for name, tensor in job.network.state_dict().items()}
    trained = {name: parameter for name, parameter in backbone.named_parameters() if parameter.requires_grad}
    groups = {group.name: [trained[name] for name in group.parameters if name in trained] for group in backbone.groups}
    sums, seen = dict.fromkeys(plan.groups, 0.0), 0
    for number, batch in enumerate(batches):
        torch.manual_seed(derive_seed(job.recipe.seed, "depth", plan.index, number))
        stepper.backward(batch)
        squares = {name: _squared_norm([p.grad for p in groups[name] if p.grad is not None]) for name in sums}
        if all(map(math.isfinite, squares.values())):
            sums = {name: total + squares[name] for name, total in sums.items()}
            seen += 1
        job.network.zero_grad(set_to_none=True)
    job.network.load_state_dict(before)  # norm statistics too
    own = {name: _squared_norm(groups[name]) for name in sums}
    return {name: math.sqrt(sums[name] / seen / own[name]) if seen and own[name] else 0.0 for name in sums}


def _squared_norm(tensors: Sequence[Tensor]) -> float:
    return sum(float(tensor.detach().float().square().sum()) for tensor in tensors)


def _epochs(images: Batches, first: int) -> Iterator[Batch]:
    """Yield the batches of a stage's epochs, one epoch after the other."""
    for epoch in count(first):
        yield from images.training(epoch)


def _in_words(chosen: Sequence[str], ratios: dict[str, float], batches: int) -> str:
    asks = sum(ratios[name] for name in chosen) / (sum(ratios.values()) or 1.0)
    strongest = max(ratios, key=ratios.__getitem__)
    return (
        f"unfreeze: auto: {len(chosen)} of {len(ratios)} depth groups train, from {chosen[0]}: by {batches} batches "
        f"they hold {asks:.0%} of the gradient norms relative to the weights; the largest is that of {strongest} "
        f"({ratios[strongest]:.2g})"
    )
