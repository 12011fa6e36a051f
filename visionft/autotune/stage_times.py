"""What the parts of a stage take, measured on the first images of a run with the run's own code.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch.optim import Optimizer

from visionft.assemble import Job
from visionft.assemble.job import augmentation
from visionft.autotune.cost import KeptTimes, StageTimes, Work
from visionft.autotune.measure import batch_of, loading_as_in_a_worker, seconds_of_each
from visionft.autotune.timing import seconds_of
from visionft.autotune.views import MOST_VIEWS
from visionft.batch import AnyBatch, Batch, FeatureBatch
from visionft.imaging.placement import windows
from visionft.loading.canvases import Canvases
from visionft.loading.loader import CACHE_BYTES
from visionft.loading.order import training_plan
from visionft.models.backbones.placeholder import CannotCut
from visionft.stages import Stage, StagePlan
from visionft.stages.depth import batches_to_look_at
from visionft.tasks.learner import named_outputs
from visionft.training.frozen import features_can_be_kept
from visionft.training.frozen_engine import Prefix, try_engines
from visionft.training.head_start import EVALUATIONS, fitted_rows
from visionft.training.kept_views import KeptViews, why_not_kept
from visionft.training.optimizer import enter_stage
from visionft.training.step import Stepper

Prefixes = dict[str, Prefix]
"""What runs frozen layers, by what they compute."""

_IMAGES, _READING = 32, 0.5  # that are read, in at most so many seconds
_STEP, _REPEATS, _LEAST = 0.5, 3, 2  # seconds of a step that is timed, how often, and images at least
_ROWS = 512  # of features, of which the loss is timed
_DISK = 2e8  # bytes a second that a checkpoint is written, hashed and synced with


def work_of(job: Job, stage: Stage) -> Work:
    """Return how much there is to do in an epoch of a stage."""
    spec, (train, val) = job.stage_input(stage), (job.dataset.split("train"), job.dataset.split("val"))
    canvases = sum(len(list(windows(sample.size, spec))) for sample in val) if spec.fit == "tile" else len(val)
    area = spec.width * spec.height
    size = 3 * sum(sample.size[0] * sample.size[1] if spec.fit == "tile" else area for sample in train)
    workers = job.runtime.workers
    return Work(len(train), canvases, workers, stays=job.resident(stage) or (not workers and size <= CACHE_BYTES))


def stage_times(job: Job, plan: StagePlan, prefixes: Prefixes | None = None) -> StageTimes:
    """Time the parts of a stage; the network enters it and is trained a little, so call it in ``nothing_learned``.

    What kept views take is measured where the stage asks for some, and what it takes without them where it may have
    none.

    Args:
        job: the live objects.
        plan: the stage.
        prefixes: takes what will run the frozen layers, where that is not torch; None measures torch alone.

    Raises:
        DataError: naming a file that cannot be read any more.
    """
    decode, augment, batch, plain = _loaded(job, plan.stage)
    optimizer = enter_stage(job, plan)
    step = _stepping(job, plan, optimizer)
    kept, why_not, single_pass = None, "", features_can_be_kept(job, plan)
    if single_pass:
        kept = _features(job, plain, step)
    elif plan.stage.views is not None:
        kept, why_not = _kept(job, plan, batch, step, prefixes)
    if kept is not None and plan.stage.fit_head and job.network.head.keeps_features:
        kept = replace(kept, fit=_fitting(job, plan, plain))
    trained = sum(p.numel() * p.element_size() for group in optimizer.param_groups for p in group["params"])
    stored = sum(tensor.nbytes for tensor in job.network.state_dict().values())
    always_kept = kept is not None and (single_pass or plan.stage.number_of_views is not None)
    decides = plan.stage.unfreeze == "auto"  # by steps of the whole network
    seconds_of_step = 0.0 if always_kept and not decides else _of_an_image(step, batch, job)
    return StageTimes(
        decode,
        augment,
        step=seconds_of_step,
        forward=0.0 if always_kept else _of_an_image(partial(_validate, job), plain, job),
        saving=2 * (stored + trained) / _DISK,
        kept=kept,
        why_not=why_not,
        single_pass=single_pass,
        parameters=sum(p.numel() for group in optimizer.param_groups for p in group["params"]),
        deciding=_deciding(job, plan, decode + augment + seconds_of_step),
    )


def _deciding(job: Job, plan: StagePlan, seconds: float) -> float:
    """Return the seconds until it is decided how deep a stage goes, given those of an image."""
    if plan.stage.unfreeze != "auto":
        return 0.0
    images = min(job.recipe.optim.batch_size, len(job.dataset.split("train")))
    return batches_to_look_at(plan.steps) * images * seconds


def _fitting(job: Job, plan: StagePlan, plain: Batch) -> float:
    """Return the seconds that fitting the head takes, from what its loss takes on made-up features."""
    few = _first(plain, _LEAST)
    with torch.no_grad(), job.runtime.autocast():
        width = job.network.features(few.to(job.runtime.device).images_BHW3).shape[1]
    rows = [row % len(few) for row in range(_ROWS)]
    targets = job.dataset.target.chosen(few.targets, torch.tensor(rows))
    noise_BD = torch.randn(_ROWS, width, generator=torch.Generator().manual_seed(0))
    batch = FeatureBatch(noise_BD, targets, tuple(few.ids[row] for row in rows)).to(job.runtime.device)
    weights = [parameter for parameter in job.network.head.parameters() if parameter.requires_grad]

    def loss() -> None:
        torch.autograd.grad(job.network.head(batch.features_BD, batch.targets).total, weights, allow_unused=True)

    fitted = fitted_rows(len(job.dataset.split("train")), plan.stage.number_of_views or 1)
    return EVALUATIONS * fitted * seconds_of(loss, job.runtime.device, _REPEATS) / _ROWS


def with_kept_times(job: Job, plan: StagePlan, times: StageTimes, prefixes: Prefixes | None = None) -> StageTimes:
    """Return the times of a stage that asks for no views, with what they would take."""
    _, _, batch, _ = _loaded(job, plan.stage)
    kept, why_not = _kept(job, plan, batch, _stepping(job, plan, enter_stage(job, plan)), prefixes)
    return replace(times, kept=kept, why_not=why_not)


def _stepping(job: Job, plan: StagePlan, optimizer: Optimizer) -> Callable[[AnyBatch], object]:
    stepper = Stepper(job, plan, optimizer)
    return lambda some: stepper.take([some], run_step=0, stage_step=0)


def _loaded(job: Job, stage: Stage) -> tuple[float, float, Batch, Batch]:
    """Return the seconds to decode and to augment an image, and a batch of both kinds."""
    spec, seed, size = job.stage_input(stage), job.recipe.seed, job.recipe.optim.batch_size
    samples = job.dataset.split("train")
    indices = next(training_plan(len(samples), _IMAGES, seed=seed, epoch=0))
    augment, mix = augmentation(job.recipe, stage, spec)
    canvases = Canvases(samples, spec, seed=seed, augment=None, mix=mix, training=True, cache_bytes=0)
    changing = Canvases(samples, spec, seed=seed, augment=augment, training=True, cache_bytes=0)
    with loading_as_in_a_worker(job.runtime.workers):
        decode, examples = seconds_of_each(canvases.__getitem__, [(0, index) for index in indices], _READING)
        pairs = [(example, (0, index)) for example, index in zip(examples, indices, strict=False)]
        change, changed = seconds_of_each(lambda pair: changing.augmented(*pair), pairs, _READING)
    chosen = [samples[index] for index in indices]
    return decode, change, batch_of(changed, chosen, size), batch_of(examples, chosen, size)


def _features(job: Job, plain: Batch, step: Any) -> KeptTimes:
    """Time a stage whose frozen backbone runs once."""
    job.network.eval()
    with torch.no_grad(), job.runtime.autocast():
        features = job.network.features(plain.to(job.runtime.device).images_BHW3).float()
    batch = FeatureBatch(features, plain.targets, plain.ids)

    def run(some: Batch) -> None:
        with torch.no_grad(), job.runtime.autocast():
            job.network.features(some.to(job.runtime.device).images_BHW3)

    prefix = _of_an_image(run, plain, job)
    job.network.train()
    forward = _of_an_image(partial(_validate, job), batch, job)
    return KeptTimes(prefix, _of_an_image(step, batch, job), forward, features[0].nbytes)


def _kept(
    job: Job, plan: StagePlan, batch: Batch, step: Any, prefixes: Prefixes | None
) -> tuple[KeptTimes | None, str]:
    """Time a stage with kept views; return why that cannot be, in words, where it cannot."""
    if plan.stage.unfreeze == "all" or len(plan.groups) == len(job.network.head.groups(job.network.backbone)):
        return None, "nothing is frozen"
    if reason := why_not_kept(job, plan):
        return None, reason
    few = _first(batch, min(len(batch), 8))
    source: Any = _Few(few)
    try:
        views = KeptViews(job, plan.stage, "train", source, 1)
    except CannotCut as error:
        return None, f"the network {error}"
    prefix = seconds_of(lambda: views.first_view(len(few)), job.runtime.device, 2) / len(few)
    if prefixes is not None and job.runtime.device.type == "cpu":
        prefix = _by_engine(job, plan, views, few, prefixes) or prefix
    kept = views.first_view(len(few))
    repeats = -(-job.recipe.optim.batch_size // len(few))
    whole = views.joined(kept, [row % len(few) for row in range(repeats * len(few))])
    forward, size = _of_an_image(partial(_validate, job), whole, job), views.bytes_in_all
    return KeptTimes(prefix, _of_an_image(step, whole, job), forward, size // len(job.dataset.split("train"))), ""


def _by_engine(job: Job, plan: StagePlan, views: KeptViews, few: Batch, prefixes: Prefixes) -> float | None:
    """Return the seconds of an image where another engine runs the frozen layers; None where torch does."""
    asked = job.recipe.runtime.frozen
    if asked == "eager":
        return None
    stage, work, computes = plan.stage, work_of(job, plan.stage), views.key_by("eager", read=False)
    if computes not in prefixes:
        looks = stage.number_of_views or min(MOST_VIEWS, math.ceil(plan.steps / plan.steps_per_epoch))
        tried = try_engines(job, stage, lambda: views.cut, asked, looks * work.train + work.val)
        prefixes[computes] = Prefix(stage.name, computes, *tried)
    choice, exported = prefixes[computes].choice, prefixes[computes].exported
    if exported is None:
        return None
    known = (choice.seconds or {}).get(choice.engine)
    return known or seconds_of(lambda: exported(few.images_BHW3), job.runtime.device) / len(few)


class _Few:
    """Stands in for a loader of a few images."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def view(self, _epoch: int) -> Iterator[Batch]:
        """Yield them."""
        yield self._batch


