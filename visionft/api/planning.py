"""What a run's stages are, decided when it begins, written down, and taken from there when it goes on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from visionft.assemble import Job
from visionft.autotune.finish_memory import kind_of_run, remember
from visionft.autotune.planning import Outlook, decide_stages, look_ahead
from visionft.checkpoint import RunFolder
from visionft.recipe import Recipe

_RECORD = "plan"  # in run.json
_DECIDED = ("epochs", "steps", "views", "image_size")


def planned(job: Job, folder: RunFolder, spent: float) -> Outlook:
    """Decide what the recipe leaves open of the stages in a new run, and write it down; in another one only look ahead.

    Args:
        job: the live objects.
        folder: of the run.
        spent: seconds since the run began.

    Raises:
        RecipeError: when the budget is too small.
    """
    if _RECORD in folder.info or not folder.checkpoints.empty:
        return look_ahead(job)
    outlook = decide_stages(job, spent)
    if outlook.job is job and not outlook.why:
        return outlook
    folder.write_recipe(outlook.job.recipe)
    folder.record(
        recipe=outlook.job.recipe.model_dump(mode="json"),
        plan={
            "asked": job.recipe.model_dump(mode="json")["stages"],
            "why": outlook.why,
            "start_seconds": round(spent, 1),
            "stage_seconds": [round(seconds, 1) for seconds in outlook.seconds],
            "finish_seconds": round(outlook.finish.total, 1),
            "finish_of": {"kind": kind_of_run(outlook.job), "factor": outlook.factor},
        },
    )
    return outlook


def remember_finish(info: Mapping[str, Any], seconds: float) -> None:
    """Keep how long the end of a run took, for the plans of others like it.

    Args:
        info: what run.json says.
        seconds: that evaluation, page and export took.
    """
    plan = info.get(_RECORD, {})
    if (known := plan.get("finish_of")) and plan["finish_seconds"] > 0:
        remember(known["kind"], known["factor"] * seconds / plan["finish_seconds"])


def as_decided(desired: Recipe, begun: Recipe, info: Mapping[str, Any]) -> Recipe:
    """Return a recipe with what was decided of its stages when a run began, where it asks for what was asked for then.

    Args:
        desired: what is asked for now.
        begun: what the run began with, once that was decided.
        info: what run.json says.
    """
    if _RECORD not in info:
        return desired
    asked = {stage["name"]: stage for stage in info[_RECORD]["asked"]}
    now = {stage["name"]: stage for stage in desired.model_dump(mode="json")["stages"]}
    of_name = {stage.name: stage for stage in desired.stages}
    if list(asked) != list(now):
        return desired
    stages = []
    for stage in begun.stages:
        same = [key for key in _DECIDED if now[stage.name][key] == asked[stage.name][key]]
        stages.append(replace(of_name[stage.name], **{key: getattr(stage, key) for key in same}))
    left_out = asked.keys() - {stage.name for stage in begun.stages}
    if any(now[name] != asked[name] for name in left_out):
        return desired
    return desired.model_copy(update={"stages": tuple(stages)})
