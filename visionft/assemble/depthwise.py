"""Large depthwise convolutions under bf16 autocast on a CPU: backward in fp32.

oneDNN has no fast bf16 backward pass for depthwise kernels of 5 x 5 and more, which makes bf16 training of
EfficientNets slow: ``benchmarks/results/training_step.json`` has a plain loop with and without these kernels. The
rest is faster in bf16, so only these layers step out of autocast, and only where a gradient is needed: a frozen
prefix stays in bf16.
"""

import torch
from torch import Tensor, nn


class _Fp32Backward(nn.Conv2d):
    """Runs in fp32 where autocast is on and a gradient will be asked for."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # the name that nn.Conv2d gave it
        needs_gradient = torch.is_grad_enabled() and (input.requires_grad or self.weight.requires_grad)
        if not (needs_gradient and torch.is_autocast_enabled("cpu")):
            return super().forward(input)
        with torch.autocast("cpu", enabled=False):
            return super().forward(input.float())


def spare_depthwise(network: nn.Module) -> int:
    """Change the class of every large depthwise convolution; weights and names stay.

    Args:
        network: is changed in place.

    Returns:
        How many there are.
    """
    found = [m for m in network.modules() if isinstance(m, nn.Conv2d) and _is_large_depthwise(m)]
    for module in found:
        own = module.__class__  # such as timm's Conv2dSame, whose forward pass stays below ours
        module.__class__ = type(f"Fp32Backward{own.__name__}", (_Fp32Backward, own), {})
    return len(found)


def _is_large_depthwise(module: nn.Conv2d) -> bool:
    done = isinstance(module, _Fp32Backward)
    return not done and module.groups == module.in_channels > 1 and max(module.kernel_size) >= 5
