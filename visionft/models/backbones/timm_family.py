"""Networks of timm.

Shape suffixes: B batch, C channels, H height, W width, D embedding.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import timm
import torch
from timm.models.maxxvit import Attention2d, AttentionCl
from torch import Tensor, nn

from visionft.errors import RecipeError, UnknownName
from visionft.models.backbones.family import Built, HubFile, State
from visionft.models.backbones.names import FOLDER_FORM, HUB_FORM, FamilyName
from visionft.spec import Fit, InputSpec

# What many networks take and others do not know; left out where the network refuses it. The first two make plain
# ViTs and Swins accept any image size, by resampling positions and padding to whole patches, without changing the
# shape of a parameter. A network that a user has registered may have no classifier at all.
_OPTIONAL = ("dynamic_img_size", "dynamic_img_pad", "drop_path_rate", "img_size", "num_classes")
_FITS: dict[str, Fit] = {"squash": "stretch"}


class TimmFamily:
    """Every classification network of timm, through its feature and head interfaces."""

    name: FamilyName = "timm"

    def build(self, network: str, drop_path: float, image_size: tuple[int, int] | None) -> Built:
        """Build a network with random weights and without its classifier.

        Raises:
            UnknownName: when the network has no weights of the given tag.
            RecipeError: when drop path is asked of a network that has none.
        """
        architecture, _, tag = ("", "", "") if _lies_elsewhere(network) else network.partition(".")
        tags = [known.partition(".")[2] for known in timm.list_pretrained(f"{architecture}.*")] if tag else []
        if tag and tag not in tags:
            raise UnknownName(f"tag of backbone {architecture}", tag, tags, hint="leave the tag out")
        built, accepted = _create(network, dynamic_img_size=True, dynamic_img_pad=True, drop_path_rate=drop_path)
        config = getattr(built, "pretrained_cfg", None) or {}
        if drop_path and "drop_path_rate" not in accepted:
            raise RecipeError(f"backbone {network!r}: the network has no drop path; set backbone.drop_path: 0")
        size = _input(config).height, _input(config).width
        fixed = config.get("fixed_input_size", False) and "dynamic_img_size" not in accepted
        if fixed and image_size not in (None, size):
            built, accepted = _create(network, drop_path_rate=drop_path, img_size=image_size)
        return Built(built, _input(config), _hub(config), partial(_remap, network, accepted))

    def runs(self, network: nn.Module) -> bool:
        """Return whether it has timm's interface: ``timm.register_model`` takes any module."""
        return all(hasattr(network, name) for name in ("forward_intermediates", "forward_features", "forward_head"))

    def maps(self, network: Any, images_BCHW: Tensor, indices: Sequence[int] | None) -> list[Tensor]:
        """Return feature maps BCHW, shallow to deep."""
        chosen = None if indices is None else list(indices)
        with _exportable(network):
            maps: list[Tensor] = network.forward_intermediates(
                images_BCHW, indices=chosen, intermediates_only=True, output_fmt="NCHW"
            )
        return maps

    def embed(self, network: Any, images_BCHW: Tensor) -> Tensor:
        """Return the pooled features that the classifier would get."""
        with _exportable(network):
            embedding_BD: Tensor = network.forward_head(network.forward_features(images_BCHW), pre_logits=True)
        return embedding_BD

    def reductions(self, network: Any) -> tuple[int, ...]:
        """Return the strides of timm's feature table."""
        return tuple(level["reduction"] for level in network.feature_info)


def _create(network: str, **options: Any) -> tuple[Any, dict[str, Any]]:
    """Build a network with as many of the options as it takes, and say which these were."""
    options = {"num_classes": 0, **options}
    while True:
        try:
            return timm.create_model(network, **options), options
        except (OSError, ValueError, LookupError) as error:
            if not _lies_elsewhere(network):
                raise
            reason = str(error).partition("\n")[0]
            raise RecipeError(
                f"backbone {network!r}: no network of timm can be made of its config.json ({reason}); it is read from "
                "the repository or folder that the name gives"
            ) from error
        except TypeError as error:
            # the only sign that timm gives: "... got an unexpected keyword argument 'dynamic_img_size'"
            refused = [option for option in _OPTIONAL if option in options and f"'{option}'" in str(error)]
            if not refused:
                raise
            options = {option: value for option, value in options.items() if option not in refused}


def _lies_elsewhere(network: str) -> bool:
    """Return whether a repository or a folder says what a network is, and not timm's registry."""
    return network.startswith((HUB_FORM, FOLDER_FORM))


def _input(config: Mapping[str, Any]) -> InputSpec:
    """Return what timm's configuration of a network says of its input; a user's own may say nothing."""
    usual = InputSpec(224, 224)
    _, height, width = config.get("input_size", (3, usual.height, usual.width))
    return InputSpec(
        height=height,
        width=width,
        fit=_FITS.get(config.get("crop_mode", ""), "crop"),
        crop_pct=config.get("crop_pct", usual.crop_pct),
        interpolation=config.get("interpolation", usual.interpolation),
        mean=tuple(config.get("mean", usual.mean)),
        std=tuple(config.get("std", usual.std)),
    )


def _hub(config: Mapping[str, Any]) -> HubFile | None:
    repo, url = config.get("hf_hub_id", ""), config.get("url", "")
    folder = config.get("file", "") if config.get("source") == "local-dir" else ""
    if not repo and not url and not folder:
        return None
    licence = config.get("license") or "unknown"
    return HubFile(url="" if repo else url, repo=repo, licence=licence, folder=folder or "")


def _remap(network: str, options: Mapping[str, Any], state: Mapping[str, Tensor]) -> State:
    """Let timm's own rules for the family turn foreign tensors into the network's.

    timm applies them only while it creates a network, so one is created and its tensors are taken.
    """
    here = {"state_dict": dict(state), "hf_hub_id": None, "url": "", "source": ""}  # nothing is asked of a hub
    with _quiet():
        remapped = timm.create_model(network, pretrained=True, pretrained_cfg_overlay=here, **options)
    tensors: State = remapped.state_dict()
    return tensors


@contextmanager
def _exportable(network: nn.Module) -> Iterator[None]:
    """While exporting, compute MaxViT's attention step by step: torch cannot export it fused with a free batch."""
    modules = network.modules() if torch.compiler.is_exporting() else ()
    fused: list[Any] = [m for m in modules if isinstance(m, Attention2d | AttentionCl) and m.fused_attn]
    for module in fused:
        module.fused_attn = False
    try:
        yield
    finally:
        for module in fused:
            module.fused_attn = True


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep timm from warning of tensors that do not fit: whoever called looks for them itself."""
    logger = logging.getLogger("timm.models._builder")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
