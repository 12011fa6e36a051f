"""The one class behind which every network of every family stands.

Shape suffixes: B batch, C channels, H height, W width, D embedding.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Literal, Self

from torch import Tensor, nn

from visionft.errors import RecipeError, UnknownName
from visionft.models.backbones.family import Family
from visionft.models.backbones.groups import depth_groups, module_groups
from visionft.models.backbones.probe import Probe, last_of_each_stride, probe
from visionft.models.backbones.sources import WeightsInfo
from visionft.spec import InputSpec

Norm = Literal["frozen", "affine", "all"]

# What networks raise on an image size that they were not built for.
_WRONG_SIZE = (RuntimeError, AssertionError, ValueError, IndexError, TypeError)


class Backbone(nn.Module):
    """A network without its classifier, whose depth groups can be frozen.

    Args:
        network: without its classifier; its weights are taken as they are.
        family: knows how to run the network.
        name: of the network in its family.
        spec: the input that the weights were made for.
        weights: where the weights come from.
        image_size: (height, width) in pixels of the images to come; none for the size in ``spec``.

    Attributes:
        name: of the network in its family.
        family: ``timm`` or ``torchvision``.
        channels: of each feature map, shallow to deep.
        strides: image pixels per cell of each feature map.
        embedding_dim: length of what ``embed`` returns.
        input: the input that the weights were made for, at the size of the images to come.
        weights: where the weights come from.
        groups: the depth groups, stem first; disjoint, and together every parameter.
        map_groups: those that the feature maps depend on; the others only shape the embedding.
    """

    def __init__(
        self,
        network: nn.Module,
        family: Family,
        name: str,
        spec: InputSpec,
        weights: WeightsInfo,
        image_size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.name = name
        self.family = family.name
        height, width = image_size or (spec.height, spec.width)
        self.input = replace(spec, height=height, width=width)
        self.weights = weights
        self._runner = family
        self._made_for = f"{spec.width} x {spec.height}"
        seen = self._probe(height, width)
        self._maps = last_of_each_stride(seen.strides)
        self.channels = tuple(seen.channels[index] for index in self._maps)
        self.strides = tuple(seen.strides[index] for index in self._maps)
        self.embedding_dim = seen.embedding_dim
        self.groups = depth_groups(network, seen.first_calls, prefix="network.")
        mapping = {f"network.{name}" for name in seen.map_calls}
        self.map_groups = tuple(
            group for group in self.groups if any(name.rpartition(".")[0] in mapping for name in group.parameters)
        )
        self._eval_modules: frozenset[str] = frozenset()

    @property
    def stride(self) -> int:
        """The deepest stride; the maps of images whose sides are multiples of it fit each other cell by cell."""
        return self.strides[-1]

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """Return feature maps BCHW of normalised images, shallow to deep."""
        return self._runner.maps(self.network, images_BCHW, self._maps)

    def embed(self, images_BCHW: Tensor) -> Tensor:
        """Return the network's own pooled representation BD of normalised images."""
        return self._runner.embed(self.network, images_BCHW)

    def set_trainable(self, group_names: Collection[str], norm: Norm) -> None:
        """Set what trains; the rest is frozen, ``train()`` or not: weights, norm statistics, dropout.

        Args:
            group_names: depth groups that train.
            norm: what the norm layers of these groups do. ``frozen``: nothing changes in them; ``affine``: scale
                and shift train, the statistics stay; ``all``: both change.

        Raises:
            UnknownName: for a name that is no depth group.
        """
        known = [group.name for group in self.groups]
        for name in group_names:
            if name not in known:
                raise UnknownName("depth group", name, known)
        trainable = {name for group in self.groups if group.name in group_names for name in group.parameters}
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name in trainable)
            parameter.grad = None
        eval_modules = set()
        for name, groups in module_groups(self, self.groups).items():
            module = self.get_submodule(name)
            moves = not groups.isdisjoint(group_names)
            if not moves or (norm != "all" and _is_norm(module)):
                eval_modules.add(name)
            if moves and norm == "frozen" and _is_norm(module):
                module.requires_grad_(requires_grad=False)
        self._eval_modules = frozenset(eval_modules)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Switch to training or evaluation; what is frozen stays in evaluation."""
        super().train(mode)
        for name in self._eval_modules:
            if name:  # the backbone itself only passes the mode on
                self.get_submodule(name).training = False
        return self

    def check_size(self, height: int, width: int) -> None:
        """Run one image of this size.

        Args:
            height: in pixels.
            width: in pixels.

        Raises:
            RecipeError: when the network cannot take it.
        """
        self._probe(height, width)

    def _probe(self, height: int, width: int) -> Probe:
        try:
            return probe(self.network, self._runner, height, width)
        except _WRONG_SIZE as error:
            reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
            raise RecipeError(
                f"backbone {self.name!r}: cannot take images of {width} x {height} pixels ({reason}); its weights "
                f"were made for {self._made_for}; use that size for the input and all stages, or another backbone"
            ) from error


def _is_norm(module: nn.Module) -> bool:
    """Return whether a module normalises: the libraries have dozens of such classes, all called something with Norm."""
    return "Norm" in type(module).__name__ and all(parameter.ndim <= 1 for parameter in module.parameters())
