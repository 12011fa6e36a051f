"""Everything about a run, put together for its report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from visionft.api.facts import augmentation_in_words
from visionft.assemble import Job
from visionft.assemble.extra import in_words
from visionft.assemble.preview import AugmentedSample, augmented_samples, mixing_probabilities, most_augmented_stage
from visionft.data.splits import SPLITS, Split
from visionft.errors import DataError
from visionft.recipe import recipe_to_yaml
from visionft.report.data import (
    AugmentationFacts,
    DatasetFacts,
    ExportFacts,
    ModelFacts,
    ReportData,
    SeenImage,
    StageFacts,
)
from visionft.report.wording import percent
from visionft.spec import InputSpec, ModelSpec
from visionft.tasks.base import Evaluation
from visionft.tasks.view import view_of
from visionft.training.setback import setback

_IMAGES, _EPOCHS = 4, 3
_LONG_SIDE = 256  # pixels; all of them then take 0.1 to 0.4 MB
_ORIENTATIONS = {
    "fixed": "never flipped",
    "upright": "flipped left to right half the time",
    "any": "flipped, and turned by quarters",
}
_MIXINGS = {
    "mosaic": "put together from parts of four (mosaic)",
    "mixup": "with another image shining through (mixup)",
    "cutmix": "with a part of another image (cutmix)",
}


def report_data(
    job: Job,
    info: Mapping[str, Any],
    spec: ModelSpec,
    evaluation: Evaluation,
    split: Split,
    exported: Sequence[ExportFacts] = (),
) -> ReportData:
    """Fill in the report of a finished run.

    Args:
        job: the live objects.
        info: what run.json says.
        spec: what the network is.
        evaluation: the metrics and what they were computed from, in the order of the data set.
        split: what it was made on.
        exported: the files that there are.
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
        section=view_of(recipe.task.kind).section(evaluation, dataset, split),
        split=split,
        selection=recipe.selection_value,
        stages=tuple(_stage(job, result, info) for result in info["stages"]),
        history=tuple(info["history"]),
        augmentation=augmentation_of(job, info["history"]),
        problems=(*dataset.problems, *job.remarks),
        exported=tuple(exported),
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


def _stage(job: Job, result: Mapping[str, Any], info: Mapping[str, Any]) -> StageFacts:
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
        depth=info.get("unfreeze", {}).get(result["name"], {}).get("why"),
        setback=setback(info["history"], job.recipe.stages, result["stage"], job.recipe.selection_score),
    )


def _input_in_words(spec: InputSpec) -> str:
    fit = {
        "crop": f"centre crop of {spec.crop_pct:.1%}",
        "stretch": "stretched",
        "pad": "padded",
        "tile": f"windows that overlap by {spec.overlap:.0%}",
    }[spec.fit]
    return f"{spec.width} × {spec.height} pixels, {fit}"


def augmentation_of(job: Job, history: Sequence[Mapping[str, Any]]) -> AugmentationFacts | None:
    """Show a few training images as the most strongly augmented stage saw them in its first epochs.

    Args:
        job: the live objects.
        history: what run.json says of each epoch.

    Returns:
        None where no stage changes its images.
    """
    recipe, stage = job.recipe, most_augmented_stage(job.recipe, job.canvas)
    extra = in_words(recipe, stage)
    if stage.augment == "none" and not extra:
        return None
    how = []
    if stage.augment != "none":
        how = [_ORIENTATIONS[recipe.augment.orientation]]
        how += [f"{name} up to {reach:g}" for name, reach in recipe.augment.ranges.given.items()]
    mixed = mixing_probabilities(recipe, stage, job.stage_input(stage))
    how += [f"{percent(probability, 0)} {_MIXINGS[name]}" for name, probability in mixed.items()]
    how += extra
    how += filter(None, [view_of(recipe.task.kind).augmentation_note])
    facts = AugmentationFacts(stage=stage.name, strength=stage.augment, how=", ".join(how))
    epochs = [row["epoch"] for row in history if row["stage_name"] == stage.name][:_EPOCHS]
    try:
        samples = augmented_samples(
            recipe, job.dataset, job.canvas, number=_IMAGES, epochs=[epoch - 1 for epoch in epochs]
        )
    except DataError as error:  # a page without these pictures is better than none
        return replace(facts, problem=str(error))
    names = ("not augmented", *(f"epoch {epoch}" for epoch in epochs))
    return replace(facts, images=tuple(_seen(one, names, job) for one in samples))


def _seen(one: AugmentedSample, names: Sequence[str], job: Job) -> SeenImage:
    view, dataset = view_of(job.recipe.task.kind), job.dataset
    palette = view.palette(dataset)
    pictures_HW3 = (view.draw(example, palette, _LONG_SIDE) for example in one.examples)
    return SeenImage(
        id=one.sample.id,
        label=view.caption(one.sample, dataset.class_names),
        pictures_HW3=tuple(zip(names, pictures_HW3, strict=True)),
    )
