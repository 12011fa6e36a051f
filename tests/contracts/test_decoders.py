"""Every segmentation head works on every kind of backbone.

Shape suffixes: B batch, C channels, K classes, H height, W width, h and w height and width of the logits.
"""

import pytest
import torch
from torch import Tensor, nn

from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS

HEAD_NAMES = [name for name in HEADS if HEADS[name].predicts == "pixel_logits"]
# one of each kind: with and without a map at stride 2, one stride throughout, strides beyond 32, maps that are BHWC
# inside
BACKBONES = [
    "timm/convnext_atto",
    "timm/efficientvit_b0",
    "timm/efficientvit_m0",
    "timm/mobilenetv3_small_050",
    "timm/regnetx_002",
    "timm/resnet18",
    "timm/swin_tiny_patch4_window7_224",
    "timm/tf_efficientnet_lite0",
    "timm/vit_tiny_patch16_224",
    "torchvision/mobilenet_v3_small",
    "torchvision/resnet18",
    "torchvision/vit_b_32",
]
CLASSES = 5
SIZE = (64, 96)
LARGER = {"pan": (128, 192)}  # it halves the map at stride 16 three times


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Networks as small as these lose more to waiting threads than they gain from them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", params=BACKBONES)
def backbone(request: pytest.FixtureRequest) -> Backbone:
    torch.manual_seed(0)
    return Backbone(request.param, "none", image_size=SIZE)


@pytest.fixture(scope="module")
def keys(backbone: Backbone) -> list[str]:
    return list(backbone.state_dict())


@pytest.fixture(scope="module", params=HEAD_NAMES)
def head(request: pytest.FixtureRequest, backbone: Backbone) -> nn.Module:
    torch.manual_seed(0)
    return HEADS[request.param](backbone.channels, backbone.strides, CLASSES, dropout=0.1)


def images_for(backbone: Backbone, head: nn.Module) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    size = [-(-pixels // backbone.stride) * backbone.stride for pixels in LARGER.get(head.kind, SIZE)]
    return torch.randn(2, 3, *size, generator=generator)


def test_logits_lie_on_the_declared_stride_and_repeat_in_evaluation(backbone, keys, head):
    images_BCHW = images_for(backbone, head)
    backbone.eval()
    head.eval()

    with torch.no_grad():
        first_BKhw, second_BKhw = head(backbone(images_BCHW)), head(backbone(images_BCHW))

    assert isinstance(head.stride, int)
    assert first_BKhw.shape == (2, CLASSES, *(-(-pixels // head.stride) for pixels in images_BCHW.shape[2:]))
    assert first_BKhw.isfinite().all()
    assert torch.equal(first_BKhw, second_BKhw)
    assert list(backbone.state_dict()) == keys


def test_gradients_reach_the_head_and_every_depth_group(backbone, head):
    backbone.train()
    head.train()
    for module in (backbone, head):
        module.zero_grad()
    logits_BKhw = head(backbone(images_for(backbone, head)))

    (logits_BKhw * torch.randn(logits_BKhw.shape, generator=torch.Generator().manual_seed(2))).sum().backward()

    assert [name for name, parameter in head.named_parameters() if parameter.grad is None] == []
    parameters = dict(backbone.named_parameters())
    # the group that is called head lies behind the maps: it makes embeddings out of the last
    groups = {group.name: [parameters[name].grad for name in group.parameters] for group in backbone.groups}
    groups.pop("head", None)
    unreached = [
        name
        for name, gradients in groups.items()
        if not any(gradient is not None and gradient.abs().max() > 0 for gradient in gradients)
    ]
    assert unreached == []
