"""Everything a training run needs, built once from the recipe."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from visionft.assemble.runtime import Runtime
from visionft.augment import CpuAugmenter
from visionft.backbones import build_backbone
from visionft.data.dataset import load_dataset
from visionft.data.loader import Loader
from visionft.data.plan import batches_per_epoch
from visionft.errors import DataError
from visionft.recipe import Recipe
from visionft.sample import Dataset, Split
from visionft.seeds import derive_seed
from visionft.spec import InputSpec
from visionft.stages import Stage, StagePlan, plan
from visionft.tasks import TASKS
from visionft.tasks.adapter import TaskAdapter
from visionft.tasks.network import TaskNetwork


@dataclass(frozen=True, slots=True)
class Job:
    """The live objects of one run.

    Attributes:
        recipe: what was asked for.
        dataset: samples of all splits.
        task: loss, final form and metrics.
        network: backbone and head on the device, in the chosen memory format.
        input: the canvas of the finished model.
        plans: one per stage, in order.
        runtime: device and number formats.
    """

    recipe: Recipe
    dataset: Dataset
    task: TaskAdapter
    network: TaskNetwork
    input: InputSpec
    plans: tuple[StagePlan, ...]
    runtime: Runtime

    def stage_input(self, stage: Stage) -> InputSpec:
        """Return the canvas of a stage."""
        size = stage.image_size
        return self.input if size is None else replace(self.input, height=size, width=size)

    def train_loader(self, stage: Stage) -> Loader:
        """Return the shuffled, augmented training images of a stage."""
        augmenter = CpuAugmenter(stage.augment, self.recipe.augment.orientation)
        return self._loader("train", self.stage_input(stage), augmenter)

    def eval_loader(self, split: Split, spec: InputSpec) -> Loader:
        """Return the images of a split, as they are, in the order of the data set."""
        return self._loader(split, spec, None)

    def _loader(self, split: Split, spec: InputSpec, augment: CpuAugmenter | None) -> Loader:
        return Loader(
            self.dataset.split(split),
            spec,
            self.recipe.optim.batch_size,
            seed=self.recipe.seed,
            augment=augment,
            workers=self.runtime.workers,
            pin_memory=self.runtime.device.type == "cuda",
        )


def load_data(recipe: Recipe, on_progress: Callable[[int, int], None] | None = None) -> Dataset:
    """Read the data set that the recipe names.

    Raises:
        DataError: when there is nothing to train on.
    """
    section = recipe.data
    if section.path is None and section.format in ("auto", "folder", "manifest"):
        raise DataError("data.path: no images named; set data.path in the recipe or give --set data.path=FOLDER")
    return load_dataset(
        section.path,
        format=section.format,
        classes=section.classes,
        val_fraction=section.val_fraction,
        test_fraction=section.test_fraction,
        strict=section.strict,
        on_progress=on_progress,
    )


def assemble(recipe: Recipe, dataset: Dataset, *, pretrained: bool = True) -> Job:
    """Build the network, its plan and its runtime.

    Args:
        recipe: what was asked for.
        dataset: what ``load_data`` found.
        pretrained: false when trained weights will be loaded over the network anyway, so that none are fetched.

    Raises:
        RecipeError: for a stage or size that the backbone cannot serve.
        WeightsError: when the pretrained weights cannot be had.
        DataError: when the training or validation part is empty.
    """
    fatal = [str(problem) for problem in dataset.problems if problem.fatal]
    if fatal:
        raise DataError("\n".join(fatal))
    train = dataset.split("train")
    for split in ("train", "val"):
        if not dataset.split(split):
            raise DataError(f"{dataset.name}: no images in the {split} part; give it some, or change data.val_fraction")
    torch.manual_seed(derive_seed(recipe.seed, "weights"))  # the head's, and the backbone's when it has none
    section = recipe.backbone
    backbone = build_backbone(
        section.name,
        section.weights if pretrained else "none",
        drop_path=section.drop_path,
        image_size=recipe.input.size,
    )
    spec = _input_spec(recipe, backbone.input)
    task = build_task(recipe, dataset)
    network = TaskNetwork(backbone, task, spec)
    runtime = Runtime.choose(recipe, os.cpu_count() or 1)
    runtime.prepare(network)
    batches = batches_per_epoch(len(train), recipe.optim.batch_size)
    steps_per_epoch = -(-batches // recipe.optim.accumulate)
    plans = plan(recipe.stages, [group.name for group in backbone.groups], steps_per_epoch)
    job = Job(recipe, dataset, task, network, spec, plans, runtime)
    sizes = {(canvas.height, canvas.width) for canvas in map(job.stage_input, recipe.stages)}
    for height, width in sizes - {(backbone.input.height, backbone.input.width)}:  # that one it was built with
        backbone.check_size(height, width)
    last = job.stage_input(recipe.stages[-1])  # the model is deployed as it was last trained
    return replace(job, input=last)


def build_task(recipe: Recipe, dataset: Dataset) -> TaskAdapter:
    """Return the recipe's task for the data set's classes."""
    section = recipe.task
    balanced = section.class_weights == "balanced"
    arguments: dict[str, Any] = {
        "head": section.head,
        "dropout": section.dropout,
        "label_smoothing": section.label_smoothing,
        "class_counts": list(dataset.counts("train").values()) if balanced else None,
    }
    task: TaskAdapter = TASKS[section.kind](dataset.class_names, **arguments)
    return task


def _input_spec(recipe: Recipe, weights: InputSpec) -> InputSpec:
    """Lay the recipe's input section over what the weights were trained with."""
    given = recipe.input
    size = given.size
    return replace(
        weights,
        height=size or weights.height,
        width=size or weights.width,
        fit=given.fit,
        crop_pct=given.crop_pct or weights.crop_pct,
    )
