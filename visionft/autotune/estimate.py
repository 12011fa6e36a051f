"""What a run will do, stage by stage, before it does it."""

from functools import partial
from typing import Any

import torch

from visionft.assemble import Job
from visionft.assemble.job import sampling_of
from visionft.autotune.timing import blank_batch, nothing_learned, seconds_of, training_step
from visionft.spec import InputSpec
from visionft.stages import StagePlan
from visionft.training.frozen import features_can_be_kept
from visionft.training.optimizer import enter_stage

_SAMPLE = 4  # images in the timed step


def outline(job: Job) -> list[dict[str, Any]]:
    """Return one row per stage: what trains, at which rates, for how long, and the estimated seconds.

    A small step of each stage is timed on made-up images; the network is left as it was.
    """
    with nothing_learned(job):
        canvases = dict.fromkeys(job.stage_input(plan.stage) for plan in job.plans)
        forward = {canvas: _seconds_per_image(job, canvas, train=False) for canvas in canvases}
        return [_row(job, plan, forward[job.stage_input(plan.stage)]) for plan in job.plans]


def _row(job: Job, plan: StagePlan, forward: float) -> dict[str, Any]:
    optimizer = enter_stage(job, plan)
    stage, total = plan.stage, len(job.network.head.groups(job.network.backbone))
    canvas = job.stage_input(stage)
    # then the head's own steps cost nothing beside one pass of the backbone
    single_pass = features_can_be_kept(job, plan)
    step = forward if single_pass else _seconds_per_image(job, canvas, train=True)
    epochs, extra = plan.steps / plan.steps_per_epoch, len(job.recipe.extra_transforms(stage))
    train, val = len(job.dataset.split("train")), len(job.dataset.split("val"))
    return {
        "stage": stage.name,
        "trains": "head" if not plan.groups else f"head, {len(plan.groups)} of {total}",
        "from_group": plan.groups[0] if plan.groups else None,
        "parameters": sum(p.numel() for group in optimizer.param_groups for p in group["params"]),
        "head_lr": stage.head_lr,
        "backbone_lr": [plan.rates[0].lr, plan.rates[-1].lr] if plan.rates else None,
        "norm": stage.norm if plan.groups else "frozen",
        "augment": stage.augment if not extra else f"{stage.augment} + {extra} extra",
        "schedule": stage.schedule,
        "sampling": sampling_of(job.recipe, stage),
        "canvas": [canvas.width, canvas.height],
        "epochs": round(epochs, 2),
        "steps": plan.steps,
        "seconds": round((1.0 if single_pass else epochs) * (train * step + val * forward), 1),
    }


def _seconds_per_image(job: Job, canvas: InputSpec, *, train: bool) -> float:
    """Return the measured seconds per image of a training step, or of a forward pass alone."""
    device = job.runtime.device
    batch = blank_batch(job, canvas, _SAMPLE)

    def forward() -> None:
        with torch.inference_mode(), job.runtime.autocast():
            job.network(batch.images_BHW3)

    return seconds_of(partial(training_step, job, batch) if train else forward, device) / _SAMPLE
