"""Where a network runs and in which number format: the fast choice by default.

Measured on a 2-core Zen 4 CPU with AVX-512 bf16 (images/s, training): EfficientNet-Lite0 7.0 contiguous fp32,
15.2 channels_last fp32, 13.0 channels_last bf16; ResNet-18 12.3, 13.8, 27.7. Depthwise convolutions have no fast
bf16 backward pass on CPUs, so networks that have them train in fp32 there; their forward pass alone is twice as
fast in bf16 (60.9 and 132 images/s).
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import nn

from visionft.errors import RecipeError
from visionft.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Runtime:
    """Device and number formats of one run.

    Attributes:
        device: where the network lives.
        trains_in_bf16: whether passes that reach into the backbone run under bf16 autocast.
        runs_in_bf16: whether passes through a frozen backbone do.
        memory_format: layout of 4-dimensional weights.
        workers: processes that load images.
    """

    device: torch.device
    trains_in_bf16: bool
    runs_in_bf16: bool
    memory_format: torch.memory_format
    workers: int

    @classmethod
    def choose(cls, recipe: Recipe, network: nn.Module, cores: int) -> "Runtime":
        """Fill in every ``auto`` of the recipe's runtime section.

        Raises:
            RecipeError: when CUDA is asked for and there is none.
        """
        wanted = recipe.runtime
        if wanted.device == "cuda" and not torch.cuda.is_available():
            raise RecipeError("runtime.device: cuda asked for; this machine has none that torch can use; use auto")
        cuda = wanted.device == "cuda" or (wanted.device == "auto" and torch.cuda.is_available())
        fast_bf16 = _cuda_has_bf16() if cuda else _cpu_has_bf16()
        automatic = wanted.precision == "auto"
        # validation in training must see the same arithmetic as training where precision was asked for
        return cls(
            device=torch.device("cuda" if cuda else "cpu"),
            trains_in_bf16=fast_bf16 and (cuda or not _has_depthwise(network))
            if automatic
            else wanted.precision == "bf16",
            runs_in_bf16=fast_bf16 if automatic else wanted.precision == "bf16",
            memory_format=torch.contiguous_format if wanted.memory_format == "contiguous" else torch.channels_last,
            workers=(min(8, max(1, cores - 1)) if cuda else 0) if wanted.workers == "auto" else wanted.workers,
        )

    def autocast(self, trainable_groups: Sequence[str]) -> AbstractContextManager[object]:
        """Return the context for a training pass of a stage that trains these depth groups."""
        enabled = self.trains_in_bf16 if trainable_groups else self.runs_in_bf16
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=enabled)


def _has_depthwise(network: nn.Module) -> bool:
    return any(
        isinstance(module, nn.Conv2d) and module.groups > 1 and module.groups == module.in_channels
        for module in network.modules()
    )


def _cuda_has_bf16() -> bool:
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def _cpu_has_bf16() -> bool:
    has = torch.cpu.get_capabilities()
    return bool(has.get("avx512_bf16") or has.get("amx_bf16"))
