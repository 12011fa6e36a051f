"""Attention of any number of dimensions is that of torch, and exports."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn
from torch.nn import functional

from visionft.models.kernels.attention import attend, exportable_attention

torch.manual_seed(0)


@pytest.mark.parametrize("leading", [(), (2,), (2, 3), (2, 3, 4), (2, 1, 3, 2)])
@pytest.mark.parametrize("mask", [None, (5, 7), (1, 5, 7), "whole"])
def test_it_is_what_torch_computes(leading, mask):
    if isinstance(mask, tuple) and len(mask) > len(leading) + 2:
        pytest.skip("torch takes no mask of more dimensions")
    query, key, value = torch.rand(*leading, 5, 8), torch.rand(*leading, 7, 8), torch.rand(*leading, 7, 6)
    shape = (*leading, 5, 7) if mask == "whole" else mask
    given = None if shape is None else torch.rand(shape)

    attended = attend(query, key, value, given, scale=0.3)

    torch.testing.assert_close(
        attended, functional.scaled_dot_product_attention(query, key, value, attn_mask=given, scale=0.3)
    )


class InWindows(nn.Module):
    """Attends inside of four windows, as Hiera, Twins and NesT do."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(6, 18)

    def forward(self, tokens_BLE: torch.Tensor) -> torch.Tensor:
        windows = self.mix(tokens_BLE).reshape(-1, 4, 4, 3, 2, 3).permute(3, 0, 4, 1, 2, 5)
        with exportable_attention():
            attended = functional.scaled_dot_product_attention(*windows.unbind(0))
        return attended.permute(0, 2, 3, 1, 4).reshape(-1, 16, 6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of the exporter's own making
def test_five_dimensions_export(tmp_path):
    network = InWindows().eval()
    torch.onnx.export(
        network,
        (torch.rand(2, 16, 6),),
        str(tmp_path / "windows.onnx"),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        verbose=False,
    )

    session = onnxruntime.InferenceSession(tmp_path / "windows.onnx", providers=["CPUExecutionProvider"])
    tokens_BLE = torch.rand(3, 16, 6)
    (exported,) = session.run(None, {session.get_inputs()[0].name: tokens_BLE.numpy()})
    np.testing.assert_allclose(exported, network(tokens_BLE).detach(), atol=1e-5)
