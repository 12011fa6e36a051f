"""What is written down about the network of a finished run."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from visionft import __version__
from visionft.assemble import Job
from visionft.recipe import recipe_to_yaml
from visionft.spec import DETECTIONS, ModelSpec
from visionft.tasks.learner import ChoosesThresholds
from visionft.training import Sink, exact_runner
from visionft.training.events import Notice, Working


def describe_model(
    job: Job, info: Mapping[str, Any], val: Mapping[str, float], sinks: Sequence[Sink], **provenance: Any
) -> ModelSpec:
    """Return the spec of a network that has been trained.

    Args:
        job: holds the final weights.
        info: what run.json says of data and weights.
        val: validation values of the final weights.
        sinks: who is told that thresholds are chosen.
        provenance: what else is to be said of where the model comes from.
    """
    recipe = job.recipe
    return ModelSpec(
        task=job.task.kind,
        class_names=job.dataset.class_names,
        input=job.input,
        palette=job.dataset.palette,
        thresholds=_thresholds(job, sinks),
        max_detections=job.sizing.arguments.get("max_detections", DETECTIONS),
        provenance={
            "name": recipe.name,
            "visionft": __version__,
            "recipe_sha256": sha256(recipe_to_yaml(recipe).encode()).hexdigest(),
            "backbone": f"{job.network.backbone.family}/{job.network.backbone.name}",
            "weights": info["weights"],
            "data": {key: info["data"][key] for key in ("name", "source", "sha256")},
            "validation": dict(val),
            **provenance,
        },
    )


def _thresholds(job: Job, sinks: Sequence[Sink]) -> tuple[float, ...]:
    """Return from which confidence on each class is believed, chosen on the validation images."""
    if not isinstance(job.task, ChoosesThresholds):
        return ()
    samples = job.dataset.split("val")
    _tell(sinks, 0, len(samples))
    chosen = job.task.thresholds(samples, job.input, exact_runner(job), batch_size=job.recipe.optim.batch_size)
    _tell(sinks, len(samples), len(samples))
    for notice in chosen.notices:
        for sink in sinks:
            sink(Notice(notice))
    return chosen.values


def _tell(sinks: Sequence[Sink], done: int, total: int) -> None:
    for sink in sinks:
        sink(Working("choosing thresholds on val", done, total))
