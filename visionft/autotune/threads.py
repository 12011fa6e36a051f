"""With how many threads a network trains on the CPU: as many as there are cores for it, unless one is faster.

Threads of one operation wait for each other by spinning. Where other programs work on the same cores, a thread that
waits keeps the one that is waited for from running, and many threads are far slower than one. The number of threads
decides in which order sums are added, hence the last bits of the weights: a run keeps to the number that it began with.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from statistics import median
from typing import Any

import cv2
import torch

from visionft.assemble import Job
from visionft.autotune.timing import blank_batch, nothing_learned, seconds_of, training_step
from visionft.checkpoint import RunFolder
from visionft.cores import usable_cores
from visionft.training.optimizer import enter_stage

_SAMPLE, _REPEATS = 8, 3  # images in a timed step, and how often each number of threads takes one
_MEASURED = 2 * _REPEATS * 2 * _SAMPLE  # images that pass through the network for it, each time after a first step
_CHEAP = 0.02  # of the images of a run
_CLEARLY = 0.8  # of the time; on cores of their own, more threads are faster


@dataclass(frozen=True, slots=True)
class Threads:
    """With how many threads a run trains, and why.

    Attributes:
        number: of threads, >= 1.
        why: ``asked for``, ``as there are cores``, ``measured`` or ``begun before it was written down``.
        step: threads -> median seconds of a small training step, where that was measured.
    """

    number: int
    why: str
    step: Mapping[str, float] | None = None


def decide_threads(job: Job, folder: RunFolder, tell: Callable[[str], None]) -> None:
    """Set the number of threads of torch and OpenCV: the recipe's, else what the run began with, else what is faster.

    Args:
        job: the live objects; the network is left as it is.
        folder: where the choice is written down, and read from when a run goes on.
        tell: takes a sentence for a person, where there is something to know.
    """
    asked, recorded = job.recipe.runtime.threads, folder.info.get("threads")
    if asked != "auto":
        threads = Threads(asked, "asked for")
    elif recorded:
        threads = Threads(**recorded)
    elif not folder.checkpoints.empty and "environment" in folder.info:
        threads = Threads(folder.info["environment"]["threads"], "begun before it was written down")
    else:
        threads = _measured(job, torch.get_num_threads())
        if threads.number == 1 and threads.step:
            tell(_in_words(threads.step))
    if threads.number > usable_cores() and asked == "auto":
        tell(
            f"this run began with {threads.number} threads and goes on with them, for the same weights; this process "
            f"may use {usable_cores()} of the cores, and is faster with --set runtime.threads={usable_cores()}"
        )
    folder.record(threads=asdict(threads))
    _set(threads.number)


def keep_to_threads(info: Mapping[str, Any]) -> None:
    """Use at most as many threads as a run trained with, given its run.json."""
    if recorded := info.get("threads"):
        _set(min(recorded["number"], torch.get_num_threads()))


def _set(number: int) -> None:
    torch.set_num_threads(number)
    cv2.setNumThreads(min(number, cv2.getNumThreads()))


def _measured(job: Job, cores: int) -> Threads:
    """Return what a training step decides where it is worth one, else a thread for each core."""
    images = sum(plan.steps for plan in job.plans) * job.recipe.optim.accumulate * job.recipe.optim.batch_size
    if cores == 1 or job.runtime.device.type != "cpu" or _CHEAP * images < _MEASURED:
        return Threads(cores, "as there are cores")
    plan = max(job.plans, key=lambda plan: plan.steps * len(plan.groups))
    batch = blank_batch(job, job.stage_input(plan.stage), _SAMPLE)
    taken: dict[int, list[float]] = {cores: [], 1: []}
    with nothing_learned(job):
        enter_stage(job, plan)
        for _ in range(_REPEATS):  # in turn, so that what else the machine does meets both
            for number, seconds in taken.items():
                torch.set_num_threads(number)
                seconds.append(seconds_of(partial(training_step, job, batch), job.runtime.device))
        torch.set_num_threads(cores)
    return faster({number: median(seconds) for number, seconds in taken.items()})


def faster(step: Mapping[int, float]) -> Threads:
    """Choose between many threads and one; only a clear gain takes one, as weights must not differ by chance.

    Args:
        step: threads -> seconds of a step; with one thread, and another number.
    """
    many = max(step)
    number = 1 if step[1] < _CLEARLY * step[many] else many
    return Threads(number, "measured", {str(threads): seconds for threads, seconds in step.items()})


def _in_words(step: Mapping[str, float]) -> str:
    """Return what was measured where one thread is faster; that many are is no news."""
    many = max(step, key=int)
    return (
        f"one thread trains, not {many}: a step of {_SAMPLE} images takes {1000 * step['1']:.0f} ms with one and "
        f"{1000 * step[many]:.0f} ms with {many}, as beside other programs on the same cores, or of a small network; "
        f"the run keeps to that, for its weights' last bits; --set runtime.threads={many} takes more"
    )
