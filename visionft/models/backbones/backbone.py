"""The one class behind which every network of every family stands.

Shape suffixes: B batch, C channels, H height, W width, D embedding.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Self, get_args

from torch import Tensor, nn

from visionft.errors import RecipeError, UnknownName
from visionft.models.backbones.build import Filled, build_network
from visionft.models.backbones.family import ImageSize
from visionft.models.backbones.groups import depth_groups, module_groups
from visionft.models.backbones.module_family import stated_groups
from visionft.models.backbones.probe import Probe, last_of_each_stride, probe
from visionft.models.backbones.sizes import WRONG_SIZE, advice, nearest_sizes, reason
from visionft.stages import NormPolicy, choose_groups, height_and_width


class Backbone(nn.Module):
    """A network without its classifier, whose depth groups can be frozen. Made in training mode, every group trainable.

        backbone = vft.Backbone("convnext_tiny")
        backbone.set_trainable(last=2, norm="frozen")
        maps = backbone(images_BCHW)          # normalised as backbone.input says
        embedding_BD = backbone.embed(images_BCHW)

    Args:
        network: ``resnet50`` (timm first, then torchvision), ``timm/resnet50`` or ``torchvision/resnet50``, networks
            that the program has registered with timm included; a tag that names one of several sets of weights may
            follow, as in ``resnet50.a1_in1k``. Or a name in ``BACKBONES``, or a module, see ``module_family``.
        weights: ``pretrained`` (hub cache, then an installed package, then a download), ``package``, ``none`` for
            random weights, or a path to a safetensors, .pth or .pt file. A module keeps what it has, but for a path.
        drop_path: probability in [0, 1) of skipping the deepest residual branch; less in shallower ones.
        image_size: of the images to come, one side for a square or (height, width) in pixels; none for the size
            that the weights were made for.

    Attributes:
        name: of the network in its family; the class of a module.
        family: ``timm`` or ``torchvision``; ``module`` for any other.
        embedding_dim: length of what ``embed`` returns.
        input: the input that the weights were made for, at the size of the images to come.
        weights: where the weights come from.
        groups: the depth groups, stem first; disjoint, and together every parameter.
        map_groups: those that the feature maps depend on; the others only shape the embedding.

    Raises:
        UnknownName: when there is no such network or tag.
        RecipeError: when the network cannot take this size or drop path, or is no backbone.
        WeightsError: when the weights cannot be had or would not fill the network completely.
    """

    def __init__(
        self,
        network: str | nn.Module,
        weights: str = "pretrained",
        *,
        drop_path: float = 0.0,
        image_size: ImageSize | None = None,
    ) -> None:
        super().__init__()
        size = None if image_size is None else height_and_width(image_size)
        filled = _built(network, weights, drop_path, size)
        self.network = filled.network
        self.name = filled.name
        self.family = filled.family.name
        height, width = size or (filled.input.height, filled.input.width)
        self.input = replace(filled.input, height=height, width=width)
        self.weights = filled.weights
        self._runner = filled.family
        self._made_for = filled.input.height, filled.input.width
        seen = self._probe(height, width)
        self._maps = last_of_each_stride(seen.strides)
        self._channels = tuple(seen.channels[index] for index in self._maps)
        self._strides = tuple(seen.strides[index] for index in self._maps)
        self.embedding_dim = seen.embedding_dim
        self.groups = stated_groups(self.network, "network.") or depth_groups(
            self.network, seen.first_calls, prefix="network."
        )
        mapping = {f"network.{name}" for name in seen.map_calls}
        self.map_groups = tuple(
            group for group in self.groups if any(name.rpartition(".")[0] in mapping for name in group.parameters)
        )
        self._eval_modules: frozenset[str] = frozenset()
        self.requires_grad_(requires_grad=True)  # a module that is handed over may be frozen or in evaluation
        self.train()

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of each feature map, shallow to deep.

        Raises:
            RecipeError: when the network gives none.
        """
        if not self._channels:
            raise RecipeError(
                f"backbone {self.name!r}: gives an embedding and no feature maps, without which nothing can be told of "
                "parts of an image; let its forward return maps BCHW, shallow to deep"
            )
        return self._channels

    @property
    def strides(self) -> tuple[int, ...]:
        """Image pixels per cell of each feature map, shallow to deep."""
        return self._strides

    @property
    def stride(self) -> int:
        """The deepest stride; the maps of images whose sides are multiples of it fit each other cell by cell."""
        return self.strides[-1]

    def forward(self, images_BCHW: Tensor, *, pooled: bool = False) -> list[Tensor] | Tensor:
        """Return features of normalised images.

        Args:
            images_BCHW: float, normalised with the mean and deviation in ``input``.
            pooled: whether the embedding is wanted, as of ``embed``.

        Returns:
            Feature maps BCHW, shallow to deep; or embedding_BD.
        """
        if pooled:
            return self._runner.embed(self.network, images_BCHW)
        return self._runner.maps(self.network, images_BCHW, self._maps)

    def embed(self, images_BCHW: Tensor) -> Tensor:
        """Return the network's own pooled representation BD of normalised images."""
        embedding_BD: Tensor = self(images_BCHW, pooled=True)  # a call, so that hooks and wrappers see it
        return embedding_BD

    def set_trainable(
        self, groups: str | int | Collection[str] = "all", norm: NormPolicy = "affine", *, last: int | None = None
    ) -> None:
        """Set what trains; the rest is frozen, ``train()`` or not: weights, norm statistics, dropout.

        Args:
            groups: the depth groups that train: ``all``, ``none``, or names; a name also selects the groups below it,
                as ``layer4`` selects ``layer4.0``.
            norm: what the norm layers of these groups do. ``frozen``: nothing changes in them; ``affine``: scale
                and shift train, the statistics stay; ``all``: both change.
            last: instead of ``groups``: how many of the deepest train.

        Raises:
            UnknownName: for a name that is no depth group.
            RecipeError: when there are not so many.
        """
        known = [group.name for group in self.groups]
        named = (groups,) if isinstance(groups, str) and groups not in ("all", "none") else groups
        chosen = choose_groups(named if last is None else last, known, where="set_trainable")
        if norm not in get_args(NormPolicy):
            raise UnknownName("norm policy", norm, get_args(NormPolicy), where="set_trainable")
        trainable = {name for group in self.groups if group.name in chosen for name in group.parameters}
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name in trainable)
            parameter.grad = None
        eval_modules = set()
        for name, served in module_groups(self, self.groups).items():
            module = self.get_submodule(name)
            moves = not served.isdisjoint(chosen)
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
        def run(height: int, width: int) -> Probe:
            return probe(self.network, self._runner, height, width)

        try:
            return run(height, width)
        except WRONG_SIZE as error:
            raise _cannot_take(self.name, error, (height, width), self._made_for, run) from error


