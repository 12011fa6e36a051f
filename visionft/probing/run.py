"""From a recipe's data and some networks to what their features say.

Shape suffixes: M rows, D features, N images, R resamples.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from visionft.data.records import Dataset
from visionft.data.splits import SPLITS
from visionft.errors import DataError, RecipeError, WeightsError
from visionft.metrics.bootstrap import draw_counts, percentile_intervals
from visionft.metrics.scores import Floats, Ints, optional
from visionft.models.linear_fit import principal_axes
from visionft.probing.choices import BackboneChoice
from visionft.probing.cross_validation import OutOfFold, Rows, cross_validate, nearest
from visionft.probing.curve import learning_curve
from visionft.probing.duplicates import find_duplicates, leaks
from visionft.probing.features import Features
from visionft.probing.folds import assign_folds, contents_of
from visionft.probing.network import OnProgress, Probing, timed_in_words
from visionft.probing.result import DuplicatePair, ProbeResult, ProbeRow, SuspectLabel
from visionft.recipe import Recipe
from visionft.tasks.probing import ImageProbe, TaskProbe, probe_of

_RESAMPLES = 400


class _Measured(NamedTuple):
    """A network whose features were learned from."""

    row: ProbeRow
    rows: Rows
    found: OutOfFold
    features: Features


def probe(
    recipe: Recipe,
    dataset: Dataset,
    choices: Sequence[BackboneChoice],
    folder: Path | None = None,
    on_progress: OnProgress = lambda _what, _done, _total: None,
) -> ProbeResult:
    """Probe networks one after the other, then look at the data with the features of the best.

    Args:
        recipe: names the task, and how images are shown to networks.
        dataset: the images.
        choices: the networks.
        folder: where features are kept; None keeps none.
        on_progress: called with what is done, and (images done, images in all).

    Raises:
        DataError: when there are too few images, or nothing to tell apart, or an image cannot be read any more.
        RecipeError: when the task has no probe.
        WeightsError: when no network could be probed.
    """
    _require_learnable(dataset)
    own = probe_of(recipe.task.kind, dataset)
    contents = contents_of(dataset.samples)
    fold_N = assign_folds(dataset.samples, contents)
    probing = Probing(recipe, dataset, own, contents, folder, on_progress)
    failed: list[ProbeRow] = []
    measured: list[_Measured] = []
    best: _Measured | None = None
    for choice in choices:
        try:
            row, features = probing.features_of(choice)
        except (RecipeError, WeightsError) as error:
            failed.append(ProbeRow(str(choice), str(error)))
            continue
        one = _measure(row, features, own, dataset, fold_N)
        measured.append(_without_features(one))
        if best is None or _value(one.row) > _value(best.row):
            best = one
    if best is None:
        reasons = "\n".join(row.problem for row in failed)
        raise WeightsError(f"none of the backbones could be probed:\n{reasons}")
    resamples = max(1, min(_RESAMPLES, recipe.evaluate.bootstrap))
    ids = [sample.id for sample in dataset.samples]
    pairs = find_duplicates(best.features.images_ND, best.features.thumbnails_NT)
    return ProbeResult(
        data=dataset.name,
        task=recipe.task.kind,
        classes=dataset.class_names,
        images={split: len(dataset.split(split)) for split in SPLITS},
        score=own.score,
        timed=timed_in_words(),
        rows=(*_ranked(measured, resamples, recipe.seed), *failed),
        duplicates=tuple(_pair(dataset, *pair) for pair in pairs),
        leaks=leaks(pairs, dataset.samples),
        label_errors=tuple(_label_errors(best, dataset)),
        curve=learning_curve(best.rows, best.found, ids, resamples=resamples, seed=recipe.seed),
    )


def _require_learnable(dataset: Dataset) -> None:
    """Check that there is something to learn; an empty validation part is no harm here."""
    fatal = [str(problem) for problem in dataset.problems if problem.fatal and problem.where not in SPLITS]
    if fatal:
        raise DataError("\n".join(fatal))


def _measure(row: ProbeRow, features: Features, own: TaskProbe, dataset: Dataset, fold_N: Ints) -> _Measured:
    """Learn from the features of a network, and say how well."""
    axes_MD = principal_axes(features.rows_MD)
    targets = own.targets(dataset.samples) if isinstance(own, ImageProbe) else features.labels_M
    targets = targets.to(axes_MD) if targets.is_floating_point() else targets
    image_M = features.image_M.numpy()
    rows = Rows(own, axes_MD, targets, fold_N[image_M], image_M)
    found = cross_validate(rows)
    score, neighbours = (
        optional(np.float64(rows.score(answers_MK)))
        for answers_MK in (found.answers_MK, nearest(rows, features.rows_MD))
    )
    return _Measured(replace(row, score=score, neighbours=neighbours), rows, found, features)


def _without_features(one: _Measured) -> _Measured:
    """Return what the interval needs, so that the features of all networks need not be in memory."""
    nothing = torch.empty(0)
    return one._replace(
        rows=replace(one.rows, axes_MD=nothing), features=Features(nothing, nothing, nothing, nothing, nothing, nothing)
    )


def _value(row: ProbeRow) -> float:
    return -math.inf if row.score is None else row.score


def _ranked(measured: Sequence[_Measured], resamples: int, seed: int) -> list[ProbeRow]:
    """Return the rows by falling score, with the interval of each and of its distance to the first."""
    order = sorted(measured, key=lambda one: -_value(one.row))
    first, rows = order[0], []
    for one in order:

        def resampled(draw_RN: Ints, one: _Measured = one) -> dict[str, Floats]:
            counts_RN = draw_counts(draw_RN)
            score_R = one.rows.scores(one.found.answers_MK, counts_RN)
            return {"score": score_R, "behind": first.rows.scores(first.found.answers_MK, counts_RN) - score_R}

        found = percentile_intervals(resampled, len(one.rows.images), resamples=resamples, seed=seed)
        behind = None if one is first else found.get("behind")
        rows.append(replace(one.row, interval=found.get("score"), behind=behind))
    return rows


def _pair(dataset: Dataset, first: int, second: int, likeness: float) -> DuplicatePair:
    one, other = dataset.samples[first], dataset.samples[second]
    return DuplicatePair((one.id, other.id), (one.split, other.split), likeness, one.target == other.target)


def _label_errors(best: _Measured, dataset: Dataset) -> list[SuspectLabel]:
    """Return what is suspected, once for each image, label and what it should be."""
    image_M, places_M2 = best.features.image_M.tolist(), best.features.places_M2
    found: dict[tuple[int, str, str], SuspectLabel] = {}
    for row, given, other, certainty in best.rows.probe.suspicions(best.found.answers_MK, best.rows.targets.numpy()):
        sample = dataset.samples[image_M[row]]
        key = image_M[row], given, other
        if key in found:
            found[key] = replace(found[key], certainty=found[key].certainty + certainty, points=found[key].points + 1)
            continue
        place = None
        if len(places_M2):
            x, y = places_M2[row].tolist()
            place = x, y
        found[key] = SuspectLabel(sample.id, sample.split, given, other, certainty, place=place)
    return sorted(found.values(), key=lambda error: (-error.certainty, error.image))
