"""The objects of a training run, built from its recipe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray

from visionft.assemble import images
from visionft.assemble.built import BuildFacts
from visionft.assemble.decoding import decode_of
from visionft.assemble.extra import extra_transforms
from visionft.assemble.parts import NONE_HANDED_OVER, Parts, require_fitting_head
from visionft.assemble.runtime import Runtime
from visionft.assemble.sizing import Sizing, canvas_of, input_spec
from visionft.augment import Augmenter, Mixing
from visionft.augment.batch import Normalised
from visionft.augment.device import DeviceAugmenter
from visionft.catalog import IN_MEMORY, imported
from visionft.cores import usable_cores
from visionft.data.records import Dataset, Problem
from visionft.data.splits import SPLITS, Split
from visionft.errors import DataError, RecipeError
from visionft.imaging.canvas import fill_colour
from visionft.loading.batches import Batches
from visionft.loading.loader import Loader
from visionft.loading.order import batches_per_epoch
from visionft.loading.sampling import repeat_factors
from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS
from visionft.models.network import TaskNetwork
from visionft.recipe import Recipe
from visionft.seeds import derive_seed
from visionft.spec import InputSpec
from visionft.stages import Sampling, Stage, StagePlan, plan
from visionft.tasks import TASKS
from visionft.tasks.learner import Learner

OnProgress = Callable[[int, int], None]

_NOTHING: Mapping[str, int] = MappingProxyType({})


def no_progress(_done: int, _total: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True, repr=False)
class Job:
    """The live objects of one run.

        job = vft.build("photos/")
        job.network.backbone, job.network.head, job.plans, job.dataset.class_names
        run = vft.fit(job)

    A value: ``vft.fit`` trains a copy of its network. The weights of ``network`` are yours to change before that.

    Attributes:
        recipe: what was asked for.
        dataset: samples of all splits.
        task: its metrics.
        network: backbone and head on the device, in the chosen memory format.
        canvas: what images are put on in stages that name no size.
        input: the canvas of the finished model, which is that of the last stage.
        plans: one per stage, in order.
        runtime: device and number formats.
        sizing: what the data have decided.
        augments: whether the device that trains augments the images, and not the processes that load them, in the
            stages in which it can, see ``augments_in``.
        remarks: what a person should know of the data on their canvas.
        built: how it was built.
        parts: what the program has handed over.
    """

    recipe: Recipe
    dataset: Dataset
    task: Learner
    network: TaskNetwork
    canvas: InputSpec
    input: InputSpec
    plans: tuple[StagePlan, ...]
    runtime: Runtime
    sizing: Sizing
    augments: bool = False
    remarks: tuple[Problem, ...] = ()
    built: BuildFacts = field(default_factory=BuildFacts)
    parts: Parts = NONE_HANDED_OVER

    def __repr__(self) -> str:
        backbone, classes = self.network.backbone, len(self.dataset.class_names)
        images = ", ".join(f"{len(self.dataset.split(split))} {split}" for split in SPLITS)
        stages = ", ".join(f"{plan.stage.name}: {plan.steps}" for plan in self.plans)
        return (
            f"Job({self.recipe.name}: {self.task.kind}, {classes} {self.dataset.target.named[1]}; images: {images}; "
            f"{backbone.family}/{backbone.name} on {self.input.width} x {self.input.height}; steps of {stages}; "
            f"{self.runtime.device})"
        )

    def stage_input(self, stage: Stage) -> InputSpec:
        """Return the canvas of a stage."""
        return canvas_of(stage, self.canvas)

    def augments_in(self, stage: Stage) -> bool:
        """Say whether the device that trains augments the images of a stage."""
        return self.augments and not self.recipe.extra_transforms(stage)

    def train_loader(
        self, stage: Stage, *, single_pass: bool = False, on_progress: OnProgress = no_progress
    ) -> Batches:
        """Return the shuffled, augmented training images of a stage.

        Args:
            stage: one of the recipe's.
            single_pass: whether they are read once only, so that they need not stay on the device.
            on_progress: called with (images there, images in all) while they are brought there.
        """
        spec = self.stage_input(stage)
        augment, mix = augmentation(self.recipe, stage, spec, defer_to_device=self.augments_in(stage))
        resident = not single_pass and self.resident(stage)
        return images.batches(
            self.recipe,
            self.runtime,
            self.dataset.split("train"),
            spec,
            augment,
            mix,
            resident=resident,
            factors_N=self.repeat_factors(stage),
            on_progress=on_progress,
        )

    def repeat_factors(self, stage: Stage) -> NDArray[np.float64] | None:
        """Return how often each training image is drawn in an epoch of a stage; None where each is drawn once."""
        return repeat_factors(self.dataset.split("train"), sampling_of(self.recipe, stage))

    def val_loader(self, stage: Stage, *, single_pass: bool = False, on_progress: OnProgress = no_progress) -> Batches:
        """Return the validation images on a stage's canvas; arguments as of ``train_loader``."""
        spec = self.stage_input(stage)
        resident = not single_pass and images.keep_resident(
            self.recipe, self.runtime, self.dataset, spec, None, on_device=True
        )
        samples = self.dataset.split("val")
        return images.batches(self.recipe, self.runtime, samples, spec, resident=resident, on_progress=on_progress)

    def resident(self, stage: Stage) -> bool:
        """Return whether the training images of a stage stay on the device that trains.

        Raises:
            RecipeError: when they are to, and there is not the memory.
        """
        spec = self.stage_input(stage)
        augment, mix = augmentation(self.recipe, stage, spec)
        on_device = self.augments_in(stage) or (augment.policy is None and augment.transforms is None)
        return images.keep_resident(self.recipe, self.runtime, self.dataset, spec, mix, on_device=on_device)

    def device_augmenter(self, stage: Stage) -> DeviceAugmenter | None:
        """Return the augmenter of a stage's training images on the device; None where the loader augments."""
        spec = self.stage_input(stage)
        augment, _ = augmentation(self.recipe, stage, spec)
        policy = augment.policy
        if policy is None or not (self.augments_in(stage) or policy.mixup or policy.cutmix):
            return None
        numbers = torch.bfloat16 if self.runtime.bf16 else torch.float32
        normalised = Normalised(spec.mean, spec.std, numbers)
        classes = len(self.dataset.class_names)
        return DeviceAugmenter(normalised, self.dataset.target, augment.fill, classes=classes)

    def eval_loader(self, split: Split, spec: InputSpec) -> Loader:
        """Return the images of a split, unaugmented and decoded on the CPU, in the order of the data set."""
        return images.loader(self.recipe, self.runtime, self.dataset.split(split), spec)


