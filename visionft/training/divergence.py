"""What to do when numbers are no longer finite."""

from visionft.assemble import Job
from visionft.stages import Stage


def advice(job: Job, stage: Stage) -> str:
    """Return what keeps a stage's weights from growing without bounds, with the values that it has now.

    Args:
        job: the live objects.
        stage: the one whose numbers are not finite.
    """
    rates = f"lower its head_lr (now {stage.head_lr:g})"
    if stage.unfreeze != "none":
        rates += f" and backbone_lr (now {stage.backbone_lr:g})"
    others = [] if job.recipe.optim.clip_norm is not None else ["set optim.clip_norm: 1"]
    others += ["set runtime.precision: fp32"] if job.runtime.bf16 else []
    return ", or ".join([rates, *others])
