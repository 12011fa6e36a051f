"""Whether a network will be exported, found before it is trained."""

from visionft.export import WRITERS
from visionft.export.trial import try_export
from visionft.export.writers.base import Writer
from visionft.models.network import FinalNetwork, TaskNetwork
from visionft.recipe import Recipe
from visionft.spec import InputSpec, ModelSpec
from visionft.tasks.learner import Learner

KNOWN = frozenset({"timm/tf_efficientnet_lite0", "timm/resnet18", "timm/resnet50", "timm/convnext_tiny"})
"""Backbones that the tests export, with maps and with an embedding; the heads that ship are exported there as well."""


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
