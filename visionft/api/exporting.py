"""Whether a network will be exported, found before it is trained; how close the file must be, and what it then is."""

from dataclasses import dataclass
from pathlib import Path

from visionft.assemble import Job
from visionft.export import WRITERS
from visionft.export.parity import Limits, Parity
from visionft.export.trial import try_export
from visionft.export.writers.base import Writer
from visionft.models.network import FinalNetwork, TaskNetwork
from visionft.recipe import Recipe
from visionft.spec import InputSpec, ModelSpec
from visionft.tasks.learner import Learner

KNOWN = frozenset({"timm/tf_efficientnet_lite0", "timm/resnet18", "timm/resnet50", "timm/convnext_tiny"})
"""Backbones that the tests export, with maps and with an embedding; the heads that ship are exported there as well."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """An exported file that has passed its gate.

    Attributes:
        path: the file.
        parity: how it compares with the network.
    """

    path: Path
    parity: Parity

    def __repr__(self) -> str:
        return f"Artifact({self.path}: {self.parity})"


def known_to_export(network: TaskNetwork) -> bool:
    """Return whether a network need not be tried where that would take longer than all the rest."""
    backbone = network.backbone
    ours = type(network.head).__module__.startswith("visionft.")
    return ours and f"{backbone.family}/{backbone.name.partition('.')[0]}" in KNOWN


def require_exportable(recipe: Recipe, network: TaskNetwork, task: Learner, canvas: InputSpec) -> None:
    """Try the export that follows training, unless the recipe does not want that.

    Args:
        recipe: what was asked for.
        network: with any weights; left as it is.
        task: the network's.
        canvas: that of the finished model.

    Raises:
        ExportError: when it will fail.
    """
    if recipe.export.try_first:
        writer: Writer = WRITERS["onnx"]()
        try_export(writer, FinalNetwork(network, task), ModelSpec(recipe.task.kind, task.class_names, canvas))


def limits_of(job: Job, writer: Writer) -> Limits:
    """Return how far an exported file may be from the network: what the recipe says, else what the writer does."""
    section, usual = job.recipe.export, writer.limits(job.task)
    return Limits(
        usual.min_agreement if section.min_agreement is None else section.min_agreement,
        usual.max_difference if section.max_difference is None else section.max_difference,
        section.max_score_change,
    )
