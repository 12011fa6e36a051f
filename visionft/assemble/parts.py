"""Parts that a program hands over in the place of those that a recipe names: backbone, head, loss."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from visionft.assemble.part_facts import PartFacts
from visionft.catalog import IN_MEMORY, handing_over, not_handed_over
from visionft.data.naming import some
from visionft.errors import RecipeError
from visionft.models.backbones import Backbone, WeightsInfo
from visionft.models.backbones.sizes import reason
from visionft.models.heads.handed import ModuleHead, handed_head
from visionft.models.heads.maps import PixelHead
from visionft.models.losses.base import require_loss
from visionft.models.network import TaskNetwork
from visionft.models.own import MISTAKES, copied, described, name_of
from visionft.predict.checks import expected_outputs
from visionft.recipe import Recipe, load_recipe
from visionft.recipe.sections import BackboneSection
from visionft.spec import InputSpec, ModelSpec
from visionft.tasks import TASKS
from visionft.tasks.learner import Learner

_KEYS = {"backbone": "backbone.name", "head": "task.head", "loss": "task.loss"}
_OF_LOSS = f"head.loss_{IN_MEMORY}."


@dataclass(frozen=True, slots=True)
class Parts:
    """What a program hands over; none where the recipe names the part. Instances are copied, and stay as they are.

    Attributes:
        backbone: an ``nn.Module``, what makes one without arguments, or a ``Backbone``.
        head: see ``handed_head``.
        loss: called as ``Loss`` is; a class is made without arguments.
    """

    backbone: Any = None
    head: Any = None
    loss: Any = None

    @property
    def given(self) -> dict[str, Any]:
        """Those that there are, by name."""
        return {one.name: part for one in fields(self) if (part := getattr(self, one.name)) is not None}

    def require_unnamed(self, stated: Mapping[str, Any]) -> None:
        """Check that nobody asks for two parts in one place.

        Args:
            stated: key of the recipe -> value that is laid over it.

        Raises:
            RecipeError: when somebody does.
        """
        for what in self.given:
            key = _KEYS[what]
            if stated.get(key, IN_MEMORY) != IN_MEMORY:
                raise RecipeError(
                    f"{key}: {stated[key]} is asked for, and {what}= hands another over; leave one of them out"
                )

    def over(self, recipe: Recipe) -> Recipe:
        """Return a recipe that says which parts are handed over.

        Raises:
            RecipeError: when its task has no such part.
        """
        keys = {_KEYS[what]: IN_MEMORY for what in self.given if what != "loss"}
        if self.loss is not None:
            require_loss(self.loss)
            keys |= recipe.task.own_loss()
        return load_recipe(recipe, keys) if keys else recipe

    def require_for(self, recipe: Recipe, *, training: bool = False) -> None:
        """Check that what a recipe says is handed over is, and nothing else.

        Args:
            recipe: what was asked for.
            training: whether a loss is needed; else it is missed when it is called.

        Raises:
            RecipeError: when it is not.
        """
        said = {
            "backbone": recipe.backbone.name == IN_MEMORY,
            "head": recipe.task.head == IN_MEMORY,
            "loss": recipe.task.has_own_loss,
        }
        for what, in_memory in said.items():
            if in_memory and what not in self.given and (training or what != "loss"):
                raise RecipeError(not_handed_over(what))
            if what in self.given and not in_memory:
                raise RecipeError(f"{what}: one is handed over, and {_KEYS[what]} names another; leave {what}= away")

    def handed_over(self, recipe: Recipe) -> AbstractContextManager[None]:
        """Return a context in which the catalogs of heads and losses know those of the program."""
        head = None if self.head is None else handed_head(self.head, TASKS[recipe.task.kind].predicts)
        return handing_over(head=head, loss=self.loss)

    def make_backbone(self, section: BackboneSection, size: tuple[int, int] | None, *, pretrained: bool) -> Backbone:
        """Return the backbone of a recipe, or a copy of the one that is handed over.

        Args:
            section: of the recipe.
            size: of the canvas, (height, width); None for the one that the weights were made for.
            pretrained: false when trained weights will be loaded over it anyway.

        Raises:
            RecipeError: when it is none.
            WeightsError: when its weights cannot be had.
        """
        weights = section.weights if pretrained else "none"
        if self.backbone is None or section.name != IN_MEMORY:
            return Backbone(section.name, weights, drop_path=section.drop_path, image_size=size)
        makes = not isinstance(self.backbone, nn.Module) and callable(self.backbone)
        made = _called(self.backbone) if makes else self.backbone
        if not isinstance(made, nn.Module):
            raise RecipeError(
                f"backbone: {described(made)} is no network; give an nn.Module, a function without arguments that "
                "makes it, or a vft.Backbone"
            )
        if isinstance(made, Backbone):
            return _of_size(made, section, size)
        backbone = Backbone(copied(made, "backbone"), weights, drop_path=section.drop_path, image_size=size)
        if backbone.weights.sha256 is None:  # from no file
            backbone.weights = WeightsInfo(f"those of the {backbone.name} that was handed over", "unknown")
        return backbone

    def facts(self, network: TaskNetwork) -> dict[str, PartFacts]:
        """Return what is written down of those that there are.

        Args:
            network: that was made of them.
        """
        state = network.state_dict()
        of = {
            "backbone": {name: tensor for name, tensor in state.items() if name.startswith("backbone.")},
            "head": {name: tensor for name, tensor in state.items() if _is_of_head(name)},
            "loss": {name: tensor for name, tensor in state.items() if name.startswith(_OF_LOSS)},
        }
        return {what: PartFacts.of(name_of(part), of[what]) for what, part in self.given.items()}


NONE_HANDED_OVER = Parts()


def require_fitting_head(network: TaskNetwork, task: Learner, canvas: InputSpec) -> None:
    """Check by two blank images that a head which was handed over takes what the backbone gives.

    Args:
        network: on the CPU, in training mode; left as it was.
        task: the network's.
        canvas: that of stages without a size.

    Raises:
        RecipeError: when it does not, or gives something else than the task needs.
    """
    blank_BHW3 = torch.zeros(2, canvas.height, canvas.width, 3, dtype=torch.uint8)
    network.eval()
    with torch.no_grad():
        features = network.features(blank_BHW3)
        try:
            raw = network.head.predict(features)
            results = network.postprocess(raw)
            outputs = (*task.outputs(results), *task.derived(results))
        except MISTAKES as error:
            raise RecipeError(
                f"head: fails ({reason(error)}) with what the backbone gives: {_told(features, network.backbone)}"
            ) from error
    network.train()
    found = [tuple(output.shape[1:]) for output in outputs]
    needed = expected_outputs(ModelSpec(task.kind, task.class_names, canvas), found)
    logits = raw.shape[1] if isinstance(network.head, ModuleHead | PixelHead) else len(task.class_names)
    if logits != len(task.class_names):
        names = some(task.class_names)
        raise RecipeError(f"head: gives {logits} logits; {len(task.class_names)} are needed, one for each of {names}")
    for port, shape in zip(needed, found, strict=True):
        if tuple(port.shape) != shape:
            raise RecipeError(f"head: gives {port.name} of shape {shape} for an image; {tuple(port.shape)} is needed")


def _told(features: Any, backbone: Backbone) -> str:
    if isinstance(features, Tensor) and features.ndim == 2:
        return f"an embedding of {backbone.embedding_dim} numbers for each image"
    return f"a list of maps, of {backbone.channels} channels and strides {backbone.strides}"


def _is_of_head(name: str) -> bool:
    return name.startswith("head.") and not name.startswith(_OF_LOSS)


def _called(make: Any) -> Any:
    """Return what a function without arguments makes."""
    try:
        return make()
    except TypeError as error:
        raise RecipeError(
            f"backbone {name_of(make)}: {name_of(make)}() fails ({error}); it is to be made without arguments"
        ) from error


def _of_size(given: Backbone, section: BackboneSection, size: tuple[int, int] | None) -> Backbone:
    """Return a copy of a backbone, for images of a size."""
    if section.drop_path or section.weights not in ("pretrained", "package", "none"):
        key = "drop_path: 0" if section.drop_path else "weights: none"
        raise RecipeError(f"backbone: a vft.Backbone that is handed over has its own; set backbone.{key}")
    backbone = cast("Backbone", copied(given, "backbone"))
    if size is not None:
        backbone.check_size(*size)
        backbone.input = replace(backbone.input, height=size[0], width=size[1])
    source = f"those of the {backbone.name} that was handed over; at first {backbone.weights.source}"
    backbone.weights = replace(backbone.weights, source=source, sha256=None)
    return backbone
