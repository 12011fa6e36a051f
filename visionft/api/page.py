"""Everything about a run, put together for its report."""

from collections.abc import Mapping
from typing import Any

from visionft.api.facts import augmentation_in_words
from visionft.api.page_augmentation import augmentation_of
from visionft.api.page_results import results_of
from visionft.assemble import Job
from visionft.data.records import SPLITS, Split
from visionft.recipe import recipe_to_yaml
from visionft.report.data import DatasetFacts, ModelFacts, ReportData, StageFacts
from visionft.spec import InputSpec, ModelSpec
from visionft.tasks.base import Evaluation


def report_data(job: Job, info: Mapping[str, Any], spec: ModelSpec, evaluation: Evaluation, split: Split) -> ReportData:
    """Fill in the report of a finished run.

    Args:
        job: the live objects.
        info: what run.json says.
        spec: what the network is.
        evaluation: the metrics and what they were computed from, in the order of the data set.
        split: what it was made on.
    """
    dataset, recipe = job.dataset, job.recipe
    weights, environment = info["weights"], info["environment"]
    return ReportData(
        title=recipe.name,
        dataset=DatasetFacts(
            name=dataset.name,
            source=dataset.source,
            images={part: len(dataset.split(part)) for part in SPLITS},
        ),
        model=ModelFacts(
            backbone=f"{job.network.backbone.family}/{job.network.backbone.name}",
            weights=weights["source"],
            licence=weights["licence"],
            parameters=sum(p.numel() for p in job.network.parameters()),
            input=_input_in_words(spec.input),
        ),
        results=results_of(evaluation, dataset, split),
        split=split,
        selection=recipe.selection_value,
        stages=tuple(_stage(job, result) for result in info["stages"]),
        history=tuple(info["history"]),
        augmentation=augmentation_of(job, info["history"]),
        problems=dataset.problems,
        recipe=recipe_to_yaml(recipe),
        provenance={
            "seed": str(recipe.seed),
            "training seconds": f"{info['seconds']:.0f}",
            "device": f"{environment['device']} ({environment['cpu']}, {environment['threads']} threads)",
            "augmentation": augmentation_in_words(info),
            **environment["versions"],
            "data SHA-256": info["data"]["sha256"],
            "weights SHA-256": weights["sha256"] or "unknown",
        },
    )


def _stage(job: Job, result: Mapping[str, Any]) -> StageFacts:
    plan = job.plans[result["stage"]]
    groups = result["groups"]
    trainable = "head" if not groups else f"head and {len(groups)} groups from {groups[0]}"
    return StageFacts(
        name=result["name"],
        trainable=trainable,
        trainable_parameters=result["parameters"],
        head_rate=plan.stage.head_lr,
        backbone_rate=plan.rates[-1].lr if plan.rates else None,
        epochs=result["steps"] / plan.steps_per_epoch,
        best_epoch=result["best_epoch"],
        best_value=result["best"].get(job.recipe.selection_value),
        seconds=result["seconds"],
        ended=result["ended"],
    )


def _input_in_words(spec: InputSpec) -> str:
    fit = {
        "crop": f"centre crop of {spec.crop_pct:.1%}",
        "stretch": "stretched",
        "pad": "padded",
        "tile": f"windows that overlap by {spec.overlap:.0%}",
    }[spec.fit]
    return f"{spec.width} × {spec.height} pixels, {fit}"
