"""The ONNX file: what is in it, what is not, and that it answers as the network does."""

import logging
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from tests.export.tiny import SPEC, TASK, Tiny, Undecided, tiny
from visionft.errors import ExportError
from visionft.export import WRITERS
from visionft.export.gate import export_verified
from visionft.export.writers.onnx import OnnxWriter
from visionft.models.conversion import OPSET
from visionft.spec import InputSpec, ModelSpec
from visionft.tasks.classification.learning import ClassificationLearner

IMAGES_NHW3 = np.random.default_rng(0).integers(0, 256, (11, 24, 32, 3), dtype=np.uint8)
LABELS_N = np.arange(11) % 3
BATCHES = [(IMAGES_NHW3[part], LABELS_N[part]) for part in (slice(0, 4), slice(4, 8), slice(8, 11))]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "tiny.onnx"
    network = tiny()
    return path, network, export_verified(OnnxWriter(), network, TASK, SPEC, path, BATCHES)


def test_catalog_entry():
    assert WRITERS["onnx"] is OnnxWriter
    assert OnnxWriter.kind == "onnx"


def test_parity_of_a_faithful_file(exported):
    _, network, parity = exported
    assert parity.passed
    assert parity.agreement == 1.0
    assert 0 <= parity.max_abs_difference < 1e-6
    assert parity.images == 11
    assert parity.batch_sizes == (1, 3, 4)
    with torch.inference_mode():
        predicted_N = network.probabilities(torch.tensor(IMAGES_NHW3)).argmax(1).numpy()
    assert len(set(predicted_N)) > 1, "a network with one answer proves nothing"
    assert parity.score == "accuracy"
    assert parity.score_network == parity.score_exported == pytest.approx(np.mean(predicted_N == LABELS_N))


def test_interface_and_metadata(exported):
    model = onnx.load(exported[0])
    (images,), (probabilities,) = model.graph.input, model.graph.output
    assert (images.name, images.type.tensor_type.elem_type) == ("images", onnx.TensorProto.UINT8)
    assert (probabilities.name, probabilities.type.tensor_type.elem_type) == (
        "probabilities",
        onnx.TensorProto.FLOAT,
    )
    dims = [[d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim] for value in (images, probabilities)]
    assert dims == [["batch", 24, 32, 3], ["batch", 3]]
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", OPSET)]
    assert model.producer_name == "visionft"
    assert {entry.key: ModelSpec.from_json(entry.value) for entry in model.metadata_props} == {"visionft.spec": SPEC}
    assert "uint8 RGB" in model.doc_string


def test_graph_has_nothing_to_spare(exported):
    operations = [node.op_type for node in onnx.load(exported[0]).graph.node]
    assert operations == [
        "Transpose", "Cast", "Div", "Sub", "Conv", "Relu", "ReduceMean", "Reshape", "Gemm", "Softmax"
    ]  # fmt: skip


def test_no_trace_of_the_machine_that_exported(exported):
    content = exported[0].read_bytes()
    assert b"tiny.py" not in content
    assert str(Path(torch.__file__).parent).encode() not in content


def test_mode_and_memory_format_neither_matter_nor_change(exported, tmp_path):
    network = tiny().train().to(memory_format=torch.channels_last)
    network.norm.eval()
    other = tmp_path / "other.onnx"
    export_verified(OnnxWriter(), network, TASK, SPEC, other, BATCHES)
    assert other.read_bytes() == exported[0].read_bytes()
    assert [module.training for module in (network, network.conv, network.norm)] == [True, True, False]
    assert network.conv.weight.is_contiguous(memory_format=torch.channels_last)
    assert network.conv.weight.requires_grad


def test_export_is_quiet_and_gives_logging_back(tmp_path, capfd):
    level = logging.root.manager.disable
    export_verified(OnnxWriter(), tiny(), TASK, SPEC, tmp_path / "a.onnx", BATCHES)
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == level


def test_network_that_no_graph_can_follow_is_named_quietly(tmp_path, capfd):
    path = tmp_path / "m.onnx"
    with pytest.raises(
        ExportError, match=r"m\.onnx: not written: torch cannot convert the network to ONNX: .*data-dependent"
    ):
        export_verified(OnnxWriter(), tiny(Undecided), TASK, SPEC, path, BATCHES)
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())


class Corrupting(OnnxWriter):
    """Damages one weight of the file after it has been written."""

    def write(self, network, spec, path, calibration=None):
        super().write(network, spec, path, calibration)
        model = onnx.load(path)
        bias = next(tensor for tensor in model.graph.initializer if tensor.name == "head.bias")
        bias.CopyFrom(
            onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + np.float32([0.01, 0, 0]), bias.name)
        )
        onnx.save(model, path)


def test_file_that_is_damaged_after_writing(tmp_path):
    with pytest.raises(ExportError, match="largest difference") as caught:
        export_verified(Corrupting(), tiny(), TASK, SPEC, tmp_path / "m.onnx", BATCHES)
    assert caught.value.exit_code == 1
    assert not list(tmp_path.iterdir())


def test_spec_with_another_number_of_classes(tmp_path):
    with pytest.raises(ExportError, match=r"m\.onnx: not written: .*its spec says"):
        export_verified(OnnxWriter(), tiny(classes=4), TASK, SPEC, tmp_path / "m.onnx", BATCHES)
    assert not list(tmp_path.iterdir())


def test_network_too_large_for_one_file(tmp_path):
    huge = torch.nn.Linear(25_000, 25_000, device="meta")
    with pytest.raises(ExportError, match=r"2,500,100,000 bytes, one ONNX file holds"):
        OnnxWriter().write(huge, SPEC, tmp_path / "m.onnx")


@pytest.mark.slow
def test_timm_backbone(tmp_path):
    import timm

    class Lite(Tiny):
        def __init__(self):
            super().__init__()
            self.net = timm.create_model("tf_efficientnet_lite0", num_classes=3)

        def probabilities(self, images_BHW3):
            images_BCHW = images_BHW3.permute(0, 3, 1, 2).float() / 127.5 - 1
            return (self.net(images_BCHW) * 1e-3).softmax(1)  # untrained logits are large

    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    batches = [(generator.integers(0, 256, (n, 96, 64, 3), dtype=np.uint8), np.arange(n) % 3) for n in (4, 3)]
    spec = ModelSpec("classification", ("a", "b", "c"), InputSpec(96, 64))
    path = tmp_path / "lite.onnx"
    parity = export_verified(OnnxWriter(), Lite(), ClassificationLearner(spec.class_names), spec, path, batches)
    assert parity.max_abs_difference < 1e-4
    operations = {node.op_type for node in onnx.load(path).graph.node}
    assert not operations & {"BatchNormalization", "Gather", "Range", "Shape"}
