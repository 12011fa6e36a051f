"""What a run would do, without doing it; and a recipe that says so."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from visionft.api.building import new_job, showing
from visionft.api.caller_state import caller_state
from visionft.api.resolving import Asked, Data
from visionft.assemble import Job
from visionft.assemble.parts import NONE_HANDED_OVER
from visionft.autotune.estimate import outline
from visionft.autotune.planning import Outlook, decide_stages
from visionft.data.naming import some
from visionft.data.splits import SPLITS
from visionft.loading.main_guard import stop_second_run
from visionft.recipe import Overrides, Recipe
from visionft.recipe.budget import in_words
from visionft.recipe.difference import differences
from visionft.recipe.load import recipe_of_task
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
        asked, outlook = job.recipe, decide_stages(job, time.monotonic() - began)
        job, start = outlook.job, time.monotonic() - began
        rows = outline(job, outlook.times)
    facts, after = _facts(job), outlook.finish.total
    text = _recipe(asked, outlook, facts, rows)
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


def _recipe(asked: Recipe, outlook: Outlook, facts: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a short recipe of what is asked for, which plans itself again where it is run, and what that gives now."""
    values = _beyond_defaults(asked)
    data = {"path": str(asked.data.path)} if asked.data.path else {}
    backbone = {"name": asked.backbone.name, "weights": asked.backbone.weights}
    first: dict[str, Any] = {"name": asked.name, "data": data | values.pop("data", {})}
    first["task"] = {"kind": asked.task.kind} | values.pop("task", {})
    lines = [*(f"# {name}: {text}" for name, text in facts.items() if text), *(f"# {line}" for line in outlook.why)]
    lines += [to_yaml(first).rstrip(), "backbone:  # the pretrained network; see visionft list backbones"]
    lines += [f"  {line}" for line in to_yaml(backbone | values.pop("backbone", {})).splitlines()]
    budget = values.pop("budget", None)
    lines += to_yaml(values).splitlines() if values else []
    if budget is not None and outlook.budget is not None:
        most = in_words(outlook.budget)
        lines.append(f"budget: {budget}  # at most {most} for all of it; 30m: more, none: as long as it takes")
    lines.append("stages:  # each begins with the best weights of the one before")
    of_name = {row["stage"]: row for row in rows}
    for stage in asked.stages:
        head, *others = to_yaml(_stated(stage)).splitlines()
        lines += [f"  - {head}  # {_told(stage, of_name.get(stage.name))}", *(f"    {one}" for one in others)]
    return "\n".join(lines) + "\n"


def _beyond_defaults(recipe: Recipe) -> dict[str, Any]:
    """Return what a recipe says beyond the defaults of its task, without its stages."""
    values: dict[str, Any] = {}
    for key, _, value in differences(recipe_of_task(recipe.task.kind), recipe):
        *sections, last = key.split(".")
        if sections[:1] == ["stages"] or key in ("name", "stages"):
            continue
        holder = values
        for section in sections:
            holder = holder.setdefault(section, {})
        holder[last] = value
    return values


def _told(stage: Stage, row: Mapping[str, Any] | None) -> str:
    """Return what a stage will do, in a few words."""
    if row is None:
        return "left out, for there is no time"
    epochs = row["epochs"]
    shorter = f"{epochs:g} epoch{'s' * (epochs != 1)} of " if stage.epochs and epochs < stage.epochs else ""
    return f"{shorter}{row['trains']}: about {in_words(row['seconds'])}"


def _stated(stage: Stage) -> dict[str, Any]:
    """Return what a stage says beyond the defaults, as a recipe would have it."""
    usual = {field.name: field.default for field in fields(stage) if field.default is not MISSING}
    stated = {name: value for name, value in asdict(stage).items() if usual.get(name) != value and value != {}}
    return {name: _as_written(value) for name, value in stated.items()}


def _as_written(value: Any) -> Any:
    """Return a value as people write it: a list, and 4 rather than 4.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return list(value) if isinstance(value, tuple) else value
