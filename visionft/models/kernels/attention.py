"""Attention in the form that exporters take: query, key and value with four dimensions.

Shape suffixes: B batch, N attentions side by side, L queries, S keys, E channels.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode


@contextmanager
def exportable_attention() -> Iterator[None]:
    """While exporting, give every attention of another number of dimensions four; else change nothing.

    Networks that attend inside of windows (Hiera, Twins, NesT) have a fifth, which torch's translation to ONNX refuses.
    """
    if not torch.compiler.is_exporting():
        yield
        return
    with _FourDimensions():
        yield


class _FourDimensions(TorchFunctionMode):
    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        options = dict(kwargs or {})
        if func is functional.scaled_dot_product_attention:
            return attend(*args, **options)
        return func(*args, **options)


def attend(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, *rest: Any, **how: Any
) -> Tensor:
    """Return what ``scaled_dot_product_attention`` does, computed with four dimensions where shapes allow.

    Args:
        query: (..., L, E).
        key: (..., S, E).
        value: (..., S, E).
        attn_mask: of a shape that is broadcast to (..., L, S).
        rest: further arguments of that function.
        how: the same by name.
    """
    leading = query.shape[:-2]
    alike = leading == key.shape[:-2] == value.shape[:-2]
    if query.ndim == 4 or not alike:
        return functional.scaled_dot_product_attention(query, key, value, attn_mask, *rest, **how)
    if attn_mask is not None and attn_mask.ndim > 2:
        attn_mask = _four(attn_mask.expand(*leading, query.shape[-2], key.shape[-2]))
    four = (_four(query), _four(key), _four(value))
    attended_BNLE = functional.scaled_dot_product_attention(*four, attn_mask, *rest, **how)
    if query.ndim > 4:
        return attended_BNLE.reshape(*leading, *attended_BNLE.shape[2:])
    return attended_BNLE.squeeze(1) if query.ndim == 3 else attended_BNLE.squeeze(0).squeeze(0)


def _four(tensor: Tensor) -> Tensor:
    """Return a tensor with all dimensions between the first and the last two as one."""
    if tensor.ndim > 4:
        return tensor.flatten(1, -3)
    return tensor.unsqueeze(1) if tensor.ndim == 3 else tensor[None, None]
