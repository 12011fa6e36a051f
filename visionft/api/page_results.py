"""What a run's report shows of its evaluation, by task.

Shape suffixes: N images or detections, K classes, 6 left, top, right, bottom, score and class index.
"""

from collections.abc import Sequence
from heapq import nlargest
from typing import Any

import numpy as np

from visionft.data.records import Dataset, Sample, Split
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.label import Label
from visionft.data.targets.mask import Mask
from visionft.imaging import decode, default_palette, line_palette
from visionft.report.data import Results
from visionft.tasks.base import Evaluation
from visionft.tasks.classification.learning import ClassificationEvaluation
from visionft.tasks.classification.page import ClassificationResults, Example
from visionft.tasks.detection.learning import DetectionEvaluation
from visionft.tasks.instances.learning import InstanceEvaluation
from visionft.tasks.instances.page import InstanceResults
from visionft.tasks.objects.mistakes import Detected, match_image
from visionft.tasks.objects.overlays import cut_mistake, shrink_boxed
from visionft.tasks.objects.page import BoxExample, DetectionResults, Tally
from visionft.tasks.segmentation.learning import SegmentationEvaluation
from visionft.tasks.segmentation.metrics import image_miou
from visionft.tasks.segmentation.overlays import shrink_image, shrink_mask
from visionft.tasks.segmentation.page import MaskExample, SegmentationResults

_MISTAKES, _UNSURE, _WORST = 24, 8, 12


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
        case DetectionEvaluation() | InstanceEvaluation():
            return _detected(evaluation, samples, dataset.palette or line_palette(len(dataset.class_names)))
    raise TypeError(f"report: nothing is known about showing a {type(evaluation).__name__}")


def _classified(
    evaluation: ClassificationEvaluation, samples: Sequence[Sample], names: Sequence[str]
) -> ClassificationResults:
    """Show the most confident mistakes and the least confident right answers."""
    labels_N = np.array([Label.of(sample).index for sample in samples])
    probabilities_NK = evaluation.probabilities_NK
    predicted_N, confidence_N = probabilities_NK.argmax(axis=1), probabilities_NK.max(axis=1)
    wrong_N = predicted_N != labels_N

    def example(index: int) -> Example:
        return Example(
            id=samples[index].id,
            image_HW3=decode(samples[index].path),
            true=names[Label.of(samples[index]).index],
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
            truth_HW=shrink_mask(Mask.of(sample).source.read()),
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


def _detected(
    evaluation: DetectionEvaluation | InstanceEvaluation,
    samples: Sequence[Sample],
    palette: Sequence[tuple[int, int, int]],
) -> DetectionResults:
    """Show the images with most mistakes, others to compare, and the most confident wrong detections."""
    metrics, total = evaluation.metrics, len(samples)
    masks = evaluation.masks if isinstance(evaluation, InstanceEvaluation) else None
    names = tuple(metrics.per_class)
    matches = [
        match_image(found_N6, Boxes.of(sample), thresholds=metrics.thresholds)
        for found_N6, sample in zip(evaluation.detections, samples, strict=True)
    ]
    worst_first = sorted(range(total), key=lambda index: -matches[index].badness)

    def example(place: int) -> BoxExample:
        index = worst_first[place]
        sample = samples[index]
        image_HW3 = decode(sample.path)
        return BoxExample(
            id=sample.id,
            rank=place + 1,
            image_HW3=shrink_boxed(image_HW3),
            size=(image_HW3.shape[1], image_HW3.shape[0]),
            boxes=Boxes.of(sample),
            match=matches[index],
            masks=tuple(masks[index][one.row] for one in matches[index].detected) if masks is not None else None,
        )

    def cut(index: int, one: Detected) -> Example:
        sample = samples[index]
        return cut_mistake(decode(sample.path), one, Boxes.of(sample), names, sample.id)

    wrong = ((index, one) for index, match in enumerate(matches) for one in match.wrong)
    surest = nlargest(_MISTAKES, wrong, key=lambda pair: pair[1].score)
    worst = min(_WORST, (total + 1) // 2)
    others = sorted({total // 2, 3 * total // 4, total - 1} - set(range(worst)))
    shown: dict[str, Any] = {
        "palette": palette,
        "tally": Tally.of(matches),
        "worst": tuple(map(example, range(worst))),
        "others": tuple(map(example, others)),
        "mistakes": tuple(cut(index, one) for index, one in surest),
    }
    if isinstance(evaluation, InstanceEvaluation):
        return InstanceResults(metrics=evaluation.metrics, **shown)
    return DetectionResults(metrics=metrics, **shown)
