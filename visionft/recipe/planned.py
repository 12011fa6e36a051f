"""What data without a recipe are trained with, beyond the defaults of their task: a time to keep to, and kept views."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from visionft.catalog import imported
from visionft.recipe.document import Document, Location, Origin
from visionft.recipe.schema import Recipe
from visionft.stages import PLANNED_STAGES
from visionft.tasks import TASKS

_SETTINGS: dict[Location, str] = {
    ("input", "decode"): "auto",
    ("runtime", "frozen"): "auto",
    ("budget",): "auto",
}
# a network that is sure of what it saw has a validation loss that rises while it gets better, and is not chosen for it
_SMOOTHING, _SMOOTHED = ("task", "label_smoothing"), 0.1


def lay_plan(document: Document) -> None:
    """Put into the recipe of some data what nobody says, and so may be quick.

    Args:
        document: name, task and the recipe of that task, which keeps the stages that it has.
    """
    origin = Origin("data", Path.cwd())
    for location, value in _SETTINGS.items():
        document.put(location, value, origin)
    if document.get(("stages",)) is None:
        document.put(("stages",), Recipe(stages=PLANNED_STAGES).model_dump(mode="json")["stages"], origin)
        if _knows(document.data["task"]["kind"], _SMOOTHING[1]):
            document.put(_SMOOTHING, _SMOOTHED, origin)
    for number, stage in enumerate(document.data["stages"]):
        if (stage.get("unfreeze"), stage.get("augment")) == ("none", "none") and (stage.get("epochs") or 0) > 1:
            document.put(("stages", number, "views"), 1, origin)


def leave_out_impossible(document: Document) -> None:
    """Take away what ``lay_plan`` put into a stage that a user has changed so that it cannot be there.

    Args:
        document: with everything that the user has laid over it.
    """
    smoothed = document.get(_SMOOTHING) is not None and not document.origin(_SMOOTHING).overrides
    if smoothed and any(document.origin(("task", key)).overrides for key in ("loss", "loss_options")):
        document.put(_SMOOTHING, 0.0, document.origin(_SMOOTHING))  # which is for the usual loss
    stages = document.get(("stages",))
    for number, stage in enumerate(stages if isinstance(stages, list) else ()):
        if isinstance(stage, dict):
            for key in _impossible(stage):
                location = ("stages", number, key)
                if not document.origin(location).overrides:
                    document.put(location, None if key == "views" else False, document.origin(location))


def _knows(task: str, key: str) -> bool:
    """Return whether a task has an option."""
    return task in TASKS and any(field.name == key for field in fields(imported(TASKS[task].options)))


def _impossible(stage: dict[str, Any]) -> list[str]:
    """Return the keys of a stage that need frozen layers which it has not."""
    unfreeze = stage.get("unfreeze", "all")
    return [*(["views"] if unfreeze == "all" else []), *(["fit_head"] if unfreeze != "none" else [])]
