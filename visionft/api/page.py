"""Everything about a run, put together for its report.

Shape suffixes: N images, K classes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from visionft.assemble import Job
from visionft.imaging import decode, default_palette
from visionft.metrics import image_miou
from visionft.recipe import recipe_to_yaml
from visionft.report.classification import ClassificationResults, Example
from visionft.report.data import DatasetFacts, ModelFacts, ReportData, Results, StageFacts
from visionft.report.overlays import shrink_image, shrink_mask
from visionft.report.segmentation import MaskExample, SegmentationResults
from visionft.sample import SPLITS, Dataset, Sample, Split
from visionft.spec import InputSpec, ModelSpec
from visionft.tasks.adapter import Evaluation
from visionft.tasks.classification import ClassificationEvaluation
from visionft.tasks.segmentation import SegmentationEvaluation

_MISTAKES, _UNSURE, _WORST = 24, 8, 12


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


def results_of(evaluation: Evaluation, dataset: Dataset, split: Split) -> Results:
    """Choose what the page shows of an evaluation, by its task.

    Args:
        evaluation: in the order of the data set.
        dataset: what was evaluated.
        split: which part of it.
    """
    samples = dataset.split(split)
    match evaluation:
        case ClassificationEvaluation():
            return _classified(evaluation, samples, dataset.class_names)
        case SegmentationEvaluation():
            return _segmented(evaluation, samples, dataset.palette or default_palette(dataset.class_names))
    raise TypeError(f"report: nothing is known about showing a {type(evaluation).__name__}")


def _classified(
    evaluation: ClassificationEvaluation, samples: Sequence[Sample], names: Sequence[str]
) -> ClassificationResults:
    """Show the most confident mistakes and the least confident right answers."""
    labels_N = np.array([sample.label for sample in samples])
    probabilities_NK = evaluation.probabilities_NK
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
    return ClassificationResults(
        metrics=evaluation.metrics,
        mistakes=tuple(map(example, mistakes)),
        unsure=tuple(map(example, unsure)),
    )


def _segmented(
    evaluation: SegmentationEvaluation, samples: Sequence[Sample], palette: Sequence[tuple[int, int, int]]
) -> SegmentationResults:
    """Show the worst images and, to compare, the median, the upper quartile and the best."""
    masks, total = evaluation.masks, len(samples)
    worst_first = sorted(range(total), key=lambda index: image_miou(masks[index].counts))

    def example(place: int) -> MaskExample:
        index = worst_first[place]
        sample, mask = samples[index], masks[index]
        return MaskExample(
            id=sample.id,
            rank=place + 1,
            counts=mask.counts,
            # at once, because originals of many images may not fit the memory
            image_HW3=shrink_image(decode(sample.path)),
            truth_HW=shrink_mask(sample.mask.read()),
            predicted_HW=shrink_mask(mask.labels()),
        )

    worst = min(_WORST, (total + 1) // 2)
    others = sorted({total // 2, 3 * total // 4, total - 1} - set(range(worst)))
    return SegmentationResults(
        metrics=evaluation.metrics,
        palette=palette,
        worst=tuple(map(example, range(worst))),
        others=tuple(map(example, others)),
    )
