"""The model card: what whoever gets an exported file should know of it, in Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from visionft.data.naming import counted
from visionft.export.parity import Parity
from visionft.metrics import Score
from visionft.models.backbones.terms import terms_of
from visionft.recipe import Recipe, recipe_to_yaml
from visionft.report import wording
from visionft.spec import ModelSpec
from visionft.tasks import TASKS, target_of

_FEW = 100  # images; fewer say little


def model_card(
    file: Path,
    spec: ModelSpec,
    recipe: Recipe,
    info: Mapping[str, Any],
    measured: Mapping[str, Any],
    parity: Parity,
) -> str:
    """Return the card of an exported file.

    Args:
        file: the file.
        spec: what it is.
        recipe: by which it was trained.
        info: what the run's run.json says.
        measured: what its metrics.json says; empty before it was evaluated.
        parity: the file beside its network.
    """
    task = TASKS[spec.task]
    sections = [
        f"# {recipe.name}: {file.name}",
        _use(spec),
        f"## How good it is\n\n{_scores(measured, task.scores)}\n\nThe file against the network it was exported from: "
        f"{parity}.",
        f"## Data\n\n{_data(info)}",
        f"## Weights\n\n{_weights(info['weights'])}",
        f"## Limits\n\n{_limits(spec, measured)}",
        f"## Recipe\n\nvisionft {spec.provenance.get('visionft', '')}, seed {recipe.seed}, SHA-256 "
        f"`{spec.provenance.get('recipe_sha256', '')}`:\n\n```yaml\n{recipe_to_yaml(recipe).rstrip()}\n```",
    ]
    return "\n\n".join(sections) + "\n"


def _use(spec: ModelSpec) -> str:
    canvas = f"{spec.input.width} x {spec.input.height} pixels by `{spec.input.fit}`"
    names = ", ".join(spec.class_names)
    backbone = spec.provenance.get("backbone", "")
    return (
        f"{spec.task.replace('_', ' ').capitalize()} with {backbone}. {target_of(spec.task).named[1].capitalize()}: "
        f"{names}. Images come on canvases of {canvas}; normalisation is inside."
    )


def _scores(measured: Mapping[str, Any], scores: Sequence[Score]) -> str:
    known = [score for score in scores if measured.get(score.name) is not None]
    if not known:
        return "It has not been evaluated: `visionft eval`."
    rows = [f"On {measured['n']} {wording.PARTS[measured['split']]} images, with 95 % intervals:", ""]
    rows += ["| score | value | interval | meaning |", "|---|---|---|---|"]
    for score in known:
        low, high = measured.get("intervals", {}).get(score.name) or (None, None)
        extent = wording.MISSING if low is None or high is None else wording.interval(low, high, score)
        rows.append(f"| {score.title} | {wording.score(measured[score.name], score)} | {extent} | {score.meaning} |")
    return "\n".join(rows)


def _data(info: Mapping[str, Any]) -> str:
    data = info["data"]
    parts = ", ".join(f"{counted(number, 'image', 'images')} for {part}" for part, number in data["images"].items())
    return (
        f"{data['name']}: {parts}. SHA-256 of images and labels `{data['sha256']}`. Source, as the data say: "
        f"{data['source']}. Their licence is known no further: add it before you pass the model on."
    )


def _weights(weights: Mapping[str, Any]) -> str:
    terms = terms_of(weights["licence"])
    note = f" **{terms[0].upper()}{terms[1:]}.**" if terms else ""
    hashed = f", SHA-256 `{weights['sha256']}`" if weights.get("sha256") else ""
    return f"Fine-tuned from {weights['source']}{hashed}. Licence of these weights: {weights['licence']}.{note}"


def _limits(spec: ModelSpec, measured: Mapping[str, Any]) -> str:
    lines = [
        "It knows the classes above and no others, and was measured on images of the same source as it was trained on; "
        "other cameras, places and seasons were not.",
        "The intervals say how far other images of that source may move a score; not how far other data may.",
    ]
    if measured and measured["n"] < _FEW:
        lines.append(f"{measured['n']} images are few to measure on.")
    if spec.input.reading.range is not None:
        low, high = spec.input.reading.range
        lines.append(f"Values of files with more than 8 bits are read from {low:g} (black) to {high:g} (white).")
    return "\n".join(f"- {line}" for line in lines)
