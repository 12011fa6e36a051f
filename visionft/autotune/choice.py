"""Where training images are augmented: by the processes that load them, or a batch at a time where the network trains.

The engines differ by rounding, so a run keeps to one of them: what was chosen is written down, and a run that goes on
takes it from there.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Literal

from visionft.assemble import Job, Runtime
from visionft.assemble.runtime import on_cuda
from visionft.autotune.measure import Times, measure
from visionft.checkpoint import RunFolder
from visionft.errors import CheckpointError, RecipeError
from visionft.recipe import Recipe
from visionft.training.memory import out_of_memory_named

Place = Literal["cpu", "cuda"]

_LEAST_GAIN = 0.02  # of a batch's time; for less, nothing more is put on the device
_NAMES: dict[Place, str] = {"cpu": "the CPU", "cuda": "cuda"}


@dataclass(frozen=True, slots=True)
class Choice:
    """Where images are augmented, and why.

    Attributes:
        device: cpu, by the processes that load; or cuda, where the network trains.
        why: ``asked for``, ``no CUDA``, ``images lie there``, ``no stage augments``, ``extra transforms``,
            ``measured`` or ``begun before there was a choice``.
        batch: seconds that a batch takes either way, where it was measured.
        times: of what, likewise.
    """

    device: Place
    why: str
    batch: dict[Place, float] | None = None
    times: Times | None = None


def choose(times: Times, workers: int, batch_size: int, *, resident: bool = False) -> Choice:
    """Take the way on which a batch takes less time; the CPU where the other gains next to nothing.

    Args:
        times: what each part takes.
        workers: processes that load, beside the one that trains; 0 where that does everything, one after the other.
        batch_size: images in a batch.
        resident: whether images that are augmented on the device lie there already.
    """

    def together(image: float, batch: float) -> float:
        return max(batch_size * image / workers, batch) if workers else batch_size * image + batch

    device_seconds = times.augment_on_device + times.step
    cpu = together(times.decode + times.augment, times.copy + times.step)
    cuda = together(times.decode + times.draw, times.copy + device_seconds)
    if resident:  # nothing is loaded, and a thread draws
        cuda = max(batch_size * times.draw, device_seconds)
    faster = cuda < (1 - _LEAST_GAIN) * cpu
    return Choice("cuda" if faster else "cpu", "measured", {"cpu": cpu, "cuda": cuda}, times)


def require_cuda_where_asked(recipe: Recipe, runtime: Runtime) -> None:
    """Check that a new run can augment where its recipe says.

    Raises:
        RecipeError: when that is CUDA, and the network trains elsewhere.
    """
    if recipe.augment.device == "cuda" and not on_cuda(runtime):
        raise RecipeError(f"augment.device: cuda asked for, and the network trains on {runtime.device}; use auto")


def decide(job: Job, folder: RunFolder, tell: Callable[[str], None]) -> Choice:
    """Return where a run augments its images: as before, as the recipe says, or where it is faster.

    Args:
        job: the live objects; the network is left as it is.
        folder: where the choice is written down.
        tell: takes a sentence for a person: what was measured, when it was.

    Raises:
        CheckpointError: when the run augments on CUDA, and the network trains elsewhere now.
    """
    recorded = folder.info.get("augment")
    if recorded:
        choice = Choice(recorded["device"], recorded["why"])
    elif folder.checkpoints.empty:
        choice = _first_choice(job)
    else:
        choice = Choice("cpu", "begun before there was a choice")
    if choice.device == "cuda" and not on_cuda(job.runtime):
        raise CheckpointError(
            f"{folder.path}: its images are augmented on cuda, and the network trains on {job.runtime.device} here; "
            "a run ends as it began: go on where there is CUDA, or start a new run"
        )
    if not recorded:
        folder.record(augment=asdict(choice))
    if choice.times is not None:
        tell(_in_words(choice, job.runtime.workers, job.recipe.optim.batch_size))
    return choice


def _first_choice(job: Job) -> Choice:
    asked = job.recipe.augment.device
    if asked != "auto":
        return Choice(asked, "asked for")
    if not on_cuda(job.runtime):
        return Choice("cpu", "no CUDA")
    section = job.recipe.runtime
    if section.resident is True or section.decode == "cuda":
        return Choice("cuda", "images lie there")
    augmenting = [plan for plan in job.plans if plan.stage.augment != "none"]
    plan = next((plan for plan in augmenting if not job.recipe.extra_transforms(plan.stage)), None)
    if plan is None:
        return Choice("cpu", "extra transforms" if augmenting else "no stage augments")
    with out_of_memory_named(job):
        times = measure(job, plan)
    resident = replace(job, augments=True).resident(plan.stage)
    return choose(times, job.runtime.workers, job.recipe.optim.batch_size, resident=resident)


def _in_words(choice: Choice, workers: int, batch_size: int) -> str:
    """Return what was measured and why it was chosen."""
    batch, times = choice.batch, choice.times
    if batch is None or times is None:
        raise ValueError("nothing was measured")
    other: Place = "cpu" if choice.device == "cuda" else "cuda"
    too_little = ", which is too little gained" if batch[other] < batch[choice.device] else ""
    processes = "loading in the same process" if not workers else "1 worker" if workers == 1 else f"{workers} workers"
    return (
        f"augmentation on {_NAMES[choice.device]}: a batch of {batch_size} takes {_ms(batch[choice.device])} that way "
        f"and {_ms(batch[other])} on {_NAMES[other]}{too_little} ({processes}; an image: decoding {_ms(times.decode)}, "
        f"augmenting {_ms(times.augment)}, drawing alone {_ms(times.draw)}; a batch: copying {_ms(times.copy)}, "
        f"augmenting on cuda {_ms(times.augment_on_device)}, training step {_ms(times.step)})"
    )


def _ms(seconds: float) -> str:
    ms = 1000 * seconds
    return f"{ms:.{0 if ms >= 100 else 1 if ms >= 1 else 2}f} ms"
