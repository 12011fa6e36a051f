"""What a run will do, stage by stage, before it does it."""

from collections.abc import Hashable, Sequence
from typing import Any

from visionft.assemble import Job
from visionft.assemble.job import sampling_of
from visionft.autotune.cost import StageTimes, stage_seconds
from visionft.autotune.stage_times import Prefixes, stage_times, with_kept_times, work_of
from visionft.autotune.timing import nothing_learned
from visionft.stages import StagePlan
from visionft.training.frozen import shows_same_images
from visionft.training.memory import out_of_memory_named


def measure_stages(
    job: Job, known: Sequence[StageTimes] = (), prefixes: Prefixes | None = None
) -> tuple[StageTimes, ...]:
    """Time the parts of every stage on the first images; the network is left as it was.

    Args:
        job: the live objects.
        known: what was measured of each stage as it is, where it is of interest what kept views would take in those
            that ask for none.
        prefixes: takes what will run frozen layers, where that is not torch; None measures torch alone.
    """
    of_kind = {_alike(job, plan): times for plan, times in zip(job.plans, known, strict=bool(known))}
    with nothing_learned(job), out_of_memory_named(job):
        for plan in job.plans:
            before = of_kind.get(key := _alike(job, plan))
            if before is None:
                of_kind[key] = stage_times(job, plan, prefixes)
            elif known and before.kept is None and not before.why_not:
                of_kind[key] = with_kept_times(job, plan, before, prefixes)
    return tuple(of_kind[_alike(job, plan)] for plan in job.plans)


def _alike(job: Job, plan: StagePlan) -> Hashable:
    """Return what stages that take the same time have in common."""
    stage = plan.stage
    transforms = repr(job.recipe.extra_transforms(stage))
    open_for = plan.steps if stage.unfreeze == "auto" else None  # which decides how long it takes to decide
    looks = stage.augment, transforms, stage.views is None
    return job.stage_input(stage), plan.groups, open_for, stage.norm, *looks


def outline(job: Job, times: Sequence[StageTimes]) -> list[dict[str, Any]]:
    """Return one row per stage: what trains, at which rates, for how long, and the estimated seconds.

    Args:
        job: the live objects.
        times: of each stage, see ``measure_stages``.
    """
    return [_row(job, plan, each) for plan, each in zip(job.plans, times, strict=True)]


def seconds_of_stage(job: Job, plan: StagePlan, times: StageTimes) -> float:
    """Return the estimated seconds of a stage as it is planned."""
    views = plan.stage.number_of_views
    views = 1 if views is not None and shows_same_images(job, plan.stage) else views
    return stage_seconds(times, work_of(job, plan.stage), plan.steps / plan.steps_per_epoch, views)


def _row(job: Job, plan: StagePlan, times: StageTimes) -> dict[str, Any]:
    stage, groups = plan.stage, job.network.head.groups(job.network.backbone)
    at_most = "at most " if stage.unfreeze == "auto" else ""
    canvas, extra = job.stage_input(stage), len(job.recipe.extra_transforms(stage))
    return {
        "stage": stage.name,
        "trains": "head" if not plan.groups else f"head, {at_most}{len(plan.groups)} of {len(groups)}",
        "from_group": plan.groups[0] if plan.groups else None,
        "parameters": times.parameters,
        "head_lr": stage.head_lr,
        "backbone_lr": [plan.rates[0].lr, plan.rates[-1].lr] if plan.rates else None,
        "norm": stage.norm if plan.groups else "frozen",
        "augment": stage.augment if not extra else f"{stage.augment} + {extra} extra",
        "schedule": stage.schedule,
        "sampling": sampling_of(job.recipe, stage),
        "canvas": [canvas.width, canvas.height],
        "views": stage.views,
        "epochs": round(plan.steps / plan.steps_per_epoch, 2),
        "steps": plan.steps,
        "seconds": round(seconds_of_stage(job, plan, times), 1),
    }
