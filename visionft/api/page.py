"""Everything about a run, put together for its report.

Shape suffixes: N images, K classes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visionft.assemble import Job
from visionft.imaging import decode
from visionft.metrics import ClassificationMetrics
from visionft.recipe import recipe_to_yaml
from visionft.report.data import DatasetFacts, Example, ModelFacts, ReportData, StageFacts
from visionft.sample import SPLITS, Split
from visionft.spec import InputSpec, ModelSpec
from visionft.training.progress import selection_value

_MISTAKES, _UNSURE = 24, 8


def report_data(
    job: Job,
    info: Mapping[str, Any],
    spec: ModelSpec,
    metrics: ClassificationMetrics,
    split: Split,
    probabilities_NK: NDArray[np.float32],
) -> ReportData:
    """Fill in the report of a finished run.

    Args:
        job: the live objects.
        info: what run.json says.
        spec: what the network is.
        metrics: the evaluation.
        split: what it was made on.
        probabilities_NK: the network's results on that part, in the order of the data set.
    """
    dataset, recipe = job.dataset, job.recipe
    weights, environment = info["weights"], info["environment"]
    mistakes, unsure = _examples(job, split, probabilities_NK)
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
        metrics=metrics,
        split=split,
        selection=selection_value(recipe.evaluate.select),
        stages=tuple(_stage(job, result) for result in info["stages"]),
        history=tuple(info["history"]),
        mistakes=mistakes,
        unsure=unsure,
        problems=dataset.problems,
        recipe=recipe_to_yaml(recipe),
        provenance={
            "seed": str(recipe.seed),
            "training seconds": f"{info['seconds']:.0f}",
            "device": f"{environment['device']} ({environment['cpu']}, {environment['threads']} threads)",
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
        best_value=result["best"].get(selection_value(job.recipe.evaluate.select)),
        seconds=result["seconds"],
        ended=result["ended"],
    )


def _input_in_words(spec: InputSpec) -> str:
    fit = {"crop": f"centre crop of {spec.crop_pct:.1%}", "stretch": "stretched", "pad": "padded"}[spec.fit]
    return f"{spec.width} × {spec.height} pixels, {fit}"


def _examples(
    job: Job, split: Split, probabilities_NK: NDArray[np.float32]
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Return the most confident mistakes and the least confident right answers."""
    samples, names = job.dataset.split(split), job.dataset.class_names
    labels_N = np.array([sample.label for sample in samples])
    predicted_N, confidence_N = probabilities_NK.argmax(axis=1), probabilities_NK.max(axis=1)
    wrong_N = predicted_N != labels_N

    def example(index: int) -> Example:
        return Example(
            id=samples[index].id,
            image_HW3=decode(samples[index].path),
            true=names[samples[index].label],
            predicted=names[predicted_N[index]],
            confidence=float(confidence_N[index]),
        )

    by_confidence = [int(index) for index in np.argsort(confidence_N, kind="stable")]
    mistakes = [index for index in reversed(by_confidence) if wrong_N[index]][:_MISTAKES]
    unsure = [index for index in by_confidence if not wrong_N[index]][:_UNSURE]
    return tuple(map(example, mistakes)), tuple(map(example, unsure))
