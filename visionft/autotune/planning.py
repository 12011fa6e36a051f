"""The stages of a run, decided before it begins: ``views: auto``, and what a budget leaves of them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from visionft.assemble import Job
from visionft.assemble.runtime import on_cuda
from visionft.assemble.sizing import canvas_of
from visionft.autotune.budget import Need, Size, fit_to_budget
from visionft.autotune.cost import StageTimes
from visionft.autotune.estimate import measure_stages, seconds_of_stage
from visionft.autotune.finish import Finish, measure_finish
from visionft.autotune.finish_memory import kind_of_run, remembered
from visionft.autotune.stage_times import Prefixes, work_of
from visionft.autotune.views import choose_views
from visionft.errors import RecipeError
from visionft.recipe.budget import AUTO, budget_seconds, in_words
from visionft.stages import Stage, plan
from visionft.stages.depth import batches_to_look_at
from visionft.training.frozen import shows_same_images
from visionft.training.frozen_engine import Prefix

_USUAL = {False: 600.0, True: 1800.0}  # seconds on a CPU, and with CUDA, where nobody says more than which data
_SMALLER, _LEAST_SIDE = (0.75, 0.5), 64


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a run will do, and what that takes.

    Attributes:
        job: the live objects, with the stages that were decided.
        times: of the parts of each stage.
        finish: of what follows training.
        why: what was decided and why, in lines for people.
        budget: seconds that the run may take; None for as long as it does.
        prefixes: what will run frozen layers, where that was tried.
        factor: how many times as long as measured the end is expected to take, from runs that have finished.
    """

    job: Job
    times: tuple[StageTimes, ...]
    finish: Finish
    why: tuple[str, ...] = ()
    budget: float | None = None
    prefixes: Mapping[str, Prefix] = field(default_factory=dict)
    factor: float = 1.0

    @property
    def seconds(self) -> tuple[float, ...]:
        """What each stage takes."""
        return tuple(seconds_of_stage(self.job, *each) for each in zip(self.job.plans, self.times, strict=True))


def budget_of(job: Job) -> float | None:
    """Return the seconds that a run may take; None for as long as it does."""
    asked = job.recipe.budget
    return _USUAL[on_cuda(job.runtime)] if asked == AUTO else budget_seconds(asked)


def look_ahead(job: Job, prefixes: Prefixes | None = None) -> Outlook:
    """Return what a run takes as its stages are; arguments as of ``measure_stages``."""
    times = measure_stages(job, prefixes=prefixes)
    factor = remembered(kind_of_run(job))
    finish = measure_finish(job, times[-1].decode).times(factor)
    return Outlook(job, times, finish, budget=budget_of(job), prefixes=prefixes or {}, factor=factor)


def decide_stages(job: Job, spent: float) -> Outlook:
    """Decide what the recipe leaves open: views, and what is left of the stages where there is a budget.

    Args:
        job: the live objects.
        spent: seconds since the run began.

    Raises:
        RecipeError: when the budget is too small, with the least that is possible.
    """
    began = time.monotonic()
    prefixes: Prefixes = {}
    outlook = _with_open_depths(_with_views(look_ahead(job, prefixes)))
    if (budget := outlook.budget) is None:
        return outlook
    after = outlook.finish.total
    if spent + (time.monotonic() - began) + sum(outlook.seconds) + after <= budget:
        return replace(outlook, why=(*outlook.why, f"{_named(outlook)}: all stages fit as they are"))
    outlook = replace(outlook, times=measure_stages(outlook.job, outlook.times, prefixes))
    spent += time.monotonic() - began
    needs = list(_needs(outlook))
    fitted = fit_to_budget(needs, budget - spent - after, spent + after, list(_smaller(outlook.job)))
    times = tuple(need.times for need in fitted.needs)
    first, *others = fitted.why or ("all stages fit as they are",)
    why = (*outlook.why, f"{_named(outlook)}: {first}", *others)
    return replace(outlook, job=_with_stages(outlook.job, fitted.stages), times=times, why=why)


def _named(outlook: Outlook) -> str:
    more = ", which --set budget=30m raises and budget=none lifts" if outlook.job.recipe.budget == AUTO else ""
    return f"budget of {in_words(outlook.budget or 0)}{more}"


def _with_views(outlook: Outlook) -> Outlook:
    """Return an outlook in which every stage that leaves its views open has some, or none."""
    stages: list[Stage] = []
    why: list[str] = []
    for need in _needs(outlook):
        if need.stage.views != "auto":
            stages.append(need.stage)
            continue
        choice = choose_views(need.times, need.work, need.epochs, need.room, changing=need.changing)
        stages.append(replace(need.stage, views=choice.views))
        why.append(f"stage {need.stage.name}: views: {choice.views or 'none'}: {choice.why}")
    if not why:
        return outlook
    job, times, prefixes = _with_stages(outlook.job, stages), outlook.times, dict(outlook.prefixes)
    if [each.groups for each in job.plans] != [each.groups for each in outlook.job.plans]:
        times = measure_stages(job, prefixes=prefixes)  # how much may train where that is open follows from the views
    return replace(outlook, job=job, times=times, why=tuple(why), prefixes=prefixes)


def _with_open_depths(outlook: Outlook) -> Outlook:
    """Return an outlook that tells which stages decide later what trains."""
    why = [
        f"stage {each.stage.name}: unfreeze: auto: decided when it begins, by the gradients of "
        f"{batches_to_look_at(each.steps)} batches; until then as if all {len(each.groups)} depth groups train that may"
        for each in outlook.job.plans
        if each.stage.unfreeze == "auto"
    ]
    return replace(outlook, why=(*outlook.why, *why))


def _needs(outlook: Outlook) -> Iterator[Need]:
    job = outlook.job
    room = 1e9 * job.recipe.cache.memory_gigabytes
    for each, times in zip(job.plans, outlook.times, strict=True):
        changing, epochs = not shows_same_images(job, each.stage), each.steps / each.steps_per_epoch
        yield Need(each.stage, epochs, times, work_of(job, each.stage), room, changing)


def _smaller(job: Job) -> Iterator[Size]:
    """Yield smaller canvases that the network takes, where the stages leave their size to the run."""
    if job.canvas.fit == "tile" or any(stage.image_size is not None for stage in job.recipe.stages):
        return
    for factor in _SMALLER:
        height, width = (
            max(_LEAST_SIDE, round(side * factor / 32) * 32) for side in (job.canvas.height, job.canvas.width)
        )
        scale = height * width / (job.canvas.height * job.canvas.width)
        try:
            job.network.backbone.check_size(height, width)
        except RecipeError:
            continue
        if scale < 1:
            yield Size(height, width, scale)


def _with_stages(job: Job, stages: Sequence[Stage]) -> Job:
    """Return a job with other stages on the same network."""
    recipe = job.recipe.model_copy(update={"stages": tuple(stages)})
    groups = [group.name for group in job.network.head.groups(job.network.backbone)]
    plans = plan(recipe.stages, groups, job.plans[0].steps_per_epoch)
    return replace(job, recipe=recipe, plans=plans, input=canvas_of(recipe.stages[-1], job.canvas))