def _first(batch: Any, images: int) -> Any:
    """Return the first images of a batch of any kind, as many as are wanted."""
    if not isinstance(batch, Batch) or images >= len(batch):
        return batch
    targets = (
        type(batch.targets)(*(part[:images] for part in batch.targets))
        if isinstance(batch.targets, tuple)
        else batch.targets[:images]
    )
    return Batch(batch.images_BHW3[:images], targets, batch.ids[:images], batch.params[:images])


def _of_an_image(action: Any, batch: Any, job: Job) -> float:
    """Return the seconds of an image in as large a part of a batch as can be run a few times in seconds."""
    device, few = job.runtime.device, _first(batch, _LEAST)
    first = seconds_of(lambda: action(few), device) / len(few)
    if first * len(few) > _STEP:  # a slow network, or a busy machine: no time for more
        return first
    images = min(len(batch), max(_LEAST, int(_STEP / max(first, 1e-9))))
    some = _first(batch, images)
    return seconds_of(lambda: action(some), device, _REPEATS) / len(some)


@torch.inference_mode()
def _validate(job: Job, batch: AnyBatch) -> None:
    """Do what validation does with a batch."""
    job.network.eval()
    with job.runtime.autocast():
        outputs = job.network(batch.to(job.runtime.device))
    answers = named_outputs(job.task.kind, job.task.outputs(job.network.postprocess(outputs)))
    job.task.meter().update(answers, batch.targets.numpy())
    job.network.train()
