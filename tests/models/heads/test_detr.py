"""RT-DETR as a head: against transformers' own model, and against what it must learn.

Shape suffixes: B batch, C channels, H height, W width, Q queries, K classes, N objects or detections.
"""

import socket
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.ops import box_iou

from visionft.annotations.marks import CROWD, PADDING
from visionft.errors import MissingExtra
from visionft.export.writers.onnx import OnnxWriter
from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS, detr
from visionft.models.heads.detr import RtDetrHead
from visionft.models.heads.maps import PaddedMaps
from visionft.models.network import FinalNetwork, TaskNetwork
from visionft.predict.engine import open_engine
from visionft.spec import InputSpec, ModelSpec
from visionft.tasks.detection.learning import DetectionLearner
from visionft.tasks.learner import named_outputs

CHANNELS, STRIDES = (4, 6, 8), (8, 16, 32)
PADDED, SIZE = (64, 96), (51, 90)
TINY = {
    "d_model": 32,
    "encoder_hidden_dim": 32,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "decoder_layers": 2,
    "num_denoising": 20,
}
ONE, NOTHING = [20.0, 20, 70, 50, 1], [0.0, 0, 0, 0, PADDING]
needs_extra = pytest.mark.skipif(
    find_spec("transformers") is None or find_spec("scipy") is None, reason="needs the extra detr (transformers, scipy)"
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def tiny(monkeypatch):
    """Return a function that makes a head narrow enough for a test."""
    monkeypatch.setattr(detr, "_SMALL", TINY)

    def make(classes: int = 3, dropout: float = 0.0, max_detections: int = 100) -> RtDetrHead:
        torch.manual_seed(0)
        return RtDetrHead(CHANNELS, STRIDES, classes, dropout, max_detections)

    return make


def maps_of(padded: tuple[int, int], batch: int = 2) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    sides = [[pixels // stride for pixels in padded] for stride in STRIDES]
    return [torch.randn(batch, c, *side, generator=generator) for c, side in zip(CHANNELS, sides, strict=True)]


def detections(head: RtDetrHead, features: PaddedMaps) -> Tensor:
    return head.postprocess(head(features))


def perturbed(network: nn.Module) -> nn.Module:
    """Make every weight count: fresh boxes stay where they are, and fresh scores are close to each other."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(torch.randn(weights.shape, generator=generator) * 0.2)
    return network


@pytest.mark.parametrize("missing", ["transformers", "scipy"])
def test_a_missing_package_is_told(monkeypatch, missing):
    monkeypatch.setattr(detr, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(MissingExtra, match=rf"'rt_detr' needs the package '{missing}'; pip install 'visionft\[detr\]'"):
        HEADS["rt_detr"](CHANNELS, STRIDES, 3)


def as_in_transformers(name: str) -> str:
    """Return what transformers' model calls a weight of ours."""
    start, _, rest = name.partition(".")
    known = {
        "into_encoder": "model.encoder_input_proj",
        "into_decoder": "model.decoder_input_proj",
        "cells": "model.enc_output",
        "cell_classes": "model.enc_score_head",
        "cell_boxes": "model.enc_bbox_head",
        "noisy_classes": "model.denoising_class_embed",
    }
    if rest.startswith("class_embed"):  # there without dropout before it
        rest = rest.replace(".1.", ".", 1) if rest.count(".") == 3 else rest
    return f"{known.get(start, 'model.' + start)}.{rest}"


@needs_extra
def test_losses_and_detections_are_those_of_transformers_own_model(tiny):
    from transformers import RTDetrImageProcessor, RTDetrResNetConfig, RTDetrV2Config, RTDetrV2ForObjectDetection

    backbone = RTDetrResNetConfig(
        embedding_size=4, hidden_sizes=[4, *CHANNELS], depths=[1] * 4, layer_type="basic", out_indices=[2, 3, 4]
    )
    config = RTDetrV2Config(
        backbone_config=backbone,
        num_labels=3,
        num_queries=126,
        encoder_in_channels=CHANNELS,
        decoder_in_channels=[32] * 3,
        **TINY,
    )
    torch.manual_seed(0)  # whose first weights would depend on the tests before
    theirs, ours = perturbed(RTDetrV2ForObjectDetection(config)), tiny()
    weights = theirs.state_dict()
    ours.load_state_dict({name: weights[as_in_transformers(name)] for name in ours.state_dict()})
    images_BCHW = torch.randn(2, 3, *PADDED, generator=torch.Generator().manual_seed(0))
    maps = theirs.model.backbone.model(images_BCHW).feature_maps

    truth_BN5 = torch.tensor([[ONE, [8.0, 0, 40, 64, 2]], [[0.0, 4, 30, 20, 0], NOTHING]])
    boxes_BN4 = torch.tensor([[[45.0, 35, 50, 30], [24, 32, 32, 64]], [[15, 12, 30, 16], [0, 0, 0, 0]]])
    boxes_BN4 = boxes_BN4 / torch.tensor([96.0, 64, 96, 64])
    labels = [
        {"class_labels": torch.tensor([1, 2]), "boxes": boxes_BN4[0]},
        {"class_labels": torch.tensor([0]), "boxes": boxes_BN4[1, :1]},
    ]
    for training in (True, False):
        theirs.train(training)
        ours.train(training)
        torch.manual_seed(5)
        expected = theirs(images_BCHW, labels=labels)
        torch.manual_seed(5)
        losses = ours(PaddedMaps(maps, PADDED, PADDED), truth_BN5)
        torch.testing.assert_close(losses.total, expected.loss, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(sum(losses.parts.values()), losses.total.detach())  # none is left out

    found_BN6 = ours.postprocess(ours(PaddedMaps(maps, PADDED, (10_000, 10_000))))
    best = RTDetrImageProcessor().post_process_object_detection(expected, threshold=0, target_sizes=[PADDED] * 2)
    for found_N6, wanted in zip(found_BN6, best, strict=True):
        assert found_N6[0, 4] - found_N6[-1, 4] > 0.01
        torch.testing.assert_close(found_N6[:, 4], wanted["scores"][:100])
        assert torch.equal(found_N6[:, 5], wanted["labels"][:100].float())
        visible_N4 = wanted["boxes"][:100].clamp(min=0)
        torch.testing.assert_close(found_N6[:, :4], visible_N4, atol=1e-3, rtol=0)


@needs_extra
def test_fresh_weights_are_made_to_be_trained(tiny):
    head = tiny()
    assert all((norm.weight == 1).all() for norm in head.modules() if isinstance(norm, nn.BatchNorm2d))
    for layer in head.decoder.layers:
        offsets = layer.encoder_attn.sampling_offsets
        assert not offsets.weight.any()
        points = offsets.bias.view(8, 3, 4, 2).abs().amax(dim=-1)  # of each attention head and level
        assert torch.equal(points, torch.tensor([1.0, 2, 3, 4]).expand(8, 3, 4))


@needs_extra
def test_boxes_end_with_the_canvas_and_have_an_area(tiny):
    head = perturbed(tiny()).eval()
    wide_BN6, cut_BN6 = (detections(head, PaddedMaps(maps_of(PADDED), PADDED, size)) for size in (PADDED, (20, 30)))
    for found_BN6, (height, width) in ((wide_BN6, PADDED), (cut_BN6, (20, 30))):
        assert found_BN6.shape == (2, 100, 6)
        rows_N6 = found_BN6[found_BN6[..., 4] > 0]
        assert (rows_N6[:, 2:4] - rows_N6[:, :2] > 0).all()
        assert rows_N6[:, :4].min() >= 0
        assert rows_N6[:, 2].max() <= width
        assert rows_N6[:, 3].max() <= height
    assert (cut_BN6[..., 2] == 30).any()
    assert (cut_BN6[..., 3] == 20).any()
    nowhere = (wide_BN6[..., 0] >= 30) | (wide_BN6[..., 1] >= 20)
    assert nowhere.any()  # so that some were left out of the smaller canvas


@needs_extra
def test_a_small_canvas_has_as_many_rows_as_cells(tiny):
    head = tiny().eval()
    assert detections(head, PaddedMaps(maps_of((32, 64)), (32, 64), (32, 64))).shape == (2, 4 * 8 + 2 * 4 + 2, 6)


@needs_extra
@pytest.mark.parametrize("second", [[ONE, [5.0, 5, 60, 50, 0]], [NOTHING, NOTHING]])
def test_many_rows_are_compared_image_by_image_with_the_same_sums(tiny, second):
    head = perturbed(tiny(max_detections=300))

    def learned() -> tuple[Tensor, ...]:
        torch.manual_seed(0)  # of the noise
        losses = head(PaddedMaps(maps_of(PADDED), PADDED, SIZE), torch.tensor([[ONE, NOTHING], second]))
        head.zero_grad()
        losses.total.backward()
        grads = [parameter.grad for parameter in head.parameters() if parameter.grad is not None]
        return (losses.total.detach(), *losses.parts.values(), *grads)

    one_by_one, asked = learned(), head.config.num_queries
    head._compare_one_by_one = head._compare
    together = learned()
    assert asked > 300
    assert len(one_by_one) > 10
    torch.testing.assert_close(one_by_one, together, rtol=1e-3, atol=1e-5)


@needs_extra
def test_more_objects_than_queries_are_learned_as_far_as_these_go(tiny):
    head, size = tiny(max_detections=400), (32, 64)
    low_2N2 = torch.rand(2, 60, 2) * 20  # there are 42 cells
    truth_BN5 = torch.cat([low_2N2, low_2N2 + 8, torch.ones(2, 60, 1)], dim=2)
    losses = head(PaddedMaps(maps_of(size), size, size), truth_BN5)
    assert losses.total.isfinite()
    losses.total.backward()
    assert all(parameter.grad is None or parameter.grad.isfinite().all() for parameter in head.parameters())
    assert detections(head.eval(), PaddedMaps(maps_of(size), size, size)).shape == (2, 42, 6)


@needs_extra
def test_padding_and_crowds_are_no_objects(tiny):
    head = tiny()

    def loss(truth: list[list[list[float]]]) -> Tensor:
        torch.manual_seed(0)  # of the noise
        return head(PaddedMaps(maps_of(PADDED), PADDED, SIZE), torch.tensor(truth)).total

    plain = loss([[ONE], [NOTHING]])
    assert torch.equal(plain, loss([[NOTHING, ONE], [[5.0, 5, 60, 50, CROWD], NOTHING]]))
    assert plain != loss([[ONE], [[5.0, 5, 60, 50, 0]]])
    assert plain != loss([[[*ONE[:4], 2]], [NOTHING]])


@needs_extra
def test_losses_are_computed_in_float32(tiny):
    head, truth_BN5 = tiny().eval(), torch.tensor([[ONE], [NOTHING]])
    features = PaddedMaps(maps_of(PADDED), PADDED, SIZE)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = head(features)
        found_BN6 = head.postprocess(outputs)
        loss = head(features, truth_BN5).total
    assert outputs.encoded[0].dtype == torch.bfloat16
    assert found_BN6.dtype == torch.float32
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, head(features, truth_BN5).total, rtol=0.02, atol=0)


@needs_extra
def test_dropout_is_for_the_classes_and_for_training(tiny):
    head = perturbed(tiny(dropout=0.5))
    encoded = head(PaddedMaps(maps_of(PADDED), PADDED, SIZE)).encoded
    first, second = (head.decoded(encoded) for _ in range(2))
    assert not torch.equal(first.logits_BLQK, second.logits_BLQK)
    assert torch.equal(first.boxes_BLQ4, second.boxes_BLQ4)
    head.eval()
    assert torch.equal(*(head.decoded(encoded).logits_BLQK for _ in range(2)))


@needs_extra
def test_validation_in_inference_mode_does_not_hinder_training(tiny):
    head, padded = tiny(), (64, 160)  # a size of its own: transformers keeps what it made for one
    features = PaddedMaps(maps_of(padded), padded, padded)
    with torch.inference_mode():
        detections(head.eval(), features)
    head.train()(features, torch.tensor([[ONE], [NOTHING]])).total.backward()
    assert all(weights.grad is not None for weights in head.parameters())


@needs_extra
def test_nothing_is_asked_of_the_network(tiny, monkeypatch):
    def refuse(*_):
        raise AssertionError("it went online")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    tiny()(PaddedMaps(maps_of(PADDED), PADDED, SIZE), torch.tensor([[ONE], [NOTHING]]))


@needs_extra
def test_two_objects_are_learned_with_place_size_and_class(tiny, monkeypatch):
    """A wide one and a tall one: with their sides exchanged, boxes overlap by less than half."""
    monkeypatch.setitem(TINY, "decoder_layers", 1)  # quick enough for more steps, which make every seed find both
    steps, truth_BN5 = 90, torch.tensor([[[4.0, 24, 44, 46, 0], [60, 6, 84, 60, 1]]])
    head, features = tiny(classes=2), PaddedMaps(maps_of(PADDED, batch=1), PADDED, PADDED)
    optimizer = torch.optim.AdamW(head.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (steps - step) / 40))
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = head(features, truth_BN5).total
        loss.backward()
        nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    with torch.no_grad():
        found_N6 = detections(head.eval(), features)[0]
    best_26 = found_N6[:2][found_N6[:2, 5].argsort()]
    assert best_26[:, 5].tolist() == [0, 1]
    assert (box_iou(best_26[:, :4], truth_BN5[0, :, :4]).diag() > 0.5).all()
    assert best_26[:, 4].min() > 0.35
    assert found_N6[2, 4] < 0.8 * best_26[:, 4].min()  # each is found once


@needs_extra
@pytest.mark.slow
def test_it_exports_with_any_batch(tiny, tmp_path, monkeypatch):
    monkeypatch.setitem(TINY, "decoder_layers", 1)  # each takes the exporter seconds
    task, spec = DetectionLearner(("a", "b", "c"), head="rt_detr"), InputSpec(*SIZE)
    torch.manual_seed(0)
    backbone = Backbone("test_resnet", "none", image_size=SIZE)
    network = TaskNetwork(backbone, task.build_head(backbone), spec).eval()
    perturbed(network.head)
    path = tmp_path / "detect.onnx"
    OnnxWriter().write(FinalNetwork(network, task).eval(), ModelSpec("detection", task.class_names, spec), path)
    engine = open_engine(path)
    for batch in (1, 3):
        images_BHW3 = np.random.default_rng(batch).integers(0, 256, (batch, *SIZE, 3), dtype=np.uint8)
        with torch.no_grad():
            final_BN6 = network.postprocess(network(torch.from_numpy(images_BHW3)))
        expected = named_outputs(task.kind, task.outputs(final_BN6))
        assert np.ptp(expected["scores"]) > 0.01
        agreement = task.compare(engine.run(images_BHW3), expected)
        assert agreement.same == agreement.compared >= 90 * batch
