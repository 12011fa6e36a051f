"""The exporter follows `embed` of CNN, ViT and hybrid alike, with any batch size."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from visionft.models.backbones import Backbone
from visionft.models.kernels.attention import exportable_attention


class Embed(nn.Module):
    def __init__(self, backbone: Backbone):
        super().__init__()
        self.backbone = backbone

    def forward(self, images_BCHW: Tensor) -> Tensor:
        with exportable_attention():  # as FinalNetwork does
            return self.backbone.embed(images_BCHW)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "test_resnet",
        "test_vit",
        "test_coatnet",
        "test_maxvit",
        "torchvision/squeezenet1_1",
        "hiera_tiny_224",
        "nest_tiny",
        "twins_svt_small",
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of the exporter's own making
def test_embed_exports_with_any_batch(tmp_path, name):
    torch.manual_seed(0)
    backbone = Backbone(name, "none", image_size=64)
    images_BCHW = torch.randn(2, 3, 64, 64)
    path = tmp_path / "embed.onnx"

    torch.onnx.export(
        Embed(backbone).eval(),
        (images_BCHW,),
        str(path),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        verbose=False,
    )

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for batch in (1, 5):
        images_BCHW = torch.randn(batch, 3, 64, 64)
        (exported_BD,) = session.run(None, {session.get_inputs()[0].name: images_BCHW.numpy()})
        np.testing.assert_allclose(exported_BD, backbone.embed(images_BCHW).detach(), atol=1e-4)
