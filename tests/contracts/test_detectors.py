"""Every head for objects works on every kind of backbone.

Shape suffixes: B batch, N objects or detections, S cells of a side of a mask, R what a row of results holds.
"""

from copy import deepcopy

import pytest
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from tests.contracts.test_decoders import BACKBONES, SIZE, one_thread
from visionft.annotations.marks import CROWD, IGNORE, PADDING
from visionft.annotations.object_mask import MASK_SIDE
from visionft.batch import Batch, InstanceTargets
from visionft.catalog import imported
from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS, mask_rcnn, rcnn
from visionft.models.heads.base import Head
from visionft.models.heads.maps import PaddedMaps
from visionft.models.network import TaskNetwork
from visionft.spec import InputSpec
from visionft.tasks import TASKS
from visionft.tasks.objects.learning import ObjectLearner

HEAD_NAMES = [name for name in HEADS if HEADS[name].predicts in ("boxes", "masks")]
CLASSES = ("a", "b", "c")
FOR_THE_SLOWEST = ("timm/resnet18", "timm/swin_tiny_patch4_window7_224", "timm/vit_tiny_patch16_224")
__all__ = ["one_thread"]


@pytest.fixture(scope="module", params=BACKBONES)
def backbone(request: pytest.FixtureRequest) -> Backbone:
    torch.manual_seed(0)
    return Backbone(request.param, "none", image_size=SIZE)


@pytest.fixture(params=HEAD_NAMES)
def task(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ObjectLearner:
    if request.param == "rt_detr":
        pytest.importorskip("transformers", reason="needs the extra detr")
        if request.node.callspec.params["backbone"] not in FOR_THE_SLOWEST:
            pytest.skip("three backbones are enough for the slowest head")
    for module in (rcnn, mask_rcnn):  # as wide as it is, it would take minutes
        monkeypatch.setattr(module, "WIDTH", 32)
    (kind,) = (kind for kind in TASKS if TASKS[kind].predicts == HEADS[request.param].predicts)
    return imported(TASKS[kind].learner)(CLASSES, head=request.param)


def features_of(backbone: Backbone, head: Head) -> PaddedMaps:
    images_BCHW = torch.randn(2, 3, *SIZE, generator=torch.Generator().manual_seed(1))
    return head.features(backbone, images_BCHW)


def targets_of(task: ObjectLearner, boxes_BN5: torch.Tensor) -> torch.Tensor | InstanceTargets:
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
        first_BNR, second_BNR = (head.postprocess(head(features_of(backbone, head))) for _ in range(2))
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
    loss = head(features_of(backbone, head), targets_of(task, truth_BN5)).total
    loss.backward()
    assert loss.isfinite()
    assert [name for name, parameter in head.named_parameters() if parameter.grad is None] == []
    parameters = dict(backbone.named_parameters())
    unreached = [
        group.name
        for group in head.groups(backbone)
        if not any(
            parameters[name].grad is not None and parameters[name].grad.abs().max() > 0 for name in group.parameters
        )
    ]
    assert unreached == []


@pytest.fixture
def alone(backbone):
    """Join a group of processes that has no other; one backbone is enough for what a wrapper sees."""
    if backbone.name != "resnet18" or backbone.family != "timm":
        pytest.skip("one backbone is enough")
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.usefixtures("alone")
@pytest.mark.filterwarnings("ignore:Grad strides do not match")  # of a convolution, in whatever layout it is
def test_what_wraps_the_networks_forward_sees_all_that_is_learned(backbone, task):
    torch.manual_seed(0)
    backbone = deepcopy(backbone)  # hooks stay
    network = TaskNetwork(backbone, task.build_head(backbone), InputSpec(*SIZE)).train()
    backbone.set_trainable([group.name for group in network.head.groups(backbone)], "all")
    boxes_BN5 = torch.tensor([[[4.0, 4, 30, 40, 1], [50, 10, 90, 60, 2]], [[0, 0, 20, 20, 0], [0, 0, 0, 0, PADDING]]])
    images_BHW3 = torch.randint(0, 256, (2, *SIZE, 3), dtype=torch.uint8)
    batch = Batch(images_BHW3, targets_of(task, boxes_BN5), ("x", "y"))
    start = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    torch.manual_seed(1)
    network(batch).total.backward()
    expected = {name: weights.grad.clone() for name, weights in network.named_parameters() if weights.requires_grad}
    network.zero_grad()
    network.load_state_dict(start)
    inside = Inside(network)
    for module in network.modules():
        module.register_forward_pre_hook(lambda *_: inside.check())
    wrapped = DistributedDataParallel(inside)
    for _ in range(2):  # the second forward pass fails where the first one left a weight without a gradient
        network.load_state_dict(start)
        network.zero_grad()
        torch.manual_seed(1)
        wrapped(batch).total.backward()
    assert inside.calls == 2
    found = {name: weights.grad for name, weights in network.named_parameters() if weights.requires_grad}
    assert all(torch.equal(found[name], expected[name]) for name in expected)


class Inside(nn.Module):
    """Stands around a network and knows when its forward pass is under way."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.under_way, self.calls = network, False, 0

    def forward(self, batch: Batch) -> object:
        self.under_way, self.calls = True, self.calls + 1
        losses = self.network(batch)
        self.under_way = False
        return losses

    def check(self) -> None:
        assert self.under_way


def test_a_batch_without_any_object_still_teaches(backbone, task):
    torch.manual_seed(0)
    head = task.build_head(backbone).train()
    nothing_BN5 = torch.tensor([[[0.0, 0, 0, 0, PADDING]]]).expand(2, 1, 5)
    loss = head(features_of(backbone, head), targets_of(task, nothing_BN5)).total
    loss.backward()
    assert loss.isfinite()
    assert loss > 0
