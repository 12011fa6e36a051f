"""Every head for objects gives as many rows as are asked for, and its exported file gives the same.

Shape suffixes: B batch, N detections, 3 colours.
"""

import numpy as np
import pytest
import torch
from torch import nn

from tests.contracts.test_decoders import one_thread
from visionft.batch import InstanceTargets
from visionft.catalog import imported
from visionft.errors import RecipeError
from visionft.export.gate import export_verified
from visionft.export.parity import Limits
from visionft.export.writers.onnx import OnnxWriter
from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS, detr, mask_rcnn, rcnn
from visionft.models.network import FinalNetwork, TaskNetwork
from visionft.predict.engine import open_engine
from visionft.spec import InputSpec, ModelSpec
from visionft.tasks import TASKS

HEAD_NAMES = [name for name in HEADS if HEADS[name].predicts in ("boxes", "masks")]
CLASSES = ("a", "b", "c")
EXPORTED = (
    "dense_masks",
)  # which has the dense head's graph; others are exported with fewer rows by tests of their own
ROWS = 300
SPEC = InputSpec(128, 192)
IMAGES_BHW3 = np.random.default_rng(0).integers(0, 256, (3, 128, 192, 3), dtype=np.uint8)
SMALL_DETR = {
    "d_model": 32,
    "encoder_hidden_dim": 32,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "decoder_layers": 2,
}
__all__ = ["one_thread"]


@pytest.fixture(params=HEAD_NAMES)
def crowd(request, monkeypatch):
    """Return a function that makes a task and a network, of small width, that sees objects everywhere."""
    if request.param == "rt_detr":
        pytest.importorskip("transformers", reason="needs the extra detr")
        pytest.importorskip("scipy", reason="needs the extra detr")
    for module in (rcnn, mask_rcnn):
        monkeypatch.setattr(module, "WIDTH", 32)
    monkeypatch.setattr(detr, "_SMALL", SMALL_DETR)
    (kind,) = (kind for kind in TASKS if TASKS[kind].predicts == HEADS[request.param].predicts)

    def make(rows, spec=SPEC):
        torch.manual_seed(0)
        size = (spec.height, spec.width)
        task = imported(TASKS[kind].learner)(CLASSES, head=request.param, max_detections=rows)
        backbone = Backbone("test_resnet", "none", image_size=size)
        network = TaskNetwork(backbone, task.build_head(backbone), spec).eval()
        for module in network.head.modules():
            if hasattr(module, "nms_thresh"):  # torchvision's untrained boxes are large and overlap
                module.nms_thresh = 0.95
            if isinstance(module, nn.Conv2d | nn.Linear):
                if module.weight.std() < 0.02:  # begins close to zero
                    nn.init.kaiming_normal_(module.weight)
                if module.bias is not None and (module.bias < -3).all():  # objects are rare at first
                    nn.init.zeros_(module.bias)
        return task, network

    return make


def found(task, network, images_BHW3=IMAGES_BHW3):
    with torch.inference_mode():
        outputs = FinalNetwork(network, task)(torch.from_numpy(images_BHW3))
    return [output.numpy() for output in outputs]


def test_rows_follow_what_is_asked_for(crowd):
    few, many = (found(*crowd(rows)) for rows in (100, ROWS))
    assert few[1].shape == (3, 100)
    assert many[1].shape == (3, ROWS)
    assert (many[3] >= few[3]).all()
    assert (many[3] > 100).all()
    assert (np.diff(many[1], axis=1) <= 0).all()


def test_a_small_canvas_gives_as_many_as_it_has_places(crowd):
    spec = InputSpec(32, 32)
    scores_BN = found(*crowd(5000, spec), IMAGES_BHW3[:, :32, :32].copy())[1]
    assert 0 < scores_BN.shape[1] <= 5000


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of the exporter's own making
@pytest.mark.parametrize("crowd", EXPORTED, indirect=True)
def test_the_exported_file_gives_them_too(crowd, tmp_path):
    task, network = crowd(ROWS)
    boxes_BN5 = np.tile(np.array([[[20, 20, 60, 60, 1]]], np.float32), (3, 1, 1))
    targets = boxes_BN5
    if task.kind != "detection":
        targets = InstanceTargets(boxes_BN5, np.ones((3, 1, 56, 56), np.uint8))
    spec = ModelSpec(task.kind, CLASSES, SPEC, max_detections=ROWS)
    path = tmp_path / "model.onnx"
    batches, limits = [(IMAGES_BHW3, targets)], Limits(task.min_agreement, task.max_difference)

    parity = export_verified(OnnxWriter(), FinalNetwork(network, task), task, spec, path, batches, limits)

    assert parity.compared > 3 * 100
    engine = open_engine(path)
    assert engine.spec.max_detections == ROWS
    assert engine.run(IMAGES_BHW3[:1])["scores"].shape == (1, ROWS)


def test_a_head_that_takes_no_number_is_told(monkeypatch):
    class Fixed(nn.Module):
        kind, predicts = "fixed", "boxes"

        def __init__(self, channels, strides, classes, dropout=0.0):
            super().__init__()

    monkeypatch.setattr("visionft.tasks.objects.learning.HEADS", {"fixed": Fixed})
    learner = imported(TASKS["detection"].learner)
    backbone = Backbone("test_resnet", "none", image_size=(32, 32))
    with pytest.raises(RecipeError, match=r"task.max_detections: 300.*head fixed.*task.max_detections: 100"):
        learner(CLASSES, head="fixed", max_detections=300).build_head(backbone)
    learner(CLASSES, head="fixed", max_detections=100).build_head(backbone)
