"""Everything wrong with a recipe or a data folder, before any training."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visionft.api.facts import fingerprint
from visionft.api.resolving import resolve
from visionft.assemble import Runtime, load_data
from visionft.assemble.job import build_task, canvas_size, input_spec
from visionft.backbones import build_backbone
from visionft.errors import RecipeError, VisionftError
from visionft.recipe import Recipe
from visionft.sample import SPLITS, Dataset
from visionft.stages import height_and_width, plan


@dataclass(frozen=True, slots=True)
class Check:
    """What was found.

    Attributes:
        errors: what keeps training from starting.
        warnings: what a person should know.
        data: name, classes and image counts; none when the data could not be read.
        counts: class -> split -> images.
    """

    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    data: dict[str, Any] | None
    counts: dict[str, dict[str, int]]

    @property
    def ok(self) -> bool:
        """Whether training can start."""
        return not self.errors


def check(recipe: Recipe | str | Path, overrides: tuple[str, ...] = ()) -> Check:
    """Look at recipe, data and backbone, and collect everything that is wrong with any of them.

    Args:
        recipe: a Recipe, a recipe file or name, a folder of images or a CSV manifest.
        overrides: ``key=value`` texts laid over the recipe.
    """
    try:
        resolved = resolve(recipe, overrides)
    except RecipeError as error:
        return Check(tuple(str(error).splitlines()), (), None, {})
    errors: list[str] = []
    warnings: list[str] = []
    dataset: Dataset | None = None
    try:
        dataset = load_data(resolved)
        errors += [str(problem) for problem in dataset.problems if problem.fatal]
        warnings += [str(problem) for problem in dataset.problems if not problem.fatal]
    except VisionftError as error:
        errors += str(error).splitlines()
    for look in (_check_network, _check_runtime):
        try:
            look(resolved, dataset)
        except VisionftError as error:
            errors += str(error).splitlines()
    if dataset is None:
        return Check(tuple(errors), tuple(warnings), None, {})
    counts = {split: dataset.counts(split) for split in SPLITS}
    table: dict[str, dict[str, int]] = {
        name: {split: counts[split][name] for split in SPLITS} for name in dataset.class_names
    }
    return Check(tuple(errors), tuple(warnings), fingerprint(dataset), table)


def _check_network(recipe: Recipe, dataset: Dataset | None) -> None:
    """Build the backbone, with weights that are on this machine, and lay the stages over its depth groups."""
    section, size = recipe.backbone, canvas_size(recipe, dataset)
    weights = "none" if section.weights == "pretrained" else section.weights  # looking must not download
    backbone = build_backbone(section.name, weights, drop_path=section.drop_path, image_size=size)
    spec = input_spec(recipe, backbone.input, size)
    groups = backbone.groups if dataset is None else build_task(recipe, dataset).groups(backbone)
    plan(recipe.stages, [group.name for group in groups], steps_per_epoch=1)
    for stage in recipe.stages:
        given = stage.image_size
        backbone.check_size(*(height_and_width(given) if given else (spec.height, spec.width)))


def _check_runtime(recipe: Recipe, _dataset: Dataset | None) -> None:
    """Choose the device and number formats, as training would."""
    Runtime.choose(recipe, cores=1)
