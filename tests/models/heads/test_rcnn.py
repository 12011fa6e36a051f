"""Faster R-CNN: against torchvision's own passes over the same weights, and against what it must learn.

Shape suffixes: B batch, C channels, H height, W width, A anchors, K classes, N objects or detections, P regions.
"""

from copy import deepcopy
from functools import partial

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import (
    MultiScaleRoIAlign,
    box_iou,
    clip_boxes_to_image,
    nms,
    poolers,
    remove_small_boxes,
    roi_align,
)

from visionft.annotations.marks import CROWD, PADDING
from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS, mask_rcnn, rcnn, rcnn_learning
from visionft.models.heads.maps import PaddedMaps
from visionft.models.heads.rcnn_learning import box_iou_in_parts, image_targets, sample_regions
from visionft.tasks.detection.learning import DetectionLearner

CHANNELS, STRIDES = (6, 8, 10), (8, 16, 32)
PADDED, SIZE = (96, 128), (70, 100)
ONE, NOTHING = [20.0, 20, 70, 60, 1], [0.0, 0, 0, 0, PADDING]
TRUTH_BN5 = torch.tensor([[ONE, [50, 10, 90, 50, 0]], [[5, 5, 60, 50, 2], NOTHING]])


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    """As wide as they are, these heads would take minutes."""
    monkeypatch.setattr(rcnn, "WIDTH", 32)
    monkeypatch.setattr(mask_rcnn, "WIDTH", 32)
    monkeypatch.setattr(rcnn, "_HIDDEN", 64)


