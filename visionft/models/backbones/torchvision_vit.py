"""torchvision's ViT at any image size.

torchvision's own forward accepts one size only. This one differs from it in resampling the position table when
the grid of patches is another than the table's, and in padding images to whole patches.

Shape suffixes: B batch, C channels, H height, W width, N tokens, D embedding.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models import VisionTransformer


def maps(network: VisionTransformer, images_BCHW: Tensor, indices: Sequence[int] | None) -> list[Tensor]:
    """Return the patch tokens after the chosen blocks, as maps."""
    grid = _grid(network, images_BCHW)
    return [
        tokens_BND[:, 1:].transpose(1, 2).reshape(tokens_BND.shape[0], -1, *grid)
        for index, tokens_BND in enumerate(_blocks(network, images_BCHW))
        if indices is None or index in indices
    ]


def embed(network: VisionTransformer, images_BCHW: Tensor) -> Tensor:
    """Return the class token after the last norm."""
    *_, tokens_BND = _blocks(network, images_BCHW)
    class_BD: Tensor = network.heads(network.encoder.ln(tokens_BND)[:, 0])
    return class_BD


def _grid(network: VisionTransformer, images_BCHW: Tensor) -> tuple[int, int]:
    return -(-images_BCHW.shape[2] // network.patch_size), -(-images_BCHW.shape[3] // network.patch_size)


def _blocks(network: VisionTransformer, images_BCHW: Tensor) -> Iterator[Tensor]:
    """Yield the tokens after each block, the class token first."""
    right, bottom = -images_BCHW.shape[3] % network.patch_size, -images_BCHW.shape[2] % network.patch_size
    padded_BCHW = functional.pad(images_BCHW, (0, right, 0, bottom))
    patches_BND = network.conv_proj(padded_BCHW).flatten(2).transpose(1, 2)
    class_B1D = network.class_token.expand(images_BCHW.shape[0], -1, -1)
    positions_1ND = _positions(network.encoder.pos_embedding, _grid(network, images_BCHW))
    tokens_BND = network.encoder.dropout(torch.cat([class_B1D, patches_BND], dim=1) + positions_1ND)
    for block in network.encoder.layers:
        tokens_BND = block(tokens_BND)
        yield tokens_BND


def _positions(table_1ND: Tensor, grid: tuple[int, int]) -> Tensor:
    """Resample a square position table, class token first, to another grid."""
    side = round((table_1ND.shape[1] - 1) ** 0.5)
    if grid == (side, side):
        return table_1ND
    table_1DHW = table_1ND[:, 1:].transpose(1, 2).reshape(1, -1, side, side)
    resampled_1DHW = functional.interpolate(table_1DHW, size=grid, mode="bicubic", antialias=True)
    return torch.cat([table_1ND[:, :1], resampled_1DHW.flatten(2).transpose(1, 2)], dim=1)
