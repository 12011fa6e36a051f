"""Files of 8 bits, and of 16."""

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from tests.export.tiny import SPEC, TASK, Tiny, tiny
from visionft.errors import ExportError
from visionft.export.gate import export_verified
from visionft.export.parity import Limits
from visionft.export.writers.onnx_fp16 import OnnxFp16Writer
from visionft.export.writers.onnx_int8 import OnnxInt8Writer

IMAGES_NHW3 = np.random.default_rng(0).integers(0, 256, (9, 24, 32, 3), dtype=np.uint8)
BATCHES = [(IMAGES_NHW3, np.arange(9) % 3)]


class Loud(Tiny):
    """One channel is ten thousand times as loud as the others, and divided again by the layer that reads it."""

    def __init__(self, classes=3):
        super().__init__(classes)
        self.quiet = nn.ModuleList(nn.Conv2d(8, 8, 1) for _ in range(3))
        self.loud, self.reads = nn.Conv2d(8, 8, 1, bias=False), nn.Conv2d(8, 8, 1, bias=False)
        with torch.no_grad():
            for layer in (*self.quiet, self.loud, self.reads):
                layer.weight.copy_(torch.eye(8)[:, :, None, None])
            self.loud.weight[0] *= 1e4
            self.reads.weight[:, 0] /= 1e4

    def probabilities(self, images_BHW3):
        values_BCHW = self.norm(self.conv(images_BHW3.permute(0, 3, 1, 2).float() / 255 - 0.5)).relu()
        for layer in (*self.quiet, self.loud, self.reads):
            values_BCHW = layer(values_BCHW)
        return self.head(values_BCHW.mean((2, 3))).softmax(1)


def written(writer, path, network, limits=None, **options):
    limits = limits or writer.limits(TASK)
    options = {"calibration": [IMAGES_NHW3], "allow_slower": True} | options
    return export_verified(writer, network, TASK, SPEC, path, BATCHES, limits, **options)


def types_of_weights(path):
    """Return the number types of all weights with more than one dimension."""
    return {onnx.TensorProto.DataType.Name(t.data_type) for t in onnx.load(path).graph.initializer if len(t.dims) > 1}


def ends(path):
    """Return the number types of the input and the output."""
    graph = onnx.load(path).graph
    return [onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type) for value in (*graph.input, *graph.output)]


def test_all_weights_have_8_bits_a_scale_for_each_channel_and_the_ends_stay(tmp_path):
    parity = written(OnnxInt8Writer(), tmp_path / "m.onnx", tiny())
    assert types_of_weights(tmp_path / "m.onnx") == {"INT8"}
    assert ends(tmp_path / "m.onnx") == ["UINT8", "FLOAT"]
    scales = [t for t in onnx.load(tmp_path / "m.onnx").graph.initializer if t.name.startswith("conv.weight_scale")]
    assert [list(scale.dims) for scale in scales] == [[8]]
    assert parity.remark == "2 layers in 8 bits"


def test_the_same_images_give_the_same_file(tmp_path):
    for name in ("a.onnx", "b.onnx"):
        written(OnnxInt8Writer(), tmp_path / name, tiny())
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_what_8_bits_destroy_stays_in_float(tmp_path):
    network = tiny(Loud)
    narrow = Limits(min_agreement=0, max_difference=0.05, max_score_change=1)
    parity = written(OnnxInt8Writer(), tmp_path / "m.onnx", network, narrow)
    layers, kept = parity.remark.split(": ")
    assert layers == "4 layers in 8 bits, 3 in float32"
    assert {"loud", "reads"} < set(kept.split(", "))
    assert types_of_weights(tmp_path / "m.onnx") == {"INT8", "FLOAT"}


def test_a_file_that_no_try_makes_alike_is_refused_with_the_last_one(tmp_path):
    limits = Limits(min_agreement=0, max_difference=1e-9)
    with pytest.raises(ExportError, match=r"m\.onnx: not written: .* 4 layers in 8 bits, 3 in float32.*export\.limits"):
        written(OnnxInt8Writer(), tmp_path / "m.onnx", tiny(Loud), limits)
    assert list(tmp_path.iterdir()) == []


def test_ranges_come_from_somewhere(tmp_path):
    with pytest.raises(ExportError, match="canvases to choose ranges by"):
        written(OnnxInt8Writer(), tmp_path / "m.onnx", tiny(), calibration=None)


def test_all_weights_have_16_bits_and_the_ends_stay(tmp_path):
    parity = written(OnnxFp16Writer(), tmp_path / "m.onnx", tiny())
    assert types_of_weights(tmp_path / "m.onnx") == {"FLOAT16"}
    assert ends(tmp_path / "m.onnx") == ["UINT8", "FLOAT"]
    assert 0 < parity.max_abs_difference < 0.01


@pytest.mark.parametrize("writer", [OnnxFp16Writer(), OnnxInt8Writer()], ids=lambda writer: writer.kind)
def test_a_file_that_is_slower_is_refused_unless_that_is_wanted(writer, tmp_path, monkeypatch):
    monkeypatch.setattr("visionft.export.speed._ratio", lambda engine, plain, batch: 0.5 if batch == 1 else 0.8)
    with pytest.raises(ExportError, match=r"no quicker .*0\.50 times .* 0\.80 times with 16.*--allow-slower"):
        written(writer, tmp_path / "m.onnx", tiny(), allow_slower=False)
    assert list(tmp_path.iterdir()) == []
    parity = written(writer, tmp_path / "m.onnx", tiny())
    assert parity.to_dict()["speed"] == {"one": 0.5, "many": 0.8, "batch": 16}