def assemble(
    recipe: Recipe,
    dataset: Dataset,
    *,
    pretrained: bool = True,
    sizing: Sizing | None = None,
    parts: Parts = NONE_HANDED_OVER,
) -> Job:
    """Build the network, its plan and its runtime.

    Args:
        recipe: what was asked for.
        dataset: what ``load_data`` found.
        pretrained: false when trained weights will be loaded over the network anyway, so that none are fetched.
        sizing: what the data decided when the run began; None decides now.
        parts: what the program hands over of what the recipe says is in memory.

    Raises:
        RecipeError: for a part that cannot be used, or is not handed over; for a stage or size that the backbone cannot
            serve.
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
    sizing = sizing or Sizing.of(recipe, dataset)
    network, task, spec = build_network(recipe, dataset, sizing, parts, pretrained=pretrained)
    backbone = network.backbone
    decode = sizing.decode or decode_of(recipe, dataset, spec)
    sizing, spec = replace(sizing, decode=decode), replace(spec, decode=decode)
    if parts.head is not None:
        require_fitting_head(network, task, spec)
    runtime = Runtime.choose(recipe, usable_cores())
    runtime.prepare(network)
    batches = batches_per_epoch(len(train), recipe.optim.batch_size)
    steps_per_epoch = -(-batches // recipe.optim.accumulate)
    plans = plan(recipe.stages, [group.name for group in network.head.groups(backbone)], steps_per_epoch)
    last = canvas_of(recipe.stages[-1], spec)  # the model is deployed as it was last trained
    job = Job(
        recipe,
        dataset,
        task,
        network,
        spec,
        last,
        plans,
        runtime,
        sizing,
        augments=recipe.augment.device == "cuda",
        remarks=sizing.remarks(recipe, dataset),
        parts=parts,
    )
    require_stages(recipe, backbone, spec)
    return job


def build_network(
    recipe: Recipe, dataset: Dataset, sizing: Sizing, parts: Parts = NONE_HANDED_OVER, *, pretrained: bool
) -> tuple[TaskNetwork, Learner, InputSpec]:
    """Build a network on the CPU.

    Args:
        recipe: what was asked for.
        dataset: says which classes there are, and how many training images of each.
        sizing: what the data have decided.
        parts: what the program hands over of what the recipe says is in memory.
        pretrained: whether the backbone's weights are fetched.

    Returns:
        The network, its task, and the canvas of stages without a size.

    Raises:
        RecipeError: for a part that cannot be used, or is not handed over.
        WeightsError: when the pretrained weights cannot be had.
    """
    torch.manual_seed(derive_seed(recipe.seed, "weights"))  # the head's, and the backbone's when it has none
    parts.require_for(recipe)
    backbone = parts.make_backbone(recipe.backbone, sizing.size, pretrained=pretrained)
    spec = input_spec(recipe, backbone.input, sizing, dataset.reading)
    with parts.handed_over(recipe):
        task = build_task(recipe, dataset, sizing.arguments)
        return TaskNetwork(backbone, task.build_head(backbone), spec), task, spec


def require_stages(recipe: Recipe, backbone: Backbone, spec: InputSpec) -> None:
    """Check that every stage can augment on its canvas, and that the network takes that.

    Args:
        recipe: what was asked for.
        backbone: the network.
        spec: the canvas of stages without a size.

    Raises:
        RecipeError: for a stage or size that cannot be served.
    """
    canvases = [canvas_of(stage, spec) for stage in recipe.stages]
    for stage, canvas in zip(recipe.stages, canvases, strict=True):
        augmentation(recipe, stage, canvas)
    sizes = dict.fromkeys((canvas.height, canvas.width) for canvas in canvases)
    sizes.pop((backbone.input.height, backbone.input.width), None)  # that one it was built with
    for height, width in sizes:
        backbone.check_size(height, width)


def sampling_of(recipe: Recipe, stage: Stage) -> Sampling:
    """Return how the training images of a stage are drawn."""
    return stage.sampling or recipe.data.sampling


def require_room(recipe: Recipe, runtime: Runtime, dataset: Dataset, spec: InputSpec) -> None:
    """Check that the device has memory for the images of every stage that are kept resident on it.

    Raises:
        RecipeError: when there is not.
    """
    for stage in recipe.stages:
        images.keep_resident(recipe, runtime, dataset, canvas_of(stage, spec), None, on_device=True)


def augmentation(
    recipe: Recipe, stage: Stage, spec: InputSpec, *, defer_to_device: bool = False
) -> tuple[Augmenter, Mixing | None]:
    """Return the augmenter of a stage's training images, and how images are mixed before it.

    They are where objects are learned, in stages that augment, but for the last; images of whole classes are mixed in
    their batch.

    Args:
        recipe: what was asked for.
        stage: one of its stages.
        spec: the canvas of that.
        defer_to_device: whether the device that trains changes the pixels.

    Raises:
        RecipeError: for transforms that cannot be used on that canvas.
    """
    section = recipe.augment
    augmentation = TASKS[recipe.task.kind].augmentation
    objects = augmentation != "images"
    augmenter = Augmenter(
        stage.augment,
        section.orientation,
        fill_colour(spec) if objects else None,
        polygons=augmentation == "polygons",
        ranges=section.ranges.given,
        mixup=0.0 if objects else section.mixup,
        cutmix=section.cutmix,
        transforms=extra_transforms(recipe, stage, spec, objects=objects),
        defer_to_device=defer_to_device,
    )
    mixing = Mixing(section.mosaic, section.mixup)
    mixed = objects and stage.augment != "none" and stage is not recipe.stages[-1] and mixing != Mixing()
    return augmenter, mixing if mixed else None


def build_task(recipe: Recipe, dataset: Dataset, measured: Mapping[str, int] = _NOTHING) -> Learner:
    """Return the recipe's task for the data set's classes.

    Args:
        recipe: what was asked for.
        dataset: the classes.
        measured: further arguments of its learner, see ``Sizing``.
    """
    options = recipe.task
    predicts = TASKS[options.kind].predicts
    if options.head not in (None, IN_MEMORY) and HEADS[options.head].predicts != predicts:
        fitting = ", ".join(name for name in HEADS if HEADS[name].predicts == predicts)
        raise RecipeError(f"task.head: {options.head} is no head for {options.kind}; these are: {fitting}")
    learner = imported(TASKS[options.kind].learner)
    task: Learner = learner(dataset.class_names, **options.learner_arguments(dataset), **measured)
    return task
