"""Every detection head works on every kind of backbone.

Shape suffixes: B batch, N objects or detections.
"""

import pytest
import torch

from tests.contracts.test_decoders import BACKBONES, SIZE, one_thread
from visionft.backbones import Backbone, build_backbone
from visionft.heads import HEADS, rcnn
from visionft.sample import CROWD, PADDING
from visionft.tasks.detection import Detection

HEAD_NAMES = [name for name in HEADS if HEADS[name].task == "detection"]
CLASSES = ("a", "b", "c")
FOR_THE_SLOWEST = ("timm/resnet18", "timm/swin_tiny_patch4_window7_224", "timm/vit_tiny_patch16_224")
__all__ = ["one_thread"]


@pytest.fixture(scope="module", params=BACKBONES)
def backbone(request: pytest.FixtureRequest) -> Backbone:
    torch.manual_seed(0)
    return build_backbone(request.param, "none", image_size=SIZE)


@pytest.fixture(params=HEAD_NAMES)
def task(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Detection:
    if request.param == "rt_detr":
        pytest.importorskip("transformers", reason="needs the extra detr")
        if request.node.callspec.params["backbone"] not in FOR_THE_SLOWEST:
            pytest.skip("three backbones are enough for the slowest head")
    monkeypatch.setattr(rcnn, "WIDTH", 32)  # as wide as it is, it would take a minute
    return Detection(CLASSES, head=request.param)


def run(backbone: Backbone, task: Detection, head: torch.nn.Module) -> object:
    images_BCHW = torch.randn(2, 3, *SIZE, generator=torch.Generator().manual_seed(1))
    return head(task.features(backbone, images_BCHW))


def test_detections_have_one_size_and_repeat_in_evaluation(backbone, task):
    torch.manual_seed(0)
    head = task.build_head(backbone).eval()
    backbone.eval()
    with torch.no_grad():
        first_BN6, second_BN6 = (task.finalize(run(backbone, task, head)) for _ in range(2))
    assert first_BN6.shape[::2] == (2, 6)
    assert torch.equal(first_BN6, second_BN6)
    height, width = SIZE
    assert (first_BN6[..., :4] >= 0).all()
    assert (first_BN6[..., [0, 2]] <= width).all()
    assert (first_BN6[..., [1, 3]] <= height).all()
    assert (first_BN6[..., 4].diff(dim=1) <= 0).all()
    assert set(first_BN6[..., 5].unique().tolist()) <= {0, 1, 2}


def test_gradients_reach_the_head_and_every_depth_group(backbone, task):
    torch.manual_seed(0)
    head = task.build_head(backbone).train()
    backbone.train()
    backbone.zero_grad()
    truth_BN5 = torch.tensor(
        [[[4.0, 4, 30, 40, 1], [50, 10, 90, 60, 2]], [[0, 0, 20, 20, CROWD], [0, 0, 0, 0, PADDING]]]
    )
    loss = task.loss(run(backbone, task, head), truth_BN5)
    loss.backward()
    assert loss.isfinite()
    assert [name for name, parameter in head.named_parameters() if parameter.grad is None] == []
    parameters = dict(backbone.named_parameters())
    unreached = [
        group.name
        for group in task.groups(backbone)
        if not any(
            parameters[name].grad is not None and parameters[name].grad.abs().max() > 0 for name in group.parameters
        )
    ]
    assert unreached == []


def test_a_batch_without_any_object_still_teaches(backbone, task):
    torch.manual_seed(0)
    head = task.build_head(backbone).train()
    nothing_BN5 = torch.tensor([[[0.0, 0, 0, 0, PADDING]]]).expand(2, 1, 5)
    loss = task.loss(run(backbone, task, head), nothing_BN5)
    loss.backward()
    assert loss.isfinite()
    assert loss > 0
