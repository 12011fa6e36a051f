"""Every head for objects works on every kind of backbone.

Shape suffixes: B batch, N objects or detections, S cells of a side of a mask, R what a row of results holds.
"""

import pytest
import torch

from tests.contracts.test_decoders import BACKBONES, SIZE, one_thread
from visionft.annotations.marks import CROWD, IGNORE, PADDING
from visionft.batch import InstanceTargets
from visionft.catalog import imported
from visionft.models.backbones import Backbone, build_backbone
from visionft.models.heads import HEADS, mask_rcnn, rcnn
from visionft.sample import OBJECT_TASKS
from visionft.spec import MASK_SIDE
from visionft.tasks import TASKS
from visionft.tasks.objects.learning import Detector

HEAD_NAMES = [name for name in HEADS if HEADS[name].task in OBJECT_TASKS]
CLASSES = ("a", "b", "c")
FOR_THE_SLOWEST = ("timm/resnet18", "timm/swin_tiny_patch4_window7_224", "timm/vit_tiny_patch16_224")
__all__ = ["one_thread"]


@pytest.fixture(scope="module", params=BACKBONES)
def backbone(request: pytest.FixtureRequest) -> Backbone:
    torch.manual_seed(0)
    return build_backbone(request.param, "none", image_size=SIZE)


@pytest.fixture(params=HEAD_NAMES)
def task(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Detector:
    if request.param == "rt_detr":
        pytest.importorskip("transformers", reason="needs the extra detr")
        if request.node.callspec.params["backbone"] not in FOR_THE_SLOWEST:
            pytest.skip("three backbones are enough for the slowest head")
    for module in (rcnn, mask_rcnn):  # as wide as it is, it would take minutes
        monkeypatch.setattr(module, "WIDTH", 32)
    return imported(TASKS[HEADS[request.param].task].learner)(CLASSES, head=request.param)


def run(backbone: Backbone, task: Detector, head: torch.nn.Module) -> object:
    images_BCHW = torch.randn(2, 3, *SIZE, generator=torch.Generator().manual_seed(1))
    return head(task.features(backbone, images_BCHW))


def targets_of(task: Detector, boxes_BN5: torch.Tensor) -> torch.Tensor | InstanceTargets:
    """Return what the task learns of these boxes; nobody knows the outlines of the last of each image."""
    if task.kind == "detection":
        return boxes_BN5
    masks_BNSS = torch.ones(*boxes_BN5.shape[:2], MASK_SIDE, MASK_SIDE, dtype=torch.uint8)
    masks_BNSS[:, -1] = IGNORE
    return InstanceTargets(boxes_BN5, masks_BNSS)


def test_results_have_one_size_and_repeat_in_evaluation(backbone, task):
    torch.manual_seed(0)
    head = task.build_head(backbone).eval()
    backbone.eval()
    with torch.no_grad():
        first_BNR, second_BNR = (task.finalize(run(backbone, task, head)) for _ in range(2))
    assert first_BNR.shape[::2] == (2, 6 if task.kind == "detection" else 6 + MASK_SIDE**2)
    assert torch.equal(first_BNR, second_BNR)
    height, width = SIZE
    assert (first_BNR[..., :4] >= 0).all()
    assert (first_BNR[..., [0, 2]] <= width).all()
    assert (first_BNR[..., [1, 3]] <= height).all()
    assert (first_BNR[..., 4].diff(dim=1) <= 0).all()
    assert set(first_BNR[..., 5].unique().tolist()) <= {0, 1, 2}
    assert not first_BNR[first_BNR[..., 4] == 0].any()
    assert (first_BNR[..., 6:] >= 0).all()
    assert (first_BNR[..., 6:] <= 1).all()


def test_gradients_reach_the_head_and_every_depth_group(backbone, task):
    torch.manual_seed(0)
    head = task.build_head(backbone).train()
    backbone.train()
    backbone.zero_grad()
    truth_BN5 = torch.tensor(
        [[[4.0, 4, 30, 40, 1], [50, 10, 90, 60, 2]], [[0, 0, 20, 20, CROWD], [0, 0, 0, 0, PADDING]]]
    )
    loss = task.loss(run(backbone, task, head), targets_of(task, truth_BN5))
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
    loss = task.loss(run(backbone, task, head), targets_of(task, nothing_BN5))
    loss.backward()
    assert loss.isfinite()
    assert loss > 0
