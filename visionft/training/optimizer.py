"""A stage's plan applied to the network and the optimizer."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn
from torch.optim import Optimizer

from visionft.assemble import Job
from visionft.models.backbones import Backbone
from visionft.models.network import TaskNetwork
from visionft.models.optimizers.library import make_optimizer
from visionft.stages import StagePlan, group_rates


def enter_stage(job: Job, plan: StagePlan) -> Optimizer:
    """Freeze and unfreeze the network as the plan says, and build the optimizer for what trains.

    Returns:
        The recipe's optimizer with a parameter group per depth group and for the head, split into what has weight
        decay and what has none; ``base_lr`` holds each group's peak rate.
    """
    network, section = job.network, job.recipe.optim
    network.backbone.set_trainable(plan.groups, plan.stage.norm)
    network.train()
    groups = [
        {"params": list(chosen.items()), "lr": lr, "base_lr": lr, "weight_decay": decay}
        for parameters, lr in _parameters_by_rate(network, plan)
        for chosen, decay in _by_decay(parameters, section.weight_decay)
    ]
    lr, decay = plan.stage.head_lr, section.weight_decay
    return make_optimizer(section.name, groups, lr=lr, weight_decay=decay, options=section.arguments)


def _parameters_by_rate(network: TaskNetwork, plan: StagePlan) -> Iterator[tuple[dict[str, nn.Parameter], float]]:
    trainable = {name: p for name, p in network.named_parameters() if p.requires_grad}
    members = {group.name: group.parameters for group in network.backbone.groups}
    for rate in plan.rates:
        names = (f"backbone.{name}" for name in members[rate.group])
        yield {name: trainable.pop(name) for name in names if name in trainable}, rate.lr
    yield trainable, plan.stage.head_lr


def _by_decay(
    parameters: Mapping[str, nn.Parameter], weight_decay: float
) -> Iterator[tuple[dict[str, nn.Parameter], float]]:
    """Yield what has weight decay, then what has none, each with its decay."""
    # biases, norm scales and the like are vectors: decay would only pull them off their function
    for decay, is_matrix in ((weight_decay, True), (0.0, False)):
        chosen = {name: p for name, p in parameters.items() if (p.ndim > 1) == is_matrix}
        if chosen:
            yield chosen, decay


def parameter_groups(
    backbone: Backbone,
    head: nn.Module,
    *,
    lr: float,
    head_lr: float | None = None,
    layer_decay: float = 0.8,
    weight_decay: float = 0.01,
) -> list[dict[str, Any]]:
    """Return what an optimizer of torch takes for a backbone and a head, with the rates that a stage gives them.

        optimizer = torch.optim.AdamW(vft.parameter_groups(backbone, head, lr=3e-4, head_lr=1e-3))

    Only what asks for gradients is in it, so call ``Backbone.set_trainable`` before.

    Args:
        backbone: its depth groups that train get a group each.
        head: all that is learned on the features; the last group.
        lr: learning rate of the deepest depth group that trains, > 0.
        head_lr: of the head; none takes ``lr``.
        layer_decay: factor on the rate for each depth group further from the head, in (0, 1].
        weight_decay: of matrices and kernels, >= 0; biases, norm scales and other vectors have none.

    Returns:
        Dicts with ``params``, ``lr``, ``weight_decay`` and ``name``, the depth group's or ``head``; stem first.
    """
    trainable = {name: p for name, p in backbone.named_parameters() if p.requires_grad}
    members = {group.name: [name for name in group.parameters if name in trainable] for group in backbone.groups}
    rates = group_rates([name for name in members if members[name]], list(members), lr, layer_decay)
    by_rate = [(rate.group, {name: trainable[name] for name in members[rate.group]}, rate.lr) for rate in rates]
    of_head = {name: p for name, p in head.named_parameters() if p.requires_grad}
    return [
        {"params": list(chosen.values()), "lr": rate, "weight_decay": decay, "name": name}
        for name, parameters, rate in [*by_rate, ("head", of_head, lr if head_lr is None else head_lr)]
        for chosen, decay in _by_decay(parameters, weight_decay)
    ]


def set_rates(optimizer: Optimizer, factor: float) -> None:
    """Set every rate to its peak times a factor."""
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * factor
