"""What a network does, learned by running it once on a black image.

Shape suffixes: B batch, C channels, H height, W width, D embedding.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import log2

import torch
from torch import nn

from visionft.models.backbones.family import Family

_BORDER = 4  # cells that a network without padding loses at most


@dataclass(frozen=True, slots=True)
class Probe:
    """What one forward pass shows.

    Attributes:
        channels: of every map that the network offers, shallow to deep.
        strides: image pixels per cell of each map.
        embedding_dim: length of the embedding.
        first_calls: module name -> position among the calls, for every module that has parameters of its own and
            was called.
        map_calls: the same for a pass that ends with the deepest map.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]
    embedding_dim: int
    first_calls: dict[str, int]
    map_calls: dict[str, int]


def probe(network: nn.Module, family: Family, height: int, width: int) -> Probe:
    """Run a network once, without gradients and in evaluation mode.

    Args:
        network: without its classifier.
        family: knows how to run it.
        height: of the image in pixels.
        width: of the image in pixels.
    """
    any_parameter = next(network.parameters())
    black_1CHW = any_parameter.new_zeros(1, 3, height, width)
    training = {module: module.training for module in network.modules()}
    network.eval()
    try:
        with torch.no_grad():
            with _calls(network) as first_calls:
                embedding_BD = family.embed(network, black_1CHW)
            with _calls(network) as map_calls:
                sizes = [tuple(map_BCHW.shape[1:]) for map_BCHW in family.maps(network, black_1CHW, None)]
    finally:
        for module, mode in training.items():
            module.training = mode
    declared = family.reductions(network)
    hints = declared if len(declared) == len(sizes) else (0,) * len(sizes)
    strides = tuple(_stride(height, size[1], hint) for size, hint in zip(sizes, hints, strict=True))
    return Probe(tuple(size[0] for size in sizes), strides, embedding_BD.shape[1], first_calls, map_calls)


def last_of_each_stride(strides: Sequence[int]) -> tuple[int, ...]:
    """Choose the maps to return: the deepest at each stride.

    A network that keeps one stride throughout, such as a plain ViT, gives the maps at the end of its four quarters.
    """
    last = {stride: index for index, stride in enumerate(strides)}
    if len(last) != 1:
        return tuple(sorted(last.values()))
    count = len(strides)
    return tuple(sorted({max(1, count * quarter // 4) - 1 for quarter in (1, 2, 3, 4)}))


def _stride(pixels: int, cells: int, declared: int) -> int:
    """Return the nominal stride: what is declared or a power of two near by, if a border explains the rest."""
    below: int = 2 ** int(log2(pixels / cells))
    for stride in (declared, below, 2 * below):
        if stride and pixels // stride - _BORDER <= cells <= -(-pixels // stride):
            return stride
    return pixels // cells


@contextmanager
def _calls(network: nn.Module) -> Iterator[dict[str, int]]:
    first: dict[str, int] = {}

    def note(name: str, *_: object) -> None:
        first.setdefault(name, len(first))

    handles = [
        module.register_forward_pre_hook(partial(note, name))
        for name, module in network.named_modules()
        if next(module.parameters(recurse=False), None) is not None
    ]
    try:
        yield first
    finally:
        for handle in handles:
            handle.remove()
