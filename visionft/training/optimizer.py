"""A stage's plan applied to the network and the optimizer."""

from collections.abc import Iterator

from torch import nn
from torch.optim import Optimizer

from visionft.assemble import Job
from visionft.models.network import TaskNetwork
from visionft.models.optimizers.library import make_optimizer
from visionft.stages import StagePlan


def enter_stage(job: Job, plan: StagePlan) -> Optimizer:
    """Freeze and unfreeze the network as the plan says, and build the optimizer for what trains.

    Returns:
        The recipe's optimizer with a parameter group per depth group and for the head, split into what has weight
        decay and what has none; ``base_lr`` holds each group's peak rate.
    """
    network, section = job.network, job.recipe.optim
    network.backbone.set_trainable(plan.groups, plan.stage.norm)
    network.train()
    groups = []
    for parameters, lr in _parameters_by_rate(network, plan):
        # biases, norm scales and the like are vectors: decay would only pull them off their function
        for decay, wanted in ((section.weight_decay, True), (0.0, False)):
            chosen = [(name, p) for name, p in parameters.items() if (p.ndim > 1) == wanted]
            if chosen:
                groups.append({"params": chosen, "lr": lr, "base_lr": lr, "weight_decay": decay})
    lr, decay = plan.stage.head_lr, section.weight_decay
    return make_optimizer(section.name, groups, lr=lr, weight_decay=decay, options=section.arguments)


def _parameters_by_rate(network: TaskNetwork, plan: StagePlan) -> Iterator[tuple[dict[str, nn.Parameter], float]]:
    own = {name: p for name, p in network.named_parameters() if p.requires_grad}
    members = {group.name: group.parameters for group in network.backbone.groups}
    for rate in plan.rates:
        names = (f"backbone.{name}" for name in members[rate.group])
        yield {name: own.pop(name) for name in names if name in own}, rate.lr
    yield own, plan.stage.head_lr


def set_rates(optimizer: Optimizer, factor: float) -> None:
    """Set every rate to its peak times a factor."""
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * factor
