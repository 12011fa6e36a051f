"""Networks of the user's own: any ``nn.Module``.

What it gives for images_BCHW says what it can do: feature maps BCHW, shallow to deep, as a list, tuple or dict, or one
alone, are for every task; an embedding BD is for labels and numbers of whole images. The embedding of a network that
gives maps is that of its method ``embed``, else the mean of the deepest map. Channels and strides are found by a pass.

Shape suffixes: B batch, C channels, H height, W width, D embedding.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from visionft.errors import RecipeError
from visionft.models.backbones.family import Built
from visionft.models.backbones.groups import DepthGroup
from visionft.models.backbones.names import BACKBONES, FamilyName
from visionft.spec import InputSpec


class ModuleFamily:
    """Classes in ``BACKBONES``, and modules that a program hands over."""

    name: FamilyName = "module"

    def make(self, network: str) -> nn.Module:
        """Build the module of a registered class, which is to need no arguments.

        Raises:
            RecipeError: when it needs some, or is no module with weights.
        """
        kind = BACKBONES[network]
        try:
            module = kind()
        except TypeError as error:
            raise RecipeError(
                f"backbone {network!r}: {kind.__name__}() fails ({error}); it is to be made without arguments"
            ) from error
        return require_module(module, network)

    def build(self, network: str, drop_path: float, image_size: tuple[int, int] | None) -> Built:  # noqa: ARG002
        """Build the module of a registered class."""
        module = self.make(network)
        return Built(module, default_input(module), None)

    def runs(self, network: nn.Module) -> bool:  # noqa: ARG002
        """Return True: what a network cannot do shows in its first pass."""
        return True

    def maps(self, network: nn.Module, images_BCHW: Tensor, indices: Sequence[int] | None) -> list[Tensor]:
        """Return the feature maps; none of a network that gives an embedding alone."""
        output = network(images_BCHW)
        maps = [] if _is_embedding(output) else _maps(network, output)
        sides = [one.shape[2] for one in maps]
        if sides != sorted(sides, reverse=True):
            raise RecipeError(
                f"backbone {type(network).__name__}: its maps have {sides} rows; give them shallow to deep"
            )
        return maps if indices is None else [maps[index] for index in indices]

    def embed(self, network: nn.Module, images_BCHW: Tensor) -> Tensor:
        """Return the embedding."""
        method: Any = getattr(network, "embed", None)
        method = None if isinstance(method, nn.Module) else method  # a layer of this name is no method
        output = network(images_BCHW) if method is None else method(images_BCHW)
        if method is None and not _is_embedding(output):
            return _maps(network, output)[-1].mean(dim=(2, 3))  # of whatever size the map is
        if not _is_embedding(output):
            raise RecipeError(f"backbone {type(network).__name__}: embed gives {_kind(output)}; a tensor BD is needed")
        embedding_BD: Tensor = output
        return embedding_BD

    def reductions(self, network: nn.Module) -> tuple[int, ...]:  # noqa: ARG002
        """Return nothing: strides are those of the maps."""
        return ()


def require_module(network: Any, name: str) -> nn.Module:
    """Return a network.

    Raises:
        RecipeError: when it is no module with weights.
    """
    if not isinstance(network, nn.Module) or next(network.parameters(), None) is None:
        raise RecipeError(f"backbone {name!r}: a {type(network).__name__} without weights; give an nn.Module with some")
    return network


def default_input(network: nn.Module) -> InputSpec:
    """Return a module's own ``input``, an ``InputSpec``; else 224 x 224 pixels with the statistics of ImageNet."""
    spec = getattr(network, "input", None)
    return spec if isinstance(spec, InputSpec) else InputSpec(224, 224)


def stated_groups(network: nn.Module, prefix: str) -> tuple[DepthGroup, ...]:
    """Return the depth groups that a module names itself, in its attribute or method ``depth_groups``; else nothing.

    Args:
        network: its ``depth_groups`` map names, stem first, to names of modules or parameters.
        prefix: put before every parameter name.

    Raises:
        RecipeError: when a parameter is in no group or in two, or a name is nobody's.
    """
    declared: Any = getattr(network, "depth_groups", None)
    if declared is None:
        return ()
    stated = declared() if callable(declared) else declared
    if not isinstance(stated, Mapping):
        raise RecipeError(
            f"backbone {type(network).__name__}: depth_groups is a {type(stated).__name__}; give a dict of group names "
            "to lists of module names"
        )
    names = [name for name, _ in network.named_parameters()]
    groups = {
        group: [name for name in names if any(f"{name}.".startswith(f"{part}.") for part in parts)]
        for group, parts in stated.items()
    }
    placed = [name for members in groups.values() for name in members]
    wrong = [name for name in names if placed.count(name) != 1] or [group for group in groups if not groups[group]]
    if wrong:
        raise RecipeError(
            f"backbone {type(network).__name__}: depth_groups puts {wrong[0]} {placed.count(wrong[0])} times; every "
            "parameter belongs to one group, and every group has some"
        )
    return tuple(DepthGroup(group, tuple(prefix + name for name in members)) for group, members in groups.items())


def _is_embedding(output: Any) -> bool:
    return isinstance(output, Tensor) and output.ndim == 2


def _maps(network: nn.Module, output: Any) -> list[Tensor]:
    """Read what ``forward`` gave as maps."""
    several = [output] if isinstance(output, Tensor) else output
    several = list(several.values()) if isinstance(several, Mapping) else several
    if not isinstance(several, list | tuple) or not several or not all(map(_is_map, several)):
        raise RecipeError(
            f"backbone {type(network).__name__}: gives {_kind(output)}; feature maps BCHW, shallow to deep, as a list, "
            "tuple or dict, or an embedding BD are needed"
        )
    return list(several)


def _is_map(output: Any) -> bool:
    return isinstance(output, Tensor) and output.ndim == 4


def _kind(output: Any) -> str:
    if isinstance(output, Tensor):
        return f"a tensor of shape {tuple(output.shape)}"
    if isinstance(output, list | tuple) and output:
        return f"a {type(output).__name__} of {_kind(output[0])}"
    return f"a {type(output).__name__}"