def _built(network: str | nn.Module, weights: str, drop_path: float, size: tuple[int, int] | None) -> Filled:
    """Build a network; one that is built for a size may refuse it."""
    try:
        return build_network(network, weights, drop_path, size)
    except WRONG_SIZE as error:
        if size is None or not isinstance(network, str):
            raise RecipeError(f"backbone {network!r}: cannot be built: {reason(error)}") from error

        def run(height: int, width: int) -> None:
            trial = build_network(network, "none", drop_path, (height, width))
            probe(trial.network, trial.family, height, width)

        usual = _built(network, "none", drop_path, None).input
        raise _cannot_take(network, error, size, (usual.height, usual.width), run) from error


def _cannot_take(
    name: str, error: Exception, size: tuple[int, int], made_for: tuple[int, int], run: Callable[[int, int], object]
) -> RecipeError:
    """Return what is wrong with a size, with those near by that work."""
    near = advice(nearest_sizes(size, made_for, run)) or "use that size for the input and all stages"
    return RecipeError(
        f"backbone {name!r}: cannot take images of {size[1]} x {size[0]} pixels ({reason(error)}); its weights were "
        f"made for {made_for[1]} x {made_for[0]}; {near}; or take another backbone"
    )


def _is_norm(module: nn.Module) -> bool:
    """Return whether a module normalises: the libraries have dozens of such classes, all called something with Norm."""
    return "Norm" in type(module).__name__ and all(parameter.ndim <= 1 for parameter in module.parameters())
