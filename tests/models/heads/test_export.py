"""The exporter follows backbone and head together, with any batch size.

Shape suffixes: B batch, C channels, H height, W width, K classes.
"""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS

ON_CNN = [("test_resnet", name) for name in HEADS if HEADS[name].predicts == "pixel_logits"]


class Segment(nn.Module):
    def __init__(self, backbone: Backbone, head: nn.Module):
        super().__init__()
        self.backbone, self.head = backbone, head

    def forward(self, images_BCHW: Tensor) -> Tensor:
        return self.head(self.backbone(images_BCHW))


@pytest.mark.slow
@pytest.mark.parametrize(("network", "name"), [*ON_CNN, ("test_vit", "lite"), ("test_convnext", "unet")])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of the exporter's own making
def test_segmentation_exports_with_any_batch(tmp_path, network, name):
    torch.manual_seed(0)
    size = (128, 128) if name == "pan" else (64, 96)
    backbone = Backbone(network, "none", image_size=size)
    segment = Segment(backbone, HEADS[name](backbone.channels, backbone.strides, 5)).eval()
    nn.init.normal_(segment.head.classifier.convolution.weight)  # else all logits are close to zero
    path = tmp_path / "segment.onnx"

    torch.onnx.export(
        segment,
        (torch.randn(2, 3, *size),),
        str(path),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        verbose=False,
    )

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for batch in (1, 3):
        images_BCHW = torch.randn(batch, 3, *size)
        (exported_BKHW,) = session.run(None, {session.get_inputs()[0].name: images_BCHW.numpy()})
        expected_BKHW = segment(images_BCHW).detach().numpy()
        assert np.ptp(expected_BKHW) > 0.1
        np.testing.assert_allclose(exported_BKHW, expected_BKHW, atol=1e-3 * np.abs(expected_BKHW).max())
