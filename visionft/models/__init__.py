"""Networks: backbones, heads, losses, and kernels for layers that torch runs slowly."""
