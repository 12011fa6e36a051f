"""What a training batch costs where it is loaded and where the network trains, on the first images of a run."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import TypeVar

import cv2
import numpy as np
import torch
from torch import Tensor

from visionft.assemble import Job
from visionft.assemble.job import augmentation
from visionft.autotune.timing import nothing_learned, seconds_of, training_step
from visionft.batch import Batch, InstanceTargets
from visionft.data.records import Example, Sample
from visionft.loading.canvases import Augment, Canvases
from visionft.loading.collate import params_of, targets_of
from visionft.loading.order import training_plan
from visionft.seeds import derive_seed
from visionft.stages import StagePlan
from visionft.training.optimizer import enter_stage

_IMAGES, _AT_ONCE = 64, 8  # that are read, and of which a mean is taken
_ENOUGH = 1.5  # seconds for one kind of work
_REPEATS = 5

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that things take.

    Attributes:
        decode: to read an image and put it on its canvas, for one process that loads; with the others that are mixed
            into it, where some are.
        augment: to draw a change and do it, for the same.
        draw: to draw a change, and do what of it the device leaves to these processes.
        copy: to bring a batch to the device.
        augment_on_device: to change a batch on the device.
        step: forward pass, loss and backward pass of a batch.
    """

    decode: float
    augment: float
    draw: float
    copy: float
    augment_on_device: float
    step: float


def measure(job: Job, plan: StagePlan) -> Times:
    """Time each part of what a stage does to its batches; nothing of the run is changed by it.

    Args:
        job: the live objects.
        plan: a stage that augments.

    Returns:
        Medians; those of images over the means of a few.

    Raises:
        ValueError: the stage does not augment.
        DataError: naming a file that cannot be read any more.
    """
    device, stage = job.runtime.device, plan.stage
    augment_on_device = replace(job, augments=True).device_augmenter(stage)
    if augment_on_device is None:
        raise ValueError(f"stage {stage.name} does not augment")
    spec, seed = job.stage_input(stage), job.recipe.seed
    samples = job.dataset.split("train")
    indices = next(training_plan(len(samples), _IMAGES, seed=seed, epoch=0))
    augment, mix = augmentation(job.recipe, stage, spec)
    draw, _ = augmentation(job.recipe, stage, spec, defer_to_device=True)
    canvases = Canvases(samples, spec, seed=seed, augment=None, mix=mix, training=True, cache_bytes=0)

    def changed(by: Augment, number: int) -> Example:
        return by(examples[number], derive_seed(seed, "augment", 0, samples[indices[number]].id))

    with loading_as_in_a_worker(job.runtime.workers):
        decode_seconds, examples = seconds_of_each(canvases.__getitem__, [(0, index) for index in indices])
        numbers = range(len(examples))
        augment_seconds, _ = seconds_of_each(partial(changed, augment), numbers)
        draw_seconds, drawn = seconds_of_each(partial(changed, draw), numbers)
    batch = batch_of(drawn, [samples[index] for index in indices], job.recipe.optim.batch_size)
    if device.type == "cuda":
        batch = _pinned(batch)
    with nothing_learned(job):
        enter_stage(job, plan)
        on_device = batch.to(device)
        return Times(
            decode_seconds,
            augment_seconds,
            draw_seconds,
            copy=seconds_of(partial(batch.to, device), device, _REPEATS),
            augment_on_device=seconds_of(partial(augment_on_device, on_device), device, _REPEATS),
            step=seconds_of(partial(training_step, job, on_device), device, _REPEATS),
        )


def seconds_of_each(
    action: Callable[[Given], Made], items: Sequence[Given], enough: float | None = None
) -> tuple[float, list[Made]]:
    """Return the seconds that an item takes, and what is made of those for which there is time, in seconds."""
    action(items[0])  # what is loaded by then is loaded once
    means: list[float] = []
    results: list[Made] = []
    began = time.perf_counter()
    for start in range(0, len(items), _AT_ONCE):
        chunk = items[start : start + _AT_ONCE]
        started = time.perf_counter()
        results += map(action, chunk)
        ended = time.perf_counter()
        means.append((ended - started) / len(chunk))
        if ended - began > (_ENOUGH if enough is None else enough):
            break
    return median(means), results


@contextmanager
def loading_as_in_a_worker(workers: int) -> Iterator[None]:
    """Let OpenCV compute as where images are loaded: alone in a process of several, else with all threads."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0 if workers else threads)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def batch_of(examples: Sequence[Example], samples: Sequence[Sample], size: int) -> Batch:
    """Return a batch as the loader does; where there are too few images, they come again."""
    numbers = [number % len(examples) for number in range(size)]
    chosen = [examples[number] for number in numbers]
    images_BHW3 = torch.from_numpy(np.stack([example.image_HW3 for example in chosen]))
    return Batch(images_BHW3, targets_of(chosen), tuple(samples[number].id for number in numbers), params_of(chosen))


def _pinned(batch: Batch) -> Batch:
    """Return a batch in page-locked memory, as the loader hands it over."""
    targets = batch.targets
    pinned = (
        targets.pin_memory() if isinstance(targets, Tensor) else InstanceTargets(*(t.pin_memory() for t in targets))
    )
    return replace(batch, images_BHW3=batch.images_BHW3.pin_memory(), targets=pinned)
