"""Every head for instance segmentation works on every kind of backbone.

Shape suffixes: B batch, N objects or detections, S cells of a side of a mask, R what a row of results holds.
"""

import pytest
import torch

from tests.contracts.test_decoders import BACKBONES, SIZE, one_thread
from visionft.backbones import Backbone, build_backbone
from visionft.batch import InstanceTargets
from visionft.heads import HEADS, mask_rcnn, rcnn
from visionft.sample import CROWD, IGNORE, PADDING
from visionft.spec import MASK_SIDE
from visionft.tasks.instances import InstanceSegmentation

HEAD_NAMES = [name for name in HEADS if HEADS[name].task == "instance_segmentation"]
CLASSES = ("a", "b", "c")
__all__ = ["one_thread"]


@pytest.fixture(scope="module", params=BACKBONES)
def backbone(request: pytest.FixtureRequest) -> Backbone:
    torch.manual_seed(0)
    return build_backbone(request.param, "none", image_size=SIZE)


@pytest.fixture(params=HEAD_NAMES)
def task(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> InstanceSegmentation:
    for module in (rcnn, mask_rcnn):  # as wide as it is, it would take minutes
        monkeypatch.setattr(module, "WIDTH", 32)
    return InstanceSegmentation(CLASSES, head=request.param)


def run(backbone: Backbone, task: InstanceSegmentation, head: torch.nn.Module) -> object:
    images_BCHW = torch.randn(2, 3, *SIZE, generator=torch.Generator().manual_seed(1))
    return head(task.features(backbone, images_BCHW))


def test_rows_hold_boxes_and_masks_and_repeat_in_evaluation(backbone, task):
    torch.manual_seed(0)
    head = task.build_head(backbone).eval()
    backbone.eval()
    with torch.no_grad():
        first_BNR, second_BNR = (task.finalize(run(backbone, task, head)) for _ in range(2))
    assert first_BNR.shape[::2] == (2, 6 + MASK_SIDE**2)
    assert torch.equal(first_BNR, second_BNR)
    assert not first_BNR[first_BNR[..., 4] == 0].any()
    assert (first_BNR[..., 4].diff(dim=1) <= 0).all()
    assert (first_BNR[..., [0, 2]] <= SIZE[1]).all()
    assert (first_BNR[..., 6:] >= 0).all()
    assert (first_BNR[..., 6:] <= 1).all()


def test_gradients_reach_the_head_and_every_depth_group(backbone, task):
    torch.manual_seed(0)
    head = task.build_head(backbone).train()
    backbone.train()
    backbone.zero_grad()
    boxes_BN5 = torch.tensor(
        [[[4.0, 4, 30, 40, 1], [50, 10, 90, 60, 2]], [[0, 0, 20, 20, CROWD], [0, 0, 0, 0, PADDING]]]
    )
    masks_BNSS = torch.ones(2, 2, MASK_SIDE, MASK_SIDE, dtype=torch.uint8)
    masks_BNSS[0, 1] = IGNORE
    loss = task.loss(run(backbone, task, head), InstanceTargets(boxes_BN5, masks_BNSS))
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
    nothing = InstanceTargets(
        torch.tensor([[[0.0, 0, 0, 0, PADDING]]]).expand(2, 1, 5),
        torch.zeros(2, 1, MASK_SIDE, MASK_SIDE, dtype=torch.uint8),
    )
    loss = task.loss(run(backbone, task, head), nothing)
    loss.backward()
    assert loss.isfinite()
    assert loss > 0
    assert [name for name, parameter in head.named_parameters() if parameter.grad is None] == []
