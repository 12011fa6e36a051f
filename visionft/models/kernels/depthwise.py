"""Large depthwise convolutions in bf16 on a CPU: a backward pass that is fast.

oneDNN's backward passes for depthwise kernels of 5 x 5 and more are slow in fp32 and an order of magnitude slower in
bf16, which makes bf16 training of EfficientNets slow; ``benchmarks/results/training_step.json`` has a plain loop with
and without these kernels. Its backward pass for 3 x 3 is fast, and so is every forward pass. So the gradient of a large
kernel is put together from 3 x 3 pieces, and that of the input is a forward pass with the kernel turned round. The
results are the same up to the rounding of bf16.

Shape suffixes: B batch, C channels, H height, W width, k side of the kernel.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_PIECE = 3


class _Depthwise(torch.autograd.Function):
    """A depthwise convolution without bias, of dilation 1."""

    @staticmethod
    def forward(
        ctx: Any, images_BCHW: Tensor, weight_C1kk: Tensor, stride: tuple[int, int], padding: tuple[int, int]
    ) -> Tensor:
        ctx.save_for_backward(images_BCHW, weight_C1kk)
        ctx.stride, ctx.padding = stride, padding
        return F.conv2d(images_BCHW, weight_C1kk, None, stride, padding, 1, len(weight_C1kk))

    @staticmethod
    def backward(ctx: Any, gradient_BCHW: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        images_BCHW, weight_C1kk = ctx.saved_tensors
        to_images, to_weight = ctx.needs_input_grad[:2]
        return (
            _images_gradient(gradient_BCHW, images_BCHW, weight_C1kk, ctx.stride, ctx.padding) if to_images else None,
            _weight_gradient(gradient_BCHW, images_BCHW, weight_C1kk, ctx.stride, ctx.padding) if to_weight else None,
            None,
            None,
        )


def _images_gradient(
    gradient_BCHW: Tensor, images_BCHW: Tensor, weight_C1kk: Tensor, stride: tuple[int, int], padding: tuple[int, int]
) -> Tensor:
    if stride == (1, 1):
        high, wide = weight_C1kk.shape[2:]
        around = (high - 1 - padding[0], wide - 1 - padding[1])
        return F.conv2d(gradient_BCHW, weight_C1kk.flip(2, 3), None, 1, around, 1, len(weight_C1kk))
    in_fp32 = _backward(  # strided, oneDNN is fast in fp32 only
        gradient_BCHW.float(), images_BCHW.float(), weight_C1kk.float(), stride, padding, to_images=True
    )
    return in_fp32.to(images_BCHW.dtype)


def _weight_gradient(
    gradient_BCHW: Tensor, images_BCHW: Tensor, weight_C1kk: Tensor, stride: tuple[int, int], padding: tuple[int, int]
) -> Tensor:
    """Return what each piece of the kernel gets from the part of the images that it sees."""
    padded_BCHW = F.pad(images_BCHW, (padding[1], padding[1], padding[0], padding[0]))
    height, width = ((cells - 1) * step + _PIECE for cells, step in zip(gradient_BCHW.shape[2:], stride, strict=True))
    piece_C1kk = weight_C1kk[:, :, :_PIECE, :_PIECE].contiguous()
    result_C1kk = torch.empty_like(weight_C1kk)
    for top in _corners(weight_C1kk.shape[2]):
        for left in _corners(weight_C1kk.shape[3]):
            seen_BCHW = padded_BCHW[:, :, top : top + height, left : left + width]
            result_C1kk[:, :, top : top + _PIECE, left : left + _PIECE] = _backward(
                gradient_BCHW, seen_BCHW, piece_C1kk, stride, (0, 0), to_images=False
            )
    return result_C1kk


def _corners(side: int) -> list[int]:
    """Return where pieces begin that cover a side; the last ones may overlap."""
    return [min(start, side - _PIECE) for start in range(0, side, _PIECE)]


def _backward(
    gradient_BCHW: Tensor,
    images_BCHW: Tensor,
    weight_C1kk: Tensor,
    stride: tuple[int, int],
    padding: tuple[int, int],
    *,
    to_images: bool,
) -> Tensor:
    both = torch.ops.aten.convolution_backward(
        gradient_BCHW,
        images_BCHW,
        weight_C1kk,
        None,
        stride,
        padding,
        (1, 1),
        False,
        (0, 0),
        len(weight_C1kk),
        (to_images, not to_images, False),
    )
    found: Tensor = both[0 if to_images else 1]
    return found


class _FastBackward(nn.Conv2d):
    """Takes the fast way where autocast is on and a gradient will be asked for."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # the name that nn.Conv2d gave it
        needs_gradient = torch.is_grad_enabled() and (input.requires_grad or self.weight.requires_grad)
        if not (needs_gradient and torch.is_autocast_enabled("cpu")):
            return super().forward(input)
        dtype = torch.get_autocast_dtype("cpu")
        outputs_BCHW: Tensor = _Depthwise.apply(
            self._padded(input).to(dtype), self.weight.to(dtype), self.stride, self.padding
        )
        return outputs_BCHW if self.bias is None else outputs_BCHW + self.bias.to(dtype).view(-1, 1, 1)

    def _padded(self, images_BCHW: Tensor) -> Tensor:
        """Pad as timm's layers do that pad by the size of the image; their own padding is 0."""
        if not _pads_by_size(type(self)):
            return images_BCHW
        from timm.layers.padding import pad_same

        padded_BCHW: Tensor = pad_same(images_BCHW, list(self.kernel_size), list(self.stride))
        return padded_BCHW


def speed_up_depthwise(network: nn.Module) -> int:
    """Change the class of every large depthwise convolution; weights and names stay.

    Args:
        network: is changed in place.

    Returns:
        How many there are.
    """
    found = [m for m in network.modules() if isinstance(m, nn.Conv2d) and _is_large_depthwise(m)]
    for module in found:
        plain_class = module.__class__  # such as timm's Conv2dSame, whose forward pass stays below ours
        module.__class__ = type(f"FastBackward{plain_class.__name__}", (_FastBackward, plain_class), {})
    return len(found)


def plain_depthwise(network: nn.Module) -> None:
    """Undo ``speed_up_depthwise``: the classes it makes belong to no module, so that they cannot be pickled."""
    for module in network.modules():
        if isinstance(module, _FastBackward):
            module.__class__ = type(module).__bases__[1]


def _is_large_depthwise(module: nn.Conv2d) -> bool:
    return (
        not isinstance(module, _FastBackward)
        and module.groups == module.in_channels == module.out_channels > 1
        and min(module.kernel_size) >= _PIECE
        and max(module.kernel_size) > _PIECE
        and module.dilation == (1, 1)
        and module.padding_mode == "zeros"
        and not isinstance(module.padding, str)
        and (type(module).forward is nn.Conv2d.forward or _pads_by_size(type(module)))
    )


def _pads_by_size(kind: type[nn.Module]) -> bool:
    return any(base.__name__ == "Conv2dSame" and base.__module__.startswith("timm.") for base in kind.__mro__)
