"""What a run would do, without doing it; and a recipe that says so."""

import time
from collections.abc import Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from visionft.api.building import new_job, showing
from visionft.api.caller_state import caller_state
from visionft.api.resolving import Asked, Data
from visionft.assemble import Job
from visionft.assemble.parts import NONE_HANDED_OVER
from visionft.autotune.estimate import outline
from visionft.autotune.planning import decide_stages
from visionft.data.naming import some
from visionft.data.splits import SPLITS
from visionft.loading.main_guard import stop_second_run
from visionft.recipe import Overrides
from visionft.recipe.budget import in_words
from visionft.recipe.write import to_yaml
from visionft.stages import Stage
from visionft.training import Sink


@dataclass(frozen=True, slots=True)
class Foresight:
    """What a run would do.

    Attributes:
        facts: name -> text: data, backbone, canvas.
        stages: a row for each, see ``outline``.
        why: what was decided, in lines for people.
        start_seconds: until training begins.
        finish_seconds: evaluation, page and export.
        budget_seconds: what the run may take; None for as long as it does.
        recipe: text of a short recipe that does this.
    """

    facts: dict[str, str]
    stages: list[dict[str, Any]]
    why: tuple[str, ...]
    start_seconds: float
    finish_seconds: float
    budget_seconds: float | None
    recipe: str

    @property
    def seconds(self) -> float:
        """What all of it takes."""
        return self.start_seconds + sum(float(row["seconds"]) for row in self.stages) + self.finish_seconds

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {**asdict(self), "seconds": round(self.seconds, 1)}


@caller_state()
def foresee(
    recipe: Asked,
    *,
    data: Data | None = None,
    overrides: Overrides = (),
    sinks: Sequence[Sink] = (),
    progress: bool = True,
    began: float | None = None,
) -> Foresight:
    """Say what ``vft.train`` would do with the same arguments, and how long each part would take; nothing is written.

    Args:
        recipe: as of ``vft.train``; so are the others.
        data: what to train on, in the place of the recipe's data.
        overrides: laid over the recipe.
        sinks: who is told of the progress beside the terminal.
        progress: whether it is shown on stderr.
        began: since when a budget counts, of the monotonic clock; None counts from this call.

    Raises:
        VisionftError: see ``visionft/errors.py``.
    """
    began = time.monotonic() if began is None else began
    stop_second_run()
    with showing(sinks, progress=progress) as told:
        job = new_job(recipe, data, overrides, NONE_HANDED_OVER, told)
        outlook = decide_stages(job, time.monotonic() - began)
        job, start = outlook.job, time.monotonic() - began
        rows = outline(job, outlook.times)
    facts, after = _facts(job), outlook.finish.total
    text = _recipe(job, facts, rows, outlook.why, outlook.budget)
    return Foresight(facts, rows, outlook.why, round(start, 1), round(after, 1), outlook.budget, text)


def _facts(job: Job) -> dict[str, str]:
    dataset, backbone = job.dataset, job.network.backbone
    counts = ", ".join(f"{len(dataset.split(split))} {split}" for split in SPLITS)
    one, several = dataset.target.named
    names = len(dataset.class_names)
    return {
        "data": f"{dataset.name}: {counts}; {names} {one if names == 1 else several}: {some(dataset.class_names)}",
        "source": dataset.source,
        "task": job.recipe.task.kind,
        "backbone": f"{backbone.name}, {len(backbone.groups)} depth groups",
        "canvas": f"{job.input.width} x {job.input.height}, {job.input.fit}",
    }


def _recipe(
    job: Job, facts: dict[str, str], rows: Sequence[dict[str, Any]], why: Sequence[str], budget: float | None
) -> str:
    """Return a short recipe with the stages as they were decided, and why."""
    recipe = job.recipe
    lines = [*(f"# {name}: {text}" for name, text in facts.items() if text), *(f"# {line}" for line in why)]
    data = {"path": str(recipe.data.path)} if recipe.data.path else {}
    if recipe.data.format != "auto":
        data["format"] = recipe.data.format
    head: dict[str, Any] = {"name": recipe.name, "data": data, "task": {"kind": recipe.task.kind}}
    weights = {"name": recipe.backbone.name, "weights": recipe.backbone.weights}
    lines += [to_yaml(head).rstrip(), "backbone:  # the pretrained network; see visionft list backbones"]
    lines += [f"  {line}" for line in to_yaml(weights).splitlines()]
    if budget is not None:
        lines.append(f"budget: {budget:g}s  # {in_words(budget)} for all of it; more lets everything train for longer")
    lines.append("stages:  # each begins with the best weights of the one before")
    for stage, row in zip(recipe.stages, rows, strict=True):
        first, *others = to_yaml(_stated(stage)).splitlines()
        lines += [
            f"  - {first}  # {row['trains']}: about {in_words(row['seconds'])}",
            *(f"    {one}" for one in others),
        ]
    return "\n".join(lines) + "\n"


def _stated(stage: Stage) -> dict[str, Any]:
    """Return what a stage says beyond the defaults, as a recipe would have it."""
    usual = {field.name: field.default for field in fields(stage) if field.default is not MISSING}
    stated = {name: value for name, value in asdict(stage).items() if usual.get(name) != value and value != {}}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in stated.items()}