def maps_of(padded: tuple[int, int], seed: int = 0, batch: int = 2) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    sides = [[pixels // stride for pixels in padded] for stride in STRIDES]
    return [torch.randn(batch, c, *side, generator=generator) for c, side in zip(CHANNELS, sides, strict=True)]


def make(classes: int = 3, dropout: float = 0.0) -> nn.Module:
    torch.manual_seed(0)
    return HEADS["faster_rcnn"](CHANNELS, STRIDES, classes, dropout=dropout)


def detections(head: nn.Module, maps: list[Tensor]) -> Tensor:
    return head.postprocess(head(PaddedMaps(maps, PADDED, SIZE)))


def outspoken(head: nn.Module) -> nn.Module:
    """Make a fresh head's outputs differ from place to place: no two scores are equal, and boxes overlap."""
    for layer in head.rpn.head.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.normal_(head.rpn.head.bbox_pred.weight, std=0.02)
    nn.init.normal_(head.roi_heads.box_predictor.cls_score[1].weight, std=0.5)
    nn.init.normal_(head.roi_heads.box_predictor.bbox_pred.weight, std=0.3)
    return head


def as_torchvision(head: nn.Module, outputs: rcnn.RcnnOutputs, monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """Return a copy for torchvision's own passes: they pool level by level, with anchors and regions where ours are."""
    monkeypatch.setattr(poolers, "roi_align", partial(roi_align, aligned=True))
    theirs = deepcopy(head)

    class Anchors(nn.Module):
        def forward(self, images: ImageList, features: list[Tensor]) -> list[Tensor]:
            return [torch.cat(outputs.anchors)] * len(images.image_sizes)

    theirs.rpn.anchor_generator = Anchors()
    theirs.roi_heads.box_roi_pool = MultiScaleRoIAlign(["0", "1", "2", "3"], 7, 2)
    return theirs


def pyramid(outputs: rcnn.RcnnOutputs) -> dict[str, Tensor]:
    return {str(index): level for index, level in enumerate(outputs.levels)}


def greedy_proposals(head: nn.Module, outputs: rcnn.RcnnOutputs, image: int) -> Tensor:
    """Return the 300 best boxes of an image, of the 300 best of each level, less what greedy suppression takes."""
    found = []
    for logits_BA, offsets_BA4, anchors_A4 in zip(outputs.logits, outputs.offsets, outputs.anchors, strict=True):
        boxes_A4 = head.rpn.box_coder.decode_single(offsets_BA4[image], anchors_A4)
        boxes_A4 = clip_boxes_to_image(boxes_A4, outputs.size)
        kept_N = remove_small_boxes(boxes_A4, 0.1)
        boxes_N5 = torch.cat([boxes_A4, logits_BA[image][:, None]], dim=1)[kept_N]
        boxes_N5 = boxes_N5[boxes_N5[:, 4].argsort(descending=True)[:300]]
        found.append(boxes_N5[nms(boxes_N5[:, :4], boxes_N5[:, 4], 0.7)])
    all_N5 = torch.cat(found)
    return all_N5[all_N5[:, 4].argsort(descending=True)[:300], :4]


@pytest.mark.parametrize("training", [True, False])
def test_the_loss_is_torchvisions_in_whatever_mode_the_head_is(training, monkeypatch):
    head = outspoken(make()).train(training)
    outputs = head(PaddedMaps(maps_of(PADDED), PADDED, SIZE))
    theirs = as_torchvision(head, outputs, monkeypatch).train()
    targets = [
        {"boxes": rows_N5[rows_N5[:, 4] >= 0, :4], "labels": rows_N5[rows_N5[:, 4] >= 0, 4].long() + 1}
        for rows_N5 in TRUTH_BN5
    ]
    torch.manual_seed(7)
    proposals, expected = theirs.rpn(ImageList(torch.zeros(2, 3, *PADDED), [SIZE] * 2), pyramid(outputs), targets)
    expected |= theirs.roi_heads(pyramid(outputs), proposals, [SIZE] * 2, targets)[1]
    assert len(expected) == 4
    torch.manual_seed(7)
    loss = head.losses(outputs, TRUTH_BN5).total
    torch.testing.assert_close(loss, torch.stack(list(expected.values())).sum())
    torch.manual_seed(8)
    assert head.losses(outputs, TRUTH_BN5).total != loss  # other anchors and regions


@pytest.mark.parametrize("seed", range(4))
def test_detections_are_those_of_greedy_suppression_and_torchvisions_own_loop(seed, monkeypatch):
    head = outspoken(make()).eval()
    with torch.no_grad():
        outputs = head(PaddedMaps(maps_of(PADDED, seed), PADDED, SIZE))
        theirs = as_torchvision(head, outputs, monkeypatch).eval()
        theirs.roi_heads.score_thresh, theirs.roi_heads.detections_per_img = 1e-3, 10**6
        proposals = [greedy_proposals(head, outputs, image) for image in range(2)]
        assert min(map(len, proposals)) > 100
        expected, _ = theirs.roi_heads(pyramid(outputs), proposals, [SIZE] * 2)
        found_BN6 = head.postprocess(outputs)

    for rows_N6, wanted in zip(found_BN6, expected, strict=True):
        found_N6 = rows_N6[rows_N6[:, 4] > 0]
        # theirs go on where our candidates end: suppression of the better ones does not depend on the worse
        assert 30 <= len(found_N6) <= len(wanted["scores"])
        wanted_N6 = torch.column_stack([wanted["boxes"], wanted["scores"], wanted["labels"] - 1.0])
        wanted_N6 = wanted_N6[(wanted_N6[:, 2:4] - wanted_N6[:, :2]).amin(dim=1) >= 0.1]  # ours are nothing else
        torch.testing.assert_close(found_N6, wanted_N6[: len(found_N6)], atol=1e-3, rtol=1e-4)
        assert found_N6[:, [0, 2]].max() == SIZE[1]  # some reach beyond the image before they are clipped


def test_an_image_has_the_same_detections_in_any_batch():
    head, maps = outspoken(make()).eval(), maps_of(PADDED, batch=3)
    with torch.no_grad():
        together = detections(head, maps)
        for index in range(3):
            alone = detections(head, [map_BCHW[index : index + 1] for map_BCHW in maps])
            torch.testing.assert_close(together[index], alone[0], atol=1e-4, rtol=1e-4)


def test_anchors_are_centred_on_what_their_cells_see():
    anchors = make()(PaddedMaps(maps_of((64, 96)), (64, 96), (64, 96))).anchors
    assert [len(anchors_A4) for anchors_A4 in anchors] == [
        3 * cells for cells in (16 * 24, 8 * 12, 4 * 6, 2 * 3, 1 * 2)
    ]
    centres = [((anchors_A4[:, :2] + anchors_A4[:, 2:]) / 2)[::3] for anchors_A4 in anchors]
    assert centres[0][:25].tolist() == [[2.0 + 4 * column, 2] for column in range(24)] + [[2, 6]]
    assert centres[4].tolist() == [[16, 16], [80, 16]]  # of the first and the third cell in the first row before it
    areas = [(anchors_A4[:, 2:] - anchors_A4[:, :2]).prod(dim=1).sqrt().mean() for anchors_A4 in anchors]
    torch.testing.assert_close(torch.stack(areas), torch.tensor([32.0, 64, 128, 256, 512]), atol=0, rtol=0.02)


def test_rows_that_fill_up_are_no_objects():
    head = make()

    def loss(truth: list[list[list[float]]]) -> Tensor:
        torch.manual_seed(0)
        return head(PaddedMaps(maps_of(PADDED), PADDED, SIZE), torch.tensor(truth)).total

    plain = loss([[ONE], [NOTHING]])
    assert torch.equal(plain, loss([[NOTHING, ONE], [NOTHING, NOTHING]]))
    assert plain != loss([[[*ONE[:4], 2]], [NOTHING]])


def test_what_lies_in_a_crowd_is_no_background():
    crowd = [0.0, 0, 64, 70]
    truth_BN5 = torch.tensor([[[70.0, 20, 95, 60, 1], [*crowd, CROWD]]])
    head = outspoken(make())
    outputs = head(PaddedMaps(maps_of(PADDED, batch=1), PADDED, SIZE))
    logits_BA = torch.cat(outputs.logits, dim=1)
    for level in outputs.logits:
        level.retain_grad()
    for seed in range(8):
        torch.manual_seed(seed)
        head.losses(outputs, truth_BN5).total.backward(retain_graph=True)
    learned_A = torch.cat([level.grad for level in outputs.logits], dim=1)[0] != 0

    def inside(boxes_N4: Tensor) -> Tensor:
        shared_N4 = torch.cat([boxes_N4[:, :2].clamp(min=0), boxes_N4[:, 2:].minimum(torch.tensor(crowd[2:]))], dim=1)
        sides_N2 = (shared_N4[:, 2:] - shared_N4[:, :2]).clamp(min=0)
        return sides_N2.prod(dim=1) >= 0.5 * (boxes_N4[:, 2:] - boxes_N4[:, :2]).prod(dim=1)

    anchors_A4 = torch.cat(outputs.anchors)
    matched_A = box_iou(anchors_A4, truth_BN5[0, :1, :4])[:, 0] >= 0.3
    assert learned_A.sum() > 300
    assert inside(anchors_A4).sum() > 300
    assert not (learned_A & inside(anchors_A4) & ~matched_A).any()

    proposals_N4 = anchors_A4[:600].clamp(min=0, max=95)
    regions = sample_regions(head.roi_heads, [proposals_N4], image_targets(truth_BN5))
    background_P4 = regions.boxes_P4[regions.labels_P == 0]
    assert len(background_P4) > 50
    assert not inside(background_P4).any()
    assert logits_BA.shape == (1, len(anchors_A4))


@pytest.mark.parametrize("row", [NOTHING, [-500.0, -500, 1000, 1000, CROWD]], ids=["nothing", "crowd everywhere"])
def test_without_an_object_every_weight_has_a_gradient(row):
    head = make()
    loss = head(PaddedMaps(maps_of(PADDED), PADDED, SIZE), torch.tensor([[row], [row]])).total
    loss.backward()
    assert loss.isfinite()
    assert (loss > 0) == (row is NOTHING)
    assert [name for name, parameter in head.named_parameters() if parameter.grad is None] == []
    assert not any(parameter.grad.any() for parameter in head.parameters()) or row is NOTHING


def test_five_hundred_objects_of_one_class():
    generator = torch.Generator().manual_seed(0)
    low_N2 = torch.rand(500, 2, generator=generator) * torch.tensor([90.0, 60])
    boxes_N5 = torch.cat([low_N2, low_N2 + 2 + torch.rand(500, 2, generator=generator) * 8, torch.zeros(500, 1)], dim=1)
    head = make(classes=1)
    outputs = head(PaddedMaps(maps_of(PADDED, batch=1), PADDED, SIZE))
    losses, regions, _ = head.learn(outputs, boxes_N5[None])
    assert losses.total.isfinite()
    assert regions.labels_P.bincount().tolist() == [192, 64]
    found_BN6 = head.postprocess(outputs)
    assert found_BN6.shape == (1, 100, 6)
    assert not found_BN6[..., 5].any()


def test_what_is_no_number_is_left_to_the_loop():
    head = make()
    maps = [map_BCHW * float("nan") for map_BCHW in maps_of(PADDED)]
    assert not head(PaddedMaps(maps, PADDED, SIZE), TRUTH_BN5).total.isfinite()
    assert detections(head, maps).shape == (2, 100, 6)


def test_regions_are_looked_into_in_the_arithmetic_of_the_maps_and_losses_are_float32():
    head, features, seen = make(), PaddedMaps(maps_of(PADDED), PADDED, SIZE), []
    head.roi_heads.box_head.fc6.register_forward_hook(lambda module, given, result: seen.append(result.dtype))
    with torch.autocast("cpu", torch.bfloat16):
        loss, outputs = head(features, TRUTH_BN5).total, head(features)
    found_BN6 = head.postprocess(outputs)
    assert seen == [torch.bfloat16] * 2
    assert loss.dtype == found_BN6.dtype == torch.float32
    expected = head(features, TRUTH_BN5).total
    assert seen[2:] == [torch.float32]
    torch.testing.assert_close(loss, expected, rtol=0.1, atol=0)  # it draws other regions


def test_it_works_on_the_device_of_its_maps():
    head = make().to("meta").eval()  # mixing it with the CPU's tensors fails, as with a GPU's
    outputs = head(PaddedMaps([map_BCHW.to("meta") for map_BCHW in maps_of(PADDED)], PADDED, SIZE))
    assert {anchors_A4.device.type for anchors_A4 in outputs.anchors} == {"meta"}
    assert head.postprocess(outputs).device.type == "meta"


def test_dropout_is_for_the_classes_and_for_training():
    head = outspoken(make(dropout=0.5))
    outputs = head(PaddedMaps(maps_of(PADDED), PADDED, SIZE))

    def look() -> tuple[Tensor, Tensor]:
        return head.look(outputs, outputs.packed(), TRUTH_BN5[0, :, :4], torch.zeros(2))

    (first, first_offsets), (second, second_offsets) = look(), look()
    assert not torch.equal(first, second)
    assert torch.equal(first_offsets, second_offsets)
    head.eval()
    assert torch.equal(look()[0], look()[0])


def test_two_objects_are_learned_with_place_size_and_class():
    padded, objects = (64, 64), [[6.0, 9, 38, 41, 0], [30, 24, 62, 60, 1]]
    truth_BN5 = torch.tensor([objects])
    head = make(classes=2)
    features = PaddedMaps(maps_of(padded, batch=1), padded, padded)  # of a frozen backbone: without gradients
    optimizer = torch.optim.AdamW(head.parameters(), lr=2e-3)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = head(features, truth_BN5).total
        loss.backward()
        nn.utils.clip_grad_norm_(head.parameters(), 5.0)
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
    with torch.no_grad():
        best_26 = head.postprocess(head.eval()(features))[0, :2]
    best_26 = best_26[best_26[:, 5].argsort()]
    assert best_26[:, 5].tolist() == [0, 1]
    assert (best_26[:, :4] - truth_BN5[0, :, :4]).abs().max() < 3
    assert (best_26[:, 4] > 0.6).all()


@pytest.mark.parametrize("pairs", [1, 7, 40, 10_000])
@pytest.mark.parametrize(("objects", "anchors"), [(3, 20), (0, 20), (3, 0)])
def test_overlaps_in_parts_are_those_of_the_whole(pairs, objects, anchors, monkeypatch):
    monkeypatch.setattr(rcnn_learning, "_PAIRS", pairs)
    low_N2, low_A2 = torch.rand(objects, 2), torch.rand(anchors, 2)
    boxes_N4, anchors_A4 = torch.cat([low_N2, low_N2 + 0.5], dim=1), torch.cat([low_A2, low_A2 + 0.5], dim=1)
    assert torch.equal(box_iou_in_parts(boxes_N4, anchors_A4), box_iou(boxes_N4, anchors_A4))


class Network(nn.Module):
    def __init__(self, backbone: Backbone, task: DetectionLearner):
        super().__init__()
        self.backbone, self.head = backbone, task.build_head(backbone)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        return self.head.postprocess(self.head(self.head.features(self.backbone, images_BCHW)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["faster_rcnn", "mask_rcnn"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of the exporter's own making
def test_it_exports_with_any_batch(tmp_path, kind):
    torch.manual_seed(0)
    size = (60, 90)
    task = DetectionLearner(("a", "b", "c"), head=kind)
    network = Network(Backbone("test_resnet", "none", image_size=size), task).eval()
    head = network.head.head
    outspoken(head if kind == "faster_rcnn" else head.boxes)
    if kind == "mask_rcnn":
        nn.init.normal_(head.masks[1].mask_fcn_logits.weight)
    path = tmp_path / "detect.onnx"

    torch.onnx.export(
        network,
        (torch.randn(2, 3, *size),),
        str(path),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        verbose=False,
    )

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for batch in (1, 3):
        images_BCHW = torch.randn(batch, 3, *size)
        (exported_BNR,) = session.run(None, {session.get_inputs()[0].name: images_BCHW.numpy()})
        expected_BNR = network(images_BCHW).detach().numpy()
        assert np.ptp(expected_BNR[..., 4]) > 0.01
        if kind == "mask_rcnn":
            assert expected_BNR[..., 6:].std() > 0.1
        np.testing.assert_allclose(exported_BNR, expected_BNR, atol=1e-4, rtol=1e-5)
