"""The augmentations of a stage that take the CPU, or more than one pass over the batch on CUDA."""

from typing import Any

from visionft.assemble import Job
from visionft.assemble.extra import in_words
from visionft.assemble.job import augmentation
from visionft.assemble.runtime import on_cuda
from visionft.augment.device import no_kernel
from visionft.augment.sampling import sample_params
from visionft.augment_params import AugmentParams
from visionft.stages import Stage

_DRAWN = 300  # changes, so that what one in fifty images has is among them


def on_cpu(job: Job, stage: Stage) -> str | None:
    """Return what of a stage's augmentation keeps it on the CPU, in words; None where nothing does.

    Args:
        job: the live objects.
        stage: one of its stages.
    """
    extra = in_words(job.recipe, stage)
    if not extra:
        return None
    kept = ", and features are not kept" if stage.unfreeze == "none" else ""
    return f"stage {stage.name} augments on the CPU, where images are loaded: {', '.join(extra)}{kept}"


def not_fused(job: Job, stage: Stage) -> str | None:
    """Return which of a stage's augmentations take more than one pass on CUDA; None where none does.

    Args:
        job: the live objects.
        stage: one of its stages.
    """
    augment, _ = augmentation(job.recipe, stage, job.stage_input(stage))
    if not (job.augments_in(stage) and augment.policy and on_cuda(job.runtime)):
        return None
    if (reason := no_kernel()) is not None:
        return f"augmentation on cuda: in several passes by the batch engine, not in one: {reason}"
    from visionft.augment.fused import fuses  # loads triton

    canvas = job.stage_input(stage)
    size = canvas.width, canvas.height
    drawn = [sample_params(augment.policy, augment.orientation, size, seed) for seed in range(_DRAWN)]
    again: list[str] = []
    loading: list[str] = []
    for name, part in (("blur", "blur"), ("noise", "noise"), ("JPEG", "jpeg")):
        amount: Any = max(getattr(params, part) for params in drawn)
        alone = AugmentParams(**{part: amount})
        if alone.needs_cpu:
            loading.append(name)
        elif not fuses(alone):
            again.append(name)
    parts = [f"{' and '.join(again)} in a second pass, by the batch engine"] if again else []
    parts += [f"{' and '.join(loading)} on the CPU"] if loading else []
    return f"augmentation on cuda: all in one pass, but {'; '.join(parts)}" if parts else None
