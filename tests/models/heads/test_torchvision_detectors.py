"""torchvision's detectors as heads: against torchvision's own loop over images, and against what they must learn.

Shape suffixes: B batch, C channels, H height, W width, A anchors, K classes, N objects or detections.
"""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from visionft.annotations.marks import CROWD, PADDING
from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS, torchvision_detectors
from visionft.models.heads.maps import PaddedMaps
from visionft.tasks.detection.learning import DetectionLearner

KINDS = ["fcos", "retinanet"]
CHANNELS, STRIDES = (6, 8, 10), (8, 16, 32)
PADDED, SIZE = (96, 128), (70, 100)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def maps_of(padded: tuple[int, int], seed: int = 0, batch: int = 2) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    sides = [[pixels // stride for pixels in padded] for stride in STRIDES]
    return [torch.randn(batch, c, *side, generator=generator) for c, side in zip(CHANNELS, sides, strict=True)]


def make(kind: str, classes: int = 3, dropout: float = 0.0) -> nn.Module:
    torch.manual_seed(0)
    return HEADS[kind](CHANNELS, STRIDES, classes, dropout=dropout)


def outspoken(head: nn.Module) -> nn.Module:
    """Make a fresh head's outputs differ from cell to cell: no two scores are equal, and boxes overlap."""
    branches = head.detector.head
    for layer in branches.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.normal_(branches.classification_head.cls_logits.weight, std=0.04)
    sides = branches.regression_head.bbox_reg
    nn.init.normal_(sides.weight, std=0.02)
    nn.init.constant_(sides.bias, 1.0 if head.kind == "fcos" else 0.0)
    return head


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_detections_are_those_of_torchvisions_own_loop(kind, seed):
    head = outspoken(make(kind)).eval()
    with torch.no_grad():
        outputs = head(PaddedMaps(maps_of(PADDED, seed), PADDED, SIZE))
        counts = [len(anchors_A4) for anchors_A4 in outputs.anchors]
        by_level = {name: values.split(counts, dim=1) for name, values in outputs.raw.items()}
        detector = head.detector
        detector.score_thresh, detector.topk_candidates, detector.detections_per_img = 1e-3, 10**6, 10**6
        expected = detector.postprocess_detections(by_level, [list(outputs.anchors)] * 2, [SIZE] * 2)
        found_BN6 = head.postprocess(outputs)

    for rows_N6, theirs in zip(found_BN6, expected, strict=True):
        found_N6 = rows_N6[rows_N6[:, 4] > 0]
        # theirs go on where our candidates end: suppression of the better ones does not depend on the worse
        assert 30 <= len(found_N6) <= len(theirs["scores"])
        theirs_N6 = torch.cat([theirs["boxes"], theirs["scores"][:, None], theirs["labels"][:, None].float()], dim=1)
        theirs_N6 = theirs_N6[(theirs_N6[:, 2:4] - theirs_N6[:, :2]).amin(dim=1) >= 0.1]  # ours are nothing else
        torch.testing.assert_close(found_N6, theirs_N6[: len(found_N6)], atol=1e-4, rtol=1e-5)
        assert found_N6[:, [0, 2]].max() == SIZE[1]  # some reach beyond the image before they are clipped


@pytest.mark.parametrize(("kind", "per_cell"), [("fcos", 1), ("retinanet", 9)])
def test_anchors_are_centred_on_cells_of_the_pyramid(kind, per_cell):
    head = make(kind)
    anchors = head(PaddedMaps(maps_of((64, 96)), (64, 96), (64, 96))).anchors
    assert [len(anchors_A4) for anchors_A4 in anchors] == [per_cell * cells for cells in (8 * 12, 4 * 6, 6, 2, 1)]
    centres = [((anchors_A4[:, :2] + anchors_A4[:, 2:]) / 2)[::per_cell] for anchors_A4 in anchors]
    assert centres[0][:13].tolist() == [[4.0 + 8 * column, 4] for column in range(12)] + [[4, 12]]
    assert centres[2].tolist() == [[16, 16], [48, 16], [80, 16], [16, 48], [48, 48], [80, 48]]


@pytest.mark.parametrize("kind", KINDS)
def test_deep_anchors_lie_in_the_middle_of_what_their_cells_see(kind):
    padded = (32 * 10, 32 * 13)
    head = make(kind)
    outputs = head(PaddedMaps(maps_of(padded, batch=1), padded, padded))
    last_BCHW = torch.randn(1, 256, 10, 13, requires_grad=True)
    deeper, _ = head.detector.backbone.fpn.extra_blocks([last_BCHW], [last_BCHW], ["last"])
    for map_BCHW, anchors_A4, row, column in zip(deeper[1:], outputs.anchors[3:], (2, 1), (3, 1), strict=True):
        index = row * map_BCHW.shape[3] + column
        (seen_BCHW,) = torch.autograd.grad(map_BCHW[0, :, row, column].sum(), last_BCHW, retain_graph=True)
        y_P, x_P = seen_BCHW[0].abs().sum(dim=0).nonzero(as_tuple=True)
        left, top, right, bottom = anchors_A4.view(map_BCHW[0, 0].numel(), -1, 4)[index, 0].tolist()
        assert (left + right) / 2 == (x_P.float().mean() + 0.5) * 32
        assert (top + bottom) / 2 == (y_P.float().mean() + 0.5) * 32


@pytest.mark.parametrize("kind", KINDS)
def test_padding_and_crowds_are_no_objects(kind):
    head, features = make(kind), PaddedMaps(maps_of(PADDED), PADDED, SIZE)
    one = [20.0, 20, 70, 60, 1]
    nothing = [0.0, 0, 0, 0, PADDING]

    def loss(truth: list[list[list[float]]]) -> Tensor:
        return head(features, torch.tensor(truth)).total

    plain = loss([[one], [nothing]])
    assert torch.equal(plain, loss([[nothing, one], [[5.0, 5, 60, 50, CROWD], nothing]]))
    assert plain != loss([[one], [[5.0, 5, 60, 50, 0]]])
    assert plain != loss([[[*one[:4], 2]], [nothing]])


@pytest.mark.parametrize("kind", KINDS)
def test_losses_are_computed_in_float32(kind):
    head, features = make(kind), PaddedMaps(maps_of(PADDED), PADDED, SIZE)
    truth_BN5 = torch.tensor([[[20.0, 20, 70, 60, 1]], [[5, 5, 60, 50, 0]]])
    with torch.autocast("cpu", torch.bfloat16):
        loss = head(features, truth_BN5).total
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, head(features, truth_BN5).total, rtol=0.02, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_it_works_on_the_device_of_its_maps(kind):
    head = make(kind).to("meta").eval()  # mixing it with the CPU's tensors fails, as with a GPU's
    outputs = head(PaddedMaps([map_BCHW.to("meta") for map_BCHW in maps_of(PADDED)], PADDED, SIZE))
    assert {anchors_A4.device.type for anchors_A4 in outputs.anchors} == {"meta"}
    assert head.postprocess(outputs).device.type == "meta"


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_is_for_the_classes_and_for_training(kind):
    head = outspoken(make(kind, dropout=0.5))
    first, second = (head(PaddedMaps(maps_of(PADDED), PADDED, SIZE)).raw for _ in range(2))
    assert not torch.equal(first["cls_logits"], second["cls_logits"])
    assert torch.equal(first["bbox_regression"], second["bbox_regression"])
    head.eval()
    assert torch.equal(*(head(PaddedMaps(maps_of(PADDED), PADDED, SIZE)).raw["cls_logits"] for _ in range(2)))


@pytest.mark.parametrize("kind", KINDS)
def test_two_objects_are_learned_with_place_size_and_class(kind, monkeypatch):
    monkeypatch.setattr(torchvision_detectors, "_WIDTH", 64)  # as wide as it is, it would take half a minute
    padded, objects = (64, 64), [[6.0, 9, 38, 41, 0], [30, 24, 62, 60, 1]]
    truth_BN5 = torch.tensor([objects])
    head = make(kind, classes=2)
    features = PaddedMaps(maps_of(padded, batch=1), padded, padded)  # of a frozen backbone: without gradients
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3)
    for _ in range(60):
        optimizer.zero_grad()
        head(features, truth_BN5).total.backward()
        nn.utils.clip_grad_norm_(head.parameters(), 5.0)
        optimizer.step()
    with torch.no_grad():
        best_26 = head.postprocess(head.eval()(features))[0, :2]
    best_26 = best_26[best_26[:, 5].argsort()]
    assert best_26[:, 5].tolist() == [0, 1]
    assert (best_26[:, :4] - truth_BN5[0, :, :4]).abs().max() < 3
    assert (best_26[:, 4] > 0.6).all()


class Network(nn.Module):
    def __init__(self, backbone: Backbone, task: DetectionLearner):
        super().__init__()
        self.backbone, self.head = backbone, task.build_head(backbone)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        return self.head.postprocess(self.head(self.head.features(self.backbone, images_BCHW)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of the exporter's own making
def test_it_exports_with_any_batch(tmp_path, kind):
    torch.manual_seed(0)
    size = (60, 90)
    task = DetectionLearner(("a", "b", "c"), head=kind)
    network = Network(Backbone("test_resnet", "none", image_size=size), task).eval()
    outspoken(network.head.head)
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
        (exported_BN6,) = session.run(None, {session.get_inputs()[0].name: images_BCHW.numpy()})
        expected_BN6 = network(images_BCHW).detach().numpy()
        assert np.ptp(expected_BN6[..., 4]) > 0.01
        np.testing.assert_allclose(exported_BN6, expected_BN6, atol=1e-3)
