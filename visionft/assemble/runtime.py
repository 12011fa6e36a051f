"""Where a network runs and in which number format: the fast choice by default."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from visionft.errors import RecipeError
from visionft.models.kernels.depthwise import speed_up_depthwise
from visionft.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Runtime:
    """Device and number formats of one run.

    Attributes:
        device: where the network lives.
        bf16: whether training passes run under bf16 autocast.
        memory_format: layout of 4-dimensional weights.
        workers: processes that load images.
    """

    device: torch.device
    bf16: bool
    memory_format: torch.memory_format
    workers: int

    @classmethod
    def choose(cls, recipe: Recipe, cores: int) -> "Runtime":
        """Fill in every ``auto`` of the recipe's runtime section.

        bf16 is taken where the hardware multiplies in it, and channels_last always: both are faster or even for
        every network measured, see ``benchmarks/results/training_step.json``.

        Raises:
            RecipeError: when CUDA is asked for and there is none.
        """
        section = recipe.runtime
        if section.device == "cuda" and not torch.cuda.is_available():
            raise RecipeError("runtime.device: cuda asked for; this machine has none that torch can use; use auto")
        cuda = section.device == "cuda" or (section.device == "auto" and torch.cuda.is_available())
        fast_bf16 = _cuda_has_bf16() if cuda else _cpu_has_bf16()
        return cls(
            device=torch.device("cuda" if cuda else "cpu"),
            bf16=fast_bf16 if section.precision == "auto" else section.precision == "bf16",
            memory_format=torch.contiguous_format if section.memory_format == "contiguous" else torch.channels_last,
            workers=(min(8, max(1, cores - 1)) if cuda else 0) if section.workers == "auto" else section.workers,
        )

    def prepare(self, network: nn.Module) -> None:
        """Move a network to the device and into the memory format."""
        network.to(self.device).to(memory_format=self.memory_format)
        if self.bf16 and self.device.type == "cpu":
            speed_up_depthwise(network)

    @contextmanager
    def autocast(self) -> Iterator[None]:
        """Run training passes in the chosen number format."""
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16):
            yield
        # torch itself does so only where no other autocast is around it; else weights stay what they were at first
        torch.clear_autocast_cache()


def _cuda_has_bf16() -> bool:
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def _cpu_has_bf16() -> bool:
    has = torch.cpu.get_capabilities()
    return bool(has.get("avx512_bf16") or has.get("amx_bf16"))


def on_cuda(runtime: Runtime) -> bool:
    """Return whether the network trains on a CUDA device."""
    return runtime.device.type == "cuda"
